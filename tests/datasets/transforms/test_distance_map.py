import numpy as np
import pytest
import torch

from mmseg_medical.datasets.transforms import (
    GenerateDistanceMap,
    PackMedicalInputs,
)


def test_distances_are_packed_as_a_target():
    ids = np.array([[0, 1, 1, 1, 2, 2, -1]], np.int32)
    sample = dict(img=np.zeros((1, 7, 3), np.uint8), gt_inst_map=ids)
    sample = GenerateDistanceMap()(sample)
    packed = PackMedicalInputs()(sample)['data_samples']
    depth = packed.gt_distance_map.data
    assert depth.dtype == torch.float32
    assert depth[0, 0, :6].tolist() == [0, 0.5, 1, 0.5, 1, 1]
    assert depth[0, 0, 6].isnan()
    assert depth.shape == (1, 1, 7)


def test_samples_without_objects():
    with pytest.raises(ValueError, match='GenerateDistanceMap comes after L'):
        GenerateDistanceMap()(dict(img_path='a.png'))
    assert GenerateDistanceMap(required=False)(dict(a=1)) == dict(a=1)
