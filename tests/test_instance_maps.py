import numpy as np
import pytest
from scipy import ndimage

from mmseg_medical.instance_maps import (
    border_pixels,
    distance_map,
    touching_pixels,
)


def row(*ids):
    return np.array([ids], np.int32)


def blobs(seed, shape=(31, 26), count=14):
    """Objects that touch each other and the border of the image."""
    rng = np.random.default_rng(seed)
    seeds = rng.uniform(0, 1, (count, 2)) * shape
    grid = np.stack(np.indices(shape), -1)[..., None, :]
    far = np.sqrt(((grid - seeds) ** 2).sum(-1))
    ids = far.argmin(-1) + 1
    ids[far.min(-1) > 4.5] = 0
    return ids.astype(np.int32)


def brute(inst_map, reach, judge):
    """What a rule says of the ids in the window of each pixel."""
    out = np.zeros(inst_map.shape, bool)
    for (y, x), own in np.ndenumerate(inst_map):
        window = inst_map[
            max(y - reach, 0) : y + reach + 1,
            max(x - reach, 0) : x + reach + 1,
        ]
        out[y, x] = judge(own, set(np.unique(window)))
    return out


@pytest.mark.parametrize('seed', range(3))
@pytest.mark.parametrize('reach', [1, 2, 3])
def test_borders_are_those_of_windows(seed, reach):
    inst_map = blobs(seed)
    assert 0 in inst_map
    np.testing.assert_array_equal(
        border_pixels(inst_map, reach),
        brute(inst_map, reach, lambda own, ids: own > 0 and len(ids) > 1),
    )
    touching = brute(inst_map, reach, lambda _, ids: len(ids - {0}) > 1)
    assert touching[inst_map == 0].any()
    assert touching[inst_map > 0].any()
    np.testing.assert_array_equal(touching_pixels(inst_map, reach), touching)


def test_the_border_of_the_image_is_no_border():
    whole = np.ones((4, 5), np.int32)
    assert not border_pixels(whole, 3).any()
    assert border_pixels(row(1, 1, 1, 0)).tolist() == [[0, 0, 1, 0]]
    assert border_pixels(row(1, 1, 2, 2, 2)).tolist() == [[0, 1, 1, 0, 0]]
    assert touching_pixels(row(1, 1, 2, 2), 1).tolist() == [[0, 1, 1, 0]]
    assert touching_pixels(row(1, 0, 0, 2), 1).tolist() == [[0] * 4]
    assert touching_pixels(row(1, 0, 0, 2), 2).tolist() == [[0, 1, 1, 0]]


@pytest.mark.parametrize('shift', [0, 65530, 70000])
def test_large_ids_and_what_is_to_be_ignored(shift):
    inst_map = blobs(1)
    moved = np.where(inst_map > 0, inst_map + shift, -1)
    for function in (border_pixels, touching_pixels, distance_map):
        np.testing.assert_array_equal(function(moved), function(inst_map))


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


@pytest.mark.parametrize(
    'function', [border_pixels, touching_pixels, distance_map]
)
def test_what_is_turned_before_is_turned_afterwards(function):
    inst_map = blobs(0)
    for turns in range(4):
        for turned in (
            lambda x, k=turns: np.rot90(x, k),
            lambda x, k=turns: np.rot90(x, k)[::-1],
        ):
            found = function(np.ascontiguousarray(turned(inst_map)))
            np.testing.assert_array_equal(found, turned(function(inst_map)))


@pytest.mark.parametrize(
    'function', [border_pixels, touching_pixels, distance_map]
)
def test_nothing(function):
    found = function(np.zeros((4, 5), np.int32))
    assert found.shape == (4, 5)
    assert not found.any()
