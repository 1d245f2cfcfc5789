import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mmseg_medical.converters import runs_geometry as geometry
from mmseg_medical.converters.runs import Runs

masks = hnp.arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 12)))
orders = st.sampled_from('FC')


@given(mask=masks, order=orders, to=orders)
@settings(deadline=None)
def test_rescan_changes_the_order_alone(mask, order, to):
    runs = geometry.rescan(Runs.from_mask(mask, order), to)
    expected = Runs.from_mask(mask, to)
    assert runs.order == to
    np.testing.assert_array_equal(runs.to_mask(), mask)
    assert runs.starts.tolist() == expected.starts.tolist()


@given(
    stack=hnp.arrays(bool, st.tuples(*[st.integers(1, 5)] * 3)),
    order=orders,
)
@settings(deadline=None)
def test_union(stack, order):
    runs = geometry.union(
        Runs.from_mask(mask, order if k % 2 else 'F')
        for k, mask in enumerate(stack)
    )
    assert runs.order == 'F'
    expected = Runs.from_mask(stack.any(0), 'F')
    assert runs.starts.tolist() == expected.starts.tolist()
    assert runs.ends.tolist() == expected.ends.tolist()


def test_masks_of_several_sizes_are_not_joined():
    with pytest.raises(ValueError, match=r'one size.*\(2, 3\), \(3, 2\)'):
        geometry.union([geometry.nothing((2, 3)), geometry.nothing((3, 2))])
    with pytest.raises(ValueError, match='one size'):
        geometry.union([])


@given(mask=masks, order=orders)
@settings(deadline=None)
def test_pixels(mask, order):
    runs = Runs.from_mask(mask, order)
    flat = mask.ravel(order)
    assert geometry.pixels(runs).tolist() == np.flatnonzero(flat).tolist()


def test_nothing_has_no_pixel():
    assert geometry.nothing((3, 4)).to_mask().tolist() == [[0] * 4] * 3


@pytest.mark.parametrize('dtype', [np.uint8, np.uint16, np.int32, np.int64])
def test_runs_of_labels(label_images, dtype):
    @given(labels=label_images)
    @settings(deadline=None, max_examples=50)
    def check(labels):
        found = geometry.runs_of_labels(labels.astype(dtype))
        assert list(found) == [v for v in np.unique(labels).tolist() if v]
        for value, runs in found.items():
            expected = Runs.from_mask(labels == value, 'F')
            assert runs.starts.tolist() == expected.starts.tolist()
            assert runs.ends.tolist() == expected.ends.tolist()

    check()


def test_labels_are_whole_and_not_negative():
    with pytest.raises(ValueError, match=r'\(2,\) of float64'):
        geometry.runs_of_labels(np.zeros(2))
    with pytest.raises(ValueError, match='got -3'):
        geometry.runs_of_labels(np.array([[0, -3]]))
    assert geometry.runs_of_labels(np.zeros((0, 4), int)) == {}
