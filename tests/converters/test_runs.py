import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mmseg_medical.converters.runs import Runs

masks = hnp.arrays(
    np.uint8,
    st.tuples(st.integers(1, 40), st.integers(1, 40)),
    elements=st.sampled_from([0, 0, 1, 255]),
)


def by_definition(mask, order):
    flat = np.pad((mask != 0).ravel(order=order).astype(np.int8), 1)
    edges = np.flatnonzero(np.diff(flat))
    return edges[::2], edges[1::2]


@pytest.mark.parametrize('order', ['F', 'C'])
@given(mask=masks)
@settings(deadline=None, max_examples=60)
def test_runs_equal_their_definition_and_paint_the_mask_back(order, mask):
    runs = Runs.from_mask(mask, order)
    starts, ends = by_definition(mask, order)
    np.testing.assert_array_equal(runs.starts, starts)
    np.testing.assert_array_equal(runs.ends, ends)
    out = runs.to_mask()
    assert out.dtype == np.uint8
    assert out.flags.c_contiguous
    np.testing.assert_array_equal(out, mask != 0)
    assert runs.area == np.count_nonzero(mask)


@pytest.mark.parametrize('order', ['F', 'C'])
@given(mask=masks, data=st.data())
@settings(deadline=None, max_examples=60)
def test_crop_equals_the_window_of_the_mask(order, mask, data):
    h, w = mask.shape
    top = data.draw(st.integers(0, h - 1))
    left = data.draw(st.integers(0, w - 1))
    height = data.draw(st.integers(1, h - top))
    width = data.draw(st.integers(1, w - left))
    part = Runs.from_mask(mask, order).crop(top, left, height, width)
    window = mask[top : top + height, left : left + width] != 0
    np.testing.assert_array_equal(part.to_mask(), window)


@pytest.mark.parametrize('order', ['F', 'C'])
@given(mask=masks, data=st.data())
@settings(deadline=None, max_examples=60)
def test_a_mask_is_put_into_a_larger_one(order, mask, data):
    h, w = mask.shape
    top, left = data.draw(st.integers(0, 9)), data.draw(st.integers(0, 9))
    shape = (h + top + data.draw(st.integers(0, 9)), w + left + 2)
    large = Runs.from_mask(mask, order).place(top, left, shape)
    expected = np.zeros(shape, np.uint8)
    expected[top : top + h, left : left + w] = mask != 0
    np.testing.assert_array_equal(large.to_mask(), expected)
    back = large.crop(top, left, h, w)
    np.testing.assert_array_equal(back.to_mask(), mask != 0)


def test_a_mask_that_leaves_the_larger_one_is_refused():
    runs = Runs.from_mask(np.ones((3, 4), np.uint8), 'F')
    with pytest.raises(ValueError, match='3 x 4 pixels at row 2, column 0'):
        runs.place(2, 0, (4, 4))
    with pytest.raises(ValueError, match=r'column -1 leaves one of 4 x 4'):
        runs.place(0, -1, (4, 4))


@pytest.mark.parametrize('order', ['F', 'C'])
@given(mask=masks)
@settings(deadline=None, max_examples=60)
def test_the_box_is_the_smallest_window(order, mask):
    box = Runs.from_mask(mask, order).box()
    if not mask.any():
        assert box is None
        return
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    assert box.slices == (
        slice(rows[0], rows[-1] + 1),
        slice(columns[0], columns[-1] + 1),
    )


@pytest.mark.parametrize(
    'mask',
    [
        np.zeros((3, 5), np.uint8),
        np.ones((3, 5), np.uint8),
        np.eye(7, dtype=np.uint8),
        np.indices((61, 1031)).sum(0).astype(np.uint8) % 2,  # all edges
        np.ones((1, 1), bool),
    ],
    ids=['empty', 'full', 'diagonal', 'chequered', 'one pixel'],
)
@pytest.mark.parametrize('order', ['F', 'C'])
def test_extreme_masks(mask, order):
    np.testing.assert_array_equal(
        Runs.from_mask(mask, order).to_mask(), mask != 0
    )


def test_first_and_last_pixel_are_kept():
    mask = np.zeros((4, 3), np.uint8)
    mask[0, 0] = mask[-1, -1] = 1
    runs = Runs.from_mask(mask, 'F')
    assert runs.starts.tolist() == [0, 11]
    assert runs.ends.tolist() == [1, 12]


def test_memory_layout_does_not_matter():
    mask = np.random.default_rng(0).integers(0, 2, (50, 70), np.uint8)
    plain = Runs.from_mask(mask, 'F')
    for same in (np.asfortranarray(mask), mask.astype(np.int32), mask > 0):
        other = Runs.from_mask(same, 'F')
        np.testing.assert_array_equal(plain.starts, other.starts)


@pytest.mark.parametrize(
    'mask', [np.zeros((2, 2), float), np.zeros((2, 2, 1), np.uint8)]
)
def test_what_is_no_mask_is_refused(mask):
    with pytest.raises(ValueError, match=r'a mask is \(H, W\)'):
        Runs.from_mask(mask, 'F')


def test_a_window_outside_is_refused():
    runs = Runs.from_mask(np.ones((4, 4), np.uint8), 'F')
    with pytest.raises(ValueError, match='leaves the mask of 4 x 4'):
        runs.crop(2, 0, 3, 1)
