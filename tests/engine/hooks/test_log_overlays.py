from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from mmseg_medical.engine.hooks import LogOverlaysHook
from mmseg_medical.errors import InputError
from mmseg_medical.visualization.overlay import FALSE_POSITIVE, HIT, MISS


def sample(name, *, foreground=True, size=(8, 8), gt=True):
    """Left half is predicted, upper half is true."""
    pred = torch.zeros(1, *size, dtype=torch.uint8)
    pred[..., : size[1] // 2] = 1
    truth = torch.zeros_like(pred)
    truth[:, : size[0] // 2] = int(foreground)
    found = SegDataSample(pred_sem_seg=PixelData(data=pred))
    if gt:
        found.gt_sem_seg = PixelData(data=truth)
    found.set_metainfo(dict(img_id=name))
    return found


@pytest.fixture
def validate():
    """Validate batches of samples; gives pictures by name with their step."""

    def run(hook, batches, *, size=(8, 8), channels=3, dtype=torch.uint8):
        logged = []
        runner = SimpleNamespace(
            val_dataloader=batches,
            _train_loop=None,
            visualizer=SimpleNamespace(
                add_image=lambda *args, step: logged.append((*args, step))
            ),
        )
        img = torch.full((channels, *size), 100).to(dtype)
        hook.before_val(runner)
        for k, batch in enumerate(batches):
            inputs = [img for _ in batch]
            hook.after_val_iter(runner, k, dict(inputs=inputs), batch)
        return {name: picture for name, picture, step in logged}

    return run


def tint(rgb, alpha=0.45):
    return [round(100 * (1 - alpha) + alpha * part) for part in rgb]


def test_hits_and_errors_have_their_colours(validate):
    (picture,) = validate(LogOverlaysHook(), [[sample('a')]]).values()
    assert picture.shape == (8, 8, 3)
    assert picture[1, 1].tolist() == tint(HIT)  # RGB
    assert picture[2, 6].tolist() == tint(MISS)
    assert picture[6, 2].tolist() == tint(FALSE_POSITIVE)
    assert picture[6, 6].tolist() == [100, 100, 100]


@pytest.mark.parametrize(
    ('positive', 'expected'),
    [
        ({0, 1, 4, 7, 9}, [0, 4, 7, 9]),
        (set(), [2, 4, 7, 9]),  # the last of each part
        ({5, 6}, [2, 4, 5, 9]),
    ],
)
def test_each_part_of_the_data_has_one_with_foreground(
    validate, positive, expected
):
    """Ten images in four parts: 0 to 2, 3 and 4, 5 to 7, 8 and 9."""
    batches = [[sample(str(k), foreground=k in positive)] for k in range(10)]
    hook = LogOverlaysHook()
    found = validate(hook, batches)
    assert sorted(found) == sorted(f'overlay_{k}' for k in expected)
    assert list(validate(hook, batches)) == list(found)  # always the same


def test_not_more_than_there_are(validate):
    few = [[sample('a'), sample('b')], [sample('c')]]
    assert list(validate(LogOverlaysHook(9), few)) == [
        'overlay_a',
        'overlay_c',
    ]
    assert validate(LogOverlaysHook(0), few) == {}


def test_every_nth_validation(validate):
    hook = LogOverlaysHook(1, interval=3)
    drawn = [len(validate(hook, [[sample('a')]])) for _ in range(7)]
    assert drawn == [1, 0, 0, 1, 0, 0, 1]


def test_large_images_are_reduced(validate):
    size = (3000, 2000)
    hook = LogOverlaysHook(max_size=100)
    large = sample('a', size=size)
    (picture,) = validate(hook, [[large]], size=size).values()
    assert picture.shape == (100, 67, 3)
    assert picture[25, 10].tolist() == tint(HIT)
    assert picture[25, 60].tolist() == tint(MISS)
    assert hook._few(large.gt_sem_seg.data).shape == (1, 200, 134)


def test_masks_of_another_size_images_of_another_type(validate):
    for channels, dtype in ((1, torch.float32), (5, torch.int16)):
        (picture,) = validate(
            LogOverlaysHook(),
            [[sample('a', size=(16, 16))]],
            channels=channels,
            dtype=dtype,
        ).values()
        assert picture.shape == (8, 8, 3)
        assert picture.dtype == np.uint8


def test_ignored_pixels_are_no_foreground(validate):
    ignored = sample('a')
    ignored.gt_sem_seg.data *= 255
    found = validate(LogOverlaysHook(1), [[ignored], [sample('b')]])
    assert list(found) == ['overlay_b']


def test_without_a_mask_the_prediction_is_shown(validate):
    (picture,) = validate(
        LogOverlaysHook(), [[sample('a', gt=False)]]
    ).values()
    assert picture[6, 2].tolist() == tint(HIT)


def test_names_are_names_of_files(validate):
    found = validate(LogOverlaysHook(), [[sample('case1/day2\\slice_3')]])
    assert list(found) == ['overlay_case1_day2_slice_3']


def test_only_the_main_process_draws(validate, monkeypatch):
    monkeypatch.setattr(
        'mmseg_medical.engine.hooks.log_overlays.is_main_process', bool
    )
    assert validate(LogOverlaysHook(), [[sample('a')]]) == {}


@pytest.mark.parametrize(
    'options', [dict(num_images=-1), dict(interval=0), dict(max_size=1)]
)
def test_arguments_out_of_range(options):
    with pytest.raises(InputError, match=f'{next(iter(options))} is'):
        LogOverlaysHook(**options)
