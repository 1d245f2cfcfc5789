import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmseg_medical.converters import coco_polygon
from mmseg_medical.converters.coco_polygon import coco_runs, join_holes
from mmseg_medical.converters.trace import trace

pycocotools = pytest.importorskip('pycocotools.mask')
sides = st.integers(1, 24)


@st.composite
def polygons(draw):
    """A polygon in and around an image, on pixels, halves or anywhere."""
    height, width = draw(sides), draw(sides)
    count = draw(st.integers(3, 8))
    across = st.floats(-width, 2 * width, width=32)
    down = st.floats(-height, 2 * height, width=32)
    points = draw(
        st.lists(st.tuples(across, down), min_size=count, max_size=count)
    )
    step = draw(st.sampled_from([None, 1, 2, 10]))
    ring = np.array(points, np.float64)
    if step:
        ring = np.round(ring * step) / step
    return ring, (height, width)


def theirs(rings, shape):
    flat = [ring.ravel().tolist() for ring in rings]
    return pycocotools.decode(
        pycocotools.merge(pycocotools.frPyObjects(flat, *shape))
    )


@pytest.mark.parametrize('way', ['_crossings', '_crossings_numpy'])
def test_polygons_are_painted_as_by_pycocotools(way, monkeypatch):
    monkeypatch.setattr(coco_polygon, '_crossings', getattr(coco_polygon, way))

    @given(polygon=polygons())
    @settings(deadline=None, max_examples=150)
    def check(polygon):
        ring, shape = polygon
        mask = coco_runs([ring], shape).to_mask()
        np.testing.assert_array_equal(mask, theirs([ring], shape))

    check()


def test_a_square_holds_the_pixels_whose_centre_it_holds():
    ring = np.array([[1.0, 1], [3.4, 1], [3.4, 2.6], [1, 2.6]])
    mask = coco_runs([ring], (4, 5)).to_mask()
    assert mask.tolist() == [
        [0, 0, 0, 0, 0],
        [0, 1, 1, 0, 0],
        [0, 1, 1, 0, 0],
        [0, 0, 0, 0, 0],
    ]


def test_a_mask_that_reaches_the_last_pixel():
    ring = np.array([[3.0, 2], [9, 2], [9, 9], [3, 9]])
    runs = coco_runs([ring], (4, 5))
    assert (runs.starts.tolist(), runs.ends.tolist()) == ([14, 18], [16, 20])


def test_holes_are_joined_without_losing_a_pixel(label_images):
    @given(labels=label_images)
    @settings(deadline=None, max_examples=60)
    def check(labels):
        mask = (labels > 0).astype(np.uint8)
        areas = trace(mask, 'coco')
        rings = [join_holes(area) for area in areas]
        if not rings:
            assert not mask.any()
            return
        np.testing.assert_array_equal(theirs(rings, mask.shape), mask)
        painted = np.zeros_like(mask)
        for area in areas:
            painted |= coco_runs(area, mask.shape).to_mask()
        np.testing.assert_array_equal(painted, mask)

    check()


def test_holes_within_holes_beside_holes():
    mask = np.ones((15, 17), np.uint8)
    mask[2:13, 2:8] = 0
    mask[4:11, 4:6] = 1
    mask[6, 4:6] = 0  # reaches the hole: an island of two parts
    mask[3:6, 10:14] = mask[8, 9] = mask[9, 10] = mask[14, 16] = 0
    rings = [join_holes(area) for area in trace(mask, 'coco')]
    assert len(rings) == 3
    np.testing.assert_array_equal(theirs(rings, mask.shape), mask)
