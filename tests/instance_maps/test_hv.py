import numpy as np

from mmseg_medical.instance_maps import hv_map
from tests.instance_maps.test_borders import blobs


def test_ends_are_one_and_the_middle_is_the_centre_of_mass():
    inst_map = np.zeros((5, 7), np.int32)
    inst_map[1:4, 1:6] = 4
    across, down = hv_map(inst_map).transpose(2, 0, 1)
    np.testing.assert_allclose(across[1, 1:6], [-1, -0.5, 0, 0.5, 1])
    np.testing.assert_allclose(down[1:4, 3], [-1, 0, 1])
    assert not across[0].any()


def test_a_nucleus_that_is_heavier_on_one_side():
    inst_map = np.array([[1, 1, 1, 1], [1, 0, 0, 0]], np.int32)
    across, down = hv_map(inst_map).transpose(2, 0, 1)
    # The centre lies at 6 / 5, so that the sides are 1.2 and 1.8 long.
    np.testing.assert_allclose(
        across, [[-1, -0.2 / 1.2, 0.8 / 1.8, 1], [-1, 0, 0, 0]], rtol=1e-6
    )
    np.testing.assert_allclose(down, [[-1] * 4, [1, 0, 0, 0]])


def test_as_published_but_for_rounded_centres():
    inst_map = blobs(2)
    found = hv_map(inst_map)
    for number in np.unique(inst_map[inst_map > 0]):
        places = np.argwhere(inst_map == number)[:, ::-1]
        offsets = places - places.mean(0)
        low, high = -offsets.min(0), offsets.max(0)
        scale = np.where(offsets < 0, low, high)
        expected = offsets / np.where(scale == 0, 1, scale)
        np.testing.assert_allclose(
            found[inst_map == number], expected, atol=1e-6
        )
