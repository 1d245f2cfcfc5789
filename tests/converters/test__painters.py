import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from mmseg_medical.converters import _painters
from mmseg_medical.converters._painters import Outlines
from mmseg_medical.converters.tiff import Region


@st.composite
def outlines(draw, whole=False, least=1):
    """Areas of up to three rings, many of which cross themselves."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    size = draw(st.sampled_from([3, 12, 40, 300]))
    areas = []
    for _ in range(draw(st.integers(1, 4))):
        area = []
        for _ in range(draw(st.integers(1, 3))):
            count = draw(st.integers(least, 9))
            ring = rng.uniform(0, size, (count, 2))
            area.append(np.rint(ring) if whole else ring)
        areas.append(tuple(area))
    return areas, size + 1


def paint(name, areas, size):
    mask = np.zeros((size, size), np.uint8)
    region = Region(0, 0, size, size)
    getattr(_painters, name)(Outlines.of(areas), region, mask)
    return mask


@given(drawn=outlines())
@settings(deadline=None, max_examples=150)
def test_opencv_is_what_opencv_paints(drawn):
    areas, size = drawn
    expected = np.zeros((size, size), np.uint8)
    for area in areas:
        rings = [np.rint(ring).astype(np.int32) for ring in area]
        cv2.fillPoly(expected, rings, 1)
    np.testing.assert_array_equal(paint('opencv', areas, size), expected)


@given(drawn=outlines(least=2))
@settings(deadline=None, max_examples=60)
def test_pil_is_what_pillow_paints(drawn):
    areas, size = drawn
    expected = np.zeros((size, size), np.uint8)
    for area in areas:
        canvas = Image.new('L', (size, size))
        for k, ring in enumerate(area):
            points = [tuple(point) for point in ring.tolist()]
            value = int(k == 0)
            ImageDraw.Draw(canvas).polygon(points, fill=value, outline=value)
        expected |= np.asarray(canvas)
    np.testing.assert_array_equal(paint('pil', areas, size), expected)


@given(drawn=outlines())
@settings(deadline=None, max_examples=60)
def test_corners_are_the_even_odd_rule_at_the_centres(drawn):
    areas, size = drawn
    size = min(size, 41)
    expected = np.zeros((size, size), bool)
    x, y = np.meshgrid(np.arange(size) + 0.5, np.arange(size) + 0.5)
    for area in areas:
        crossings = np.zeros((size, size), int)
        for ring in area:
            for (x0, y0), (x1, y1) in zip(
                ring, np.roll(ring, -1, 0), strict=True
            ):
                here = (y0 <= y) != (y1 <= y)
                with np.errstate(divide='ignore', invalid='ignore'):
                    at = x0 + (y - y0) * (x1 - x0) / (y1 - y0)
                crossings += here & (at <= x)
        expected |= crossings % 2 == 1
    np.testing.assert_array_equal(paint('corners', areas, size), expected)


@pytest.mark.parametrize('whole', [True, False])
@given(data=st.data())
@settings(deadline=None, max_examples=60)
def test_compiled_and_numpy_agree(whole, data):
    areas, size = data.draw(outlines(whole=whole))
    joined = Outlines.of(areas)
    top, left = data.draw(st.tuples(st.integers(0, 9), st.integers(0, 9)))
    masks = np.zeros((4, size, 7), np.uint8)
    _painters._fill(*joined, top, left, masks[0])
    _painters._fill.fallback(*joined, top, left, masks[1])
    np.testing.assert_array_equal(masks[0], masks[1])
    points = np.rint(joined.points)
    _painters._draw(points, joined.rings, top, left, masks[2])
    _painters._draw.fallback(points, joined.rings, top, left, masks[3])
    np.testing.assert_array_equal(masks[2], masks[3])
