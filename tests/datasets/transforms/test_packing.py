import numpy as np
import pytest
import torch

from mmseg_medical.datasets.transforms import PackMedicalInputs


@pytest.mark.parametrize('kind', ['uint8', 'int16', 'float32'])
@pytest.mark.parametrize('shape', [(4, 6), (4, 6, 1), (4, 6, 5)])
def test_planes_come_first_and_types_stay(kind, shape):
    array = np.arange(np.prod(shape)).reshape(shape).astype(kind)
    out = PackMedicalInputs()(dict(img=array, gt_seg_map=array))
    for tensor in (out['inputs'], out['data_samples'].gt_sem_seg.data):
        assert tensor.dtype == getattr(torch, kind)
        expected = np.moveaxis(array.reshape(4, 6, -1), 2, 0)
        np.testing.assert_array_equal(tensor, expected)
        assert tensor.is_contiguous()


def test_only_known_keys_are_kept():
    img = np.zeros((2, 2, 3), np.uint8)
    out = PackMedicalInputs()(dict(img=img, img_id='a', organ='lung', rle='1'))
    assert out['data_samples'].metainfo == dict(img_id='a', organ='lung')
    out = PackMedicalInputs(meta_keys=['rle'])(dict(img=img, rle='1'))
    assert out['data_samples'].metainfo == dict(rle='1')
    assert 'gt_sem_seg' not in out['data_samples']


def test_keys_that_a_data_set_names_itself():
    img = np.zeros((2, 2, 3), np.uint8)
    sample = dict(img=img, img_id='a', scanner='x', meta_keys=('scanner',))
    out = PackMedicalInputs()(sample)
    assert out['data_samples'].metainfo == dict(img_id='a', scanner='x')


def test_weights_of_pixels_are_packed():
    img = np.zeros((2, 3, 3), np.uint8)
    weight = np.arange(6, dtype=np.float32).reshape(2, 3)
    out = PackMedicalInputs()(dict(img=img, seg_weight=weight))
    packed = out['data_samples'].seg_weight.data
    np.testing.assert_array_equal(packed, weight[None])
