import numpy as np
import pytest

from mmseg_medical.postprocessing._parts import (
    _links,
    _order,
    _unite,
    parts_by_size,
)


@pytest.mark.parametrize('connectivity', [4, 8])
def test_the_same_without_numba(connectivity):
    rng = np.random.default_rng(0)
    levels = rng.integers(0, 256, (30, 37)).astype(np.uint8)
    levels[5:20, 5:20] = 255
    code = rng.choice([0, 1, 2], size=levels.shape).astype(np.uint8)
    at = np.sort(rng.random(255) * 255)
    passed = np.searchsorted(at, np.arange(256)).astype(np.uint8)
    ordered = _order(levels, code, passed, 255)
    for ours, plain in zip(
        ordered, _order.fallback(levels, code, passed, 255), strict=True
    ):
        np.testing.assert_array_equal(ours, plain)
        assert ours.dtype == plain.dtype
    reached = np.searchsorted([0, 3, 10, 200], np.arange(201), 'right')
    reached = reached.astype(np.int16)
    links = _links(connectivity)
    np.testing.assert_array_equal(
        _unite(*ordered, reached, links),
        _unite.fallback(*ordered, reached, links),
    )


def test_pixels_are_counted_at_the_size_of_their_part():
    levels = np.array([[9, 9, 0, 5], [0, 0, 0, 5], [7, 0, 0, 5]], np.uint8)
    code = np.zeros_like(levels)
    code[0] = 1
    code[2, 0] = 2
    predicted, hits = parts_by_size(levels, code, np.array([4.0]), [2, 3], 8)
    assert predicted.tolist() == [[0, 2, 3]]  # one pixel is ignored
    assert hits.tolist() == [[0, 2, 1]]


def test_neighbours_that_touch_are_linked_once():
    upper, right, lower_left = 1 << 1, 1 << 3, 1 << 6
    eight, four = _links(8), _links(4)
    assert eight[255, 0] == four[255, 0] == 1
    assert eight[upper | right, 0] == 1
    assert four[upper | right, 0] == 2
    assert four[upper | right | 1 << 2, 0] == 1  # by the corner
    assert eight[upper | lower_left].tolist() == [2, 6, 1, 0, 0]
    assert four[lower_left, 0] == 0
    corners = 1 | 1 << 2 | 1 << 4 | 1 << 6
    assert sorted(eight[corners, 1:]) == [0, 2, 4, 6]
