import hashlib
from types import SimpleNamespace
from unittest.mock import MagicMock

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from mmseg_medical.converters.probability_maps import ProbabilityMaps
from mmseg_medical.engine.hooks import OverlayHook, SaveProbabilitiesHook


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
        task=SimpleNamespace(name='binary'),
        postprocess=dict(mask_thr=0.5),
        record=dict(crop_size=(64, 64)),
    )
    sample = prediction()
    dataset = MagicMock(metainfo=dict(classes=('bg', 'gland')))
    dataset.ann_file = 'train.csv'
    dataset.data_prefix = dict(img_path='images')
    dataset.__len__.return_value = 1
    dataset.get_data_info.return_value = dict(img_id='case1/slice_2')
    (tmp_path / 'a.pth').write_bytes(b'weights')
    runner = SimpleNamespace(
        model=SimpleNamespace(module=model, record=dict(views=['hflip'])),
        test_dataloader=SimpleNamespace(dataset=dataset),
        cfg=Config(dict(test_dataloader=dict(dataset=dict(pipeline=[1])))),
        _load_from=str(tmp_path / 'a.pth'),
    )
    hook = SaveProbabilitiesHook(str(tmp_path / 'maps'))
    meta = dict(held_out=dict(fold=1), trained_on={'x': {'1': 'case=2'}})
    hook.after_load_checkpoint(runner, dict(meta=dict(meta, epoch=3)))
    hook.before_test(runner)
    hook.after_test_iter(runner, 0, None, [sample])
    maps = ProbabilityMaps.open(tmp_path / 'maps')
    assert maps.missing() == []
    np.testing.assert_array_equal(
        maps.masks('case1/slice_2'), sample.pred_sem_seg.data
    )
    assert maps.origin == dict(
        dataset='MagicMock',
        ann_file='train.csv',
        data_prefix=dict(img_path='images'),
        pipeline=[1],
        views=['hflip'],
        crop_size=[64, 64],
        checkpoints=['a.pth ' + hashlib.sha256(b'weights').hexdigest()],
        lineage={'a.pth ' + hashlib.sha256(b'weights').hexdigest(): meta},
    )
    hook.before_test(runner)  # the same test again
    model.record['crop_size'] = (32, 32)
    with pytest.raises(
        ValueError, match=r'origin\.crop_size there is \[64, 64\], here \[32'
    ):
        hook.before_test(runner)
    model.record['crop_size'] = (64, 64)
    (tmp_path / 'a.pth').write_bytes(b'other weights')
    with pytest.raises(ValueError, match=r'another test: origin\.checkpoints'):
        hook.before_test(runner)


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


def test_pictures_stay_in_their_folder(tmp_path):
    hook = OverlayHook('pictures')
    hook.before_test(SimpleNamespace(work_dir=str(tmp_path), timestamp='now'))
    inputs = [torch.zeros((3, 3, 4), dtype=torch.uint8)]
    with pytest.raises(ValueError, match='it leads out of it'):
        hook.after_test_iter(
            None, 0, dict(inputs=inputs), [prediction('../../a')]
        )


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
