import numpy as np
import pytest
import torch

from mmseg_medical.datasets.transforms import (
    GenerateDistanceMap,
    GenerateFlowMap,
    GenerateHVMap,
    GenerateStarMap,
    PackMedicalInputs,
)

IDS = np.array([[0, 1, 1, 1, 2, 2, -1]], np.int32)


def packed(*transforms, **options):
    sample = dict(img=np.zeros((1, 7, 3), np.uint8), gt_inst_map=IDS)
    for transform in transforms:
        sample = transform(sample)
    return PackMedicalInputs(**options)(sample)['data_samples']


def test_distances_are_packed_as_a_target():
    depth = packed(GenerateDistanceMap()).gt_distance_map.data
    assert depth.dtype == torch.float32
    assert depth[0, 0, :6].tolist() == [0, 0.5, 1, 0.5, 1, 1]
    assert depth[0, 0, 6].isnan()
    assert depth.shape == (1, 1, 7)


def test_maps_of_several_channels_beside_each_other():
    sample = packed(
        GenerateHVMap(), GenerateFlowMap(), GenerateStarMap(4), instances=True
    )
    across = sample.gt_hv_map.data[0, 0, :6].tolist()
    assert across == [0, -1, 0, 1, -1, 1]
    assert sample.gt_hv_map.data[:, 0, 6].isnan().all()
    assert sample.gt_flow_map.data[0, 0, 1] == 1
    assert sample.gt_star_map.shape == (1, 7)
    star = sample.gt_star_map.data[:, 0, 2].tolist()
    assert star[:2] == [1, 1.5]
    assert star[3] == 1.5
    assert np.isnan([star[2], star[4]]).all()
    assert sample.gt_inst_map.data.tolist() == [IDS.tolist()]
    assert 'gt_inst_map' not in packed(GenerateHVMap())


@pytest.mark.parametrize('rays', [0, 6, -4])
def test_rays_that_do_not_turn(rays):
    with pytest.raises(ValueError, match=f'multiple of 4, got {rays}'):
        GenerateStarMap(rays)


@pytest.mark.parametrize(
    'kind',
    [GenerateDistanceMap, GenerateFlowMap, GenerateHVMap, GenerateStarMap],
)
def test_samples_without_objects(kind):
    with pytest.raises(ValueError, match=f'{kind.__name__} comes after Load'):
        kind()(dict(img_path='a.png'))
    assert kind(required=False)(dict(a=1)) == dict(a=1)
