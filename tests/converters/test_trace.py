import cv2
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mmseg_medical.converters.polygon import rasterize
from mmseg_medical.converters.tiff import Region
from mmseg_medical.converters.trace import trace

TRACED = ('opencv', 'corners')
masks = hnp.arrays(
    np.uint8,
    st.tuples(st.integers(1, 16), st.integers(1, 16)),
    elements=st.sampled_from([0, 1, 1, 255]),
)


def drawn(*rows):
    return np.array([[c == '#' for c in row] for row in rows], np.uint8)


NOTHING = drawn('...', '...')
FULL = drawn('####', '####', '####')
ONE_PIXEL = drawn('...', '.#.', '...')
LAST_PIXEL = drawn('...', '...', '..#')
LINES = drawn('#....', '.#..#', '..#.#', '....#', '###.#')
RING = drawn('#####', '#...#', '#.#.#', '#...#', '#####')
# A hole that is closed by a corner only, and two objects that touch there.
CORNERS = drawn('###..', '#.#..', '##.##', '..###')
CHESS = drawn('#.#.#', '.#.#.', '#.#.#')


@pytest.mark.parametrize('painter', TRACED)
@given(mask=masks)
@example(NOTHING)
@example(FULL)
@example(ONE_PIXEL)
@example(LAST_PIXEL)
@example(LINES)
@example(RING)
@example(CORNERS)
@example(CHESS)
@example(1 - CHESS)
@settings(deadline=None, max_examples=200)
def test_painting_gives_the_mask_back(painter, mask):
    areas = trace(mask, painter)
    h, w = mask.shape
    back = rasterize(areas, (h, w), Region(0, 0, h, w), painter=painter)
    np.testing.assert_array_equal(back, mask != 0)
    connectivity = 8 if painter == 'opencv' else 4
    parts = cv2.connectedComponents(
        (mask != 0).astype(np.uint8), connectivity=connectivity
    )
    assert len(areas) == parts[0] - 1
    for ring in (ring for area in areas for ring in area):
        assert ring.dtype == np.float64
        assert ring.shape[0] >= 3
        assert (ring == np.rint(ring)).all()


@given(mask=masks)
@settings(deadline=None, max_examples=100)
def test_rings_around_corners_are_simple(mask):
    for area in trace(mask, 'corners'):
        for k, ring in enumerate(area):
            assert len(np.unique(ring, axis=0)) == len(ring)
            ahead = np.roll(ring, -1, 0)
            assert ((ring == ahead).sum(1) == 1).all()  # along the axes
            turns = ahead - ring
            again = np.roll(turns, -1, 0)
            assert (turns * again == 0).all()  # no point on a straight line
            x, y = ring.T
            area_ = x @ np.roll(y, -1) - y @ np.roll(x, -1)
            assert (area_ > 0) == (k == 0)  # holes run the other way


def test_rings_by_hand():
    (pixel,) = trace(ONE_PIXEL, 'corners')
    assert pixel[0].tolist() == [[1, 1], [2, 1], [2, 2], [1, 2]]
    (pixel,) = trace(ONE_PIXEL, 'opencv')
    assert pixel[0].tolist() == [[1, 1]] * 3
    outer, inner = trace(RING, 'corners')
    assert [len(ring) for ring in outer] == [4, 4]
    assert outer[1].tolist() == [[1, 4], [4, 4], [4, 1], [1, 1]]
    assert inner[0].tolist() == [[2, 2], [3, 2], [3, 3], [2, 3]]


def test_objects_that_touch_at_a_corner():
    assert len(trace(CORNERS, 'opencv')) == 1
    one, other = trace(CORNERS, 'corners')
    assert len(one) == 2  # the hole is closed, and meets the outline
    assert len(other) == 1


@pytest.mark.parametrize('painter', TRACED)
def test_a_window_is_traced_at_its_place(painter):
    (area,) = trace(ONE_PIXEL, painter, origin=(30, 20))
    mask = rasterize([area], (40, 50), Region(0, 0, 40, 50), painter=painter)
    assert np.argwhere(mask).tolist() == [[21, 31]]


def test_many_nuclei():
    mask = np.zeros((400, 400), np.uint8)
    rng = np.random.default_rng(0)
    for x, y in rng.integers(0, 400, (300, 2)).tolist():
        cv2.circle(mask, (x, y), 6, 1, int(rng.choice([-1, 2])))
    for painter in TRACED:
        areas = trace(mask, painter)
        assert any(len(area) > 1 for area in areas)
        region = Region(0, 0, 400, 400)
        back = rasterize(areas, (400, 400), region, painter=painter)
        np.testing.assert_array_equal(back, mask)


def test_what_cannot_be_traced_is_named():
    with pytest.raises(ValueError, match="'opencv' or 'corners', got 'pil'"):
        trace(FULL, 'pil')
    with pytest.raises(ValueError, match=r'got shape \(2, 2, 2\) of uint8'):
        trace(np.zeros((2, 2, 2), np.uint8), 'corners')
    with pytest.raises(ValueError, match='of float64'):
        trace(np.zeros((2, 2)), 'opencv')
