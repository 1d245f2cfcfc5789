from types import SimpleNamespace

import cv2
import numpy as np
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from mmseg_medical.converters.tiff import TIFFImage, read_metadata
from mmseg_medical.engine.hooks import OverlayHook, SaveProbabilitiesHook
from mmseg_medical.engine.hooks.prediction import sample_name


def prediction(name='case1/slice_2'):
    probs = torch.linspace(0, 1, 12).reshape(1, 3, 4)
    sample = SegDataSample(
        seg_probs=PixelData(data=probs),
        pred_sem_seg=PixelData(data=(probs > 0.5).to(torch.uint8)),
        gt_sem_seg=PixelData(data=torch.ones(1, 3, 4, dtype=torch.uint8)),
    )
    sample.set_metainfo(dict(img_id=name))
    return sample


def test_probabilities_are_kept_with_their_meaning(tmp_path):
    model = SimpleNamespace(
        task=SimpleNamespace(name='binary'), postprocess=dict(mask_thr=0.5)
    )
    dataset = SimpleNamespace(metainfo=dict(classes=('bg', 'gland')))
    runner = SimpleNamespace(
        model=SimpleNamespace(module=model),  # within a TTA model
        test_dataloader=SimpleNamespace(dataset=dataset),
    )
    sample = prediction()
    SaveProbabilitiesHook(str(tmp_path)).after_test_iter(
        runner, 0, None, [sample]
    )
    path = tmp_path / 'case1' / 'slice_2.tiff'
    stored = TIFFImage(path).read()
    np.testing.assert_allclose(
        stored / 255, sample.seg_probs.data[0], atol=0.5 / 255
    )
    np.testing.assert_array_equal(
        stored > 0.5 * 255, sample.pred_sem_seg.data[0]
    )
    assert read_metadata(path) == dict(
        id='case1/slice_2',
        task='binary',
        classes=['bg', 'gland'],
        mask_thr=0.5,
    )


def test_pictures_go_to_the_folder_of_the_run(tmp_path):
    runner = SimpleNamespace(work_dir=str(tmp_path), timestamp='now')
    inputs = [torch.full((3, 30, 40), 200, dtype=torch.uint8)]
    for folder, expected in (
        ('pictures', tmp_path / 'now' / 'pictures'),
        (str(tmp_path / 'other'), tmp_path / 'other'),
    ):
        hook = OverlayHook(folder)
        hook.before_test(runner)
        hook.after_test_iter(runner, 0, dict(inputs=inputs), [prediction()])
        picture = cv2.imread(str(expected / 'case1' / 'slice_2.jpg'))
        assert picture.shape == (30, 40, 3)


def test_pictures_can_be_shown():
    shown = []
    visualizer = SimpleNamespace(
        show=lambda img, win_name, wait_time: shown.append(
            (img.shape, win_name, wait_time)
        )
    )
    inputs = [torch.zeros((3, 3, 4), dtype=torch.uint8)]
    OverlayHook(show=True, wait_time=1).after_test_iter(
        SimpleNamespace(visualizer=visualizer),
        0,
        dict(inputs=inputs),
        [prediction('a')],
    )
    assert shown == [((3, 4, 3), 'a', 1)]


def test_samples_of_other_data_sets_are_named_by_their_path():
    names = set()
    for folder in ('caseA', 'caseB'):
        sample = SegDataSample()
        sample.set_metainfo(dict(img_path=f'data/{folder}/slice_1.png'))
        names.add(sample_name(sample))
    assert names == {'data/caseA/slice_1', 'data/caseB/slice_1'}
