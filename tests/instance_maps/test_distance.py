import numpy as np
import pytest
from scipy import ndimage

from mmseg_medical.instance_maps import distance_map
from tests.instance_maps.test_borders import blobs, row


def expected_distance(inst_map):
    """Each object for itself, without what is outside of the image."""
    out = np.zeros(inst_map.shape)
    others = np.stack(np.indices(inst_map.shape), -1)
    for number in np.unique(inst_map[inst_map > 0]):
        own = inst_map == number
        far = others[~own][None] - others[own][:, None]
        depth = np.sqrt((far**2).sum(-1)).min(1)
        out[own] = depth / depth.max()
    return out


@pytest.mark.parametrize('seed', range(3))
def test_distances_are_euclidean(seed):
    inst_map = blobs(seed)
    found = distance_map(inst_map)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected_distance(inst_map), rtol=1e-6)
    for number in np.unique(inst_map[inst_map > 0]):
        assert found[inst_map == number].max() == 1


def test_distances_of_a_single_object_are_those_of_scipy():
    inst_map = np.zeros((40, 50), np.int32)
    inst_map[5:30, 8:45] = 3
    inst_map[12, 20] = 0
    depth = ndimage.distance_transform_edt(inst_map)
    np.testing.assert_allclose(
        distance_map(inst_map), depth / depth.max(), rtol=1e-6
    )


def test_distances_at_the_border_of_the_image():
    third = np.float32(1 / 3)
    assert distance_map(row(4, 4, 4, 0))[0].tolist() == [
        1,
        np.float32(2) / 3,
        third,
        0,
    ]
    assert distance_map(row(1, 1, 2, 2)).tolist() == [[1, 0.5, 0.5, 1]]
    assert (distance_map(np.full((3, 4), 7, np.int32)) == 1).all()
    assert distance_map(row(0, 5, 0)).tolist() == [[0, 1, 0]]
