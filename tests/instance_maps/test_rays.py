import numpy as np
import pytest

from mmseg_medical.instance_maps import rays
from mmseg_medical.instance_maps.rays import ray_map
from tests.instance_maps.test_borders import blobs


def test_distances_of_a_rectangle():
    inst_map = np.zeros((9, 11), np.int32)
    inst_map[2:7, 2:9] = 1
    right, down, left, up = ray_map(inst_map, 4)[4, 5]
    assert (right, down, left, up) == (3.5, 2.5, 3.5, 2.5)
    # Diagonally the last pixel counts half of its own length.
    diagonal = ray_map(inst_map, 8)[4, 5, 1]
    np.testing.assert_allclose(diagonal, 4 - (1 - 0.5 * 2**0.5), rtol=1e-6)


def test_the_border_of_the_image_and_of_what_is_not_known():
    found = ray_map(np.array([[1, 1, 2, 2, -1, 3]], np.int32), 4)[0]
    np.testing.assert_array_equal(found[0, [0, 2]], [1.5, np.nan])
    np.testing.assert_array_equal(found[3, [0, 2]], [np.nan, 1.5])
    assert np.isnan(found[:4, 1]).all()
    assert not found[4].any()
    assert np.isnan(found[5]).all()


@pytest.mark.parametrize('seed', range(3))
def test_compiled_or_not(seed, monkeypatch):
    inst_map = blobs(seed)
    found = ray_map(inst_map, 20)
    monkeypatch.setattr(rays, '_march', rays._march.fallback)
    np.testing.assert_array_equal(ray_map(inst_map, 20), found)


def test_rays_of_a_disc_are_its_radius():
    y, x = np.mgrid[-20:21, -20:21]
    disc = (y**2 + x**2 <= 15**2).astype(np.int32)
    np.testing.assert_allclose(ray_map(disc)[20, 20], 15, atol=0.8)
