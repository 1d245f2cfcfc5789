import numpy as np
import pytest

from mmseg_medical.instance_maps import (
    border_pixels,
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
