from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from mmseg_medical.converters import ome_tiff
from mmseg_medical.engine.hooks import SaveInstancesHook

IDS = np.array([[0, 1, 1, 3], [2, 1, 1, 3]], np.int32)
LABELS = np.array([[0, 1, 1, 2], [3, 1, 2, 2]], np.uint8)


def runner(*classes):
    dataset = SimpleNamespace(metainfo=dict(classes=classes))
    return SimpleNamespace(test_dataloader=SimpleNamespace(dataset=dataset))


def prediction(**meta):
    sample = SegDataSample(metainfo=dict(img_id='case1/a', **meta))
    sample.pred_sem_seg = PixelData(data=torch.from_numpy(LABELS)[None])
    sample.pred_inst_map = PixelData(data=torch.from_numpy(IDS)[None])
    sample.set_metainfo(
        dict(instance_scores=np.array([0.5, 0.25, 1], np.float32))
    )
    return sample


def test_files_hold_ids_scores_and_types(tmp_path):
    hook = SaveInstancesHook(str(tmp_path), types=['a', 'b'])
    hook.before_test(runner('background', 'a', 'b', 'border'))
    hook.after_test_iter(None, 0, None, [prediction(pixel_size=0.25)])
    (record,) = ome_tiff.read(tmp_path)
    assert (record.img_id, record.pixel_size) == ('case1/a', (0.25, 0.25))
    found = record.annotations
    assert [a.label for a in found] == ['a', 'a', 'b']
    assert [a.score for a in found] == [0.5, 0.25, 1]
    for k, annotation in enumerate(found, 1):
        np.testing.assert_array_equal(annotation.mask(IDS.shape), IDS == k)
    first = next(tmp_path.rglob('*.tiff')).read_bytes()
    hook.after_test_iter(None, 0, None, [prediction(pixel_size=0.25)])
    assert next(tmp_path.rglob('*.tiff')).read_bytes() == first


def test_one_type_by_default(tmp_path):
    hook = SaveInstancesHook(str(tmp_path))
    hook.before_test(runner('background', 'nucleus', 'border'))
    hook.after_test_iter(None, 0, None, [prediction()])
    (record,) = ome_tiff.read(tmp_path)
    assert {a.label for a in record.annotations} == {'nucleus'}


def test_what_cannot_be_written(tmp_path):
    hook = SaveInstancesHook(str(tmp_path), types=['x'])
    with pytest.raises(ValueError, match=r"type 'x' is none .* background, a"):
        hook.before_test(runner('background', 'a'))
    hook = SaveInstancesHook(str(tmp_path))
    hook.before_test(runner('background', 'a'))
    sample = prediction()
    del sample.pred_inst_map
    with pytest.raises(ValueError, match=r'finds no instances: set model\.te'):
        hook.after_test_iter(None, 0, None, [sample])
    assert not any(tmp_path.iterdir())
