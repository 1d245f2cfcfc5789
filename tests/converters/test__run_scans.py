import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mmseg_medical.converters import _run_scans as scans
from mmseg_medical.converters.runs import Runs

masks = hnp.arrays(
    np.uint8,
    st.tuples(st.integers(1, 40), st.integers(1, 40)),
    elements=st.sampled_from([0, 0, 1, 255]),
)


@given(mask=masks)
@settings(deadline=None, max_examples=40)
def test_compiled_and_numpy_agree(mask):
    np.testing.assert_array_equal(
        scans.column_edges(mask), scans.column_edges.fallback(mask)
    )
    runs = Runs.from_mask(mask, 'F')
    out = np.zeros(mask.shape, np.uint8)
    scans.paint_columns.fallback(out, runs.starts, runs.ends)
    np.testing.assert_array_equal(out, mask != 0)


def test_edges_and_painting_by_hand():
    flat = np.array([1, 1, 0, 5, 0, 2], np.uint8)
    assert scans.flat_edges(flat).tolist() == [0, 2, 3, 4, 5, 6]
    assert scans.flat_edges(flat[:0]).tolist() == []
    starts, ends = np.array([0, 3]), np.array([2, 6])
    assert scans.repeat(starts, ends, (2, 3)).tolist() == [
        [1, 1, 0],
        [1, 1, 1],
    ]
