import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mmseg_medical.converters._rle_pairs import dump_pairs, load_pairs
from mmseg_medical.converters.runs import Runs

MASKS = hnp.arrays(
    np.uint8,
    st.tuples(st.integers(1, 9), st.integers(1, 9)),
    elements=st.integers(0, 1),
)


@pytest.mark.parametrize('relative', [True, False])
@given(mask=MASKS)
@settings(deadline=None, max_examples=40)
def test_round_trip(relative, mask):
    runs = Runs.from_mask(mask, 'C')
    text = dump_pairs(runs.starts, runs.ends, relative=relative)
    again, changes = load_pairs(
        *(text, mask.shape, 'C'), relative=relative, repair=False
    )
    assert (again.to_mask().tolist(), changes) == (mask.tolist(), [])


def test_all_that_is_wrong_is_mended_and_told():
    text = '8 5 1 2 2 3 5 0 6'  # of 3 x 3 pixels
    with pytest.raises(ValueError, match='odd number'):
        load_pairs(text, (3, 3), 'F', relative=False, repair=False)
    runs, changes = load_pairs(text, (3, 3), 'F', relative=False, repair=True)
    assert runs.starts.tolist() == [0, 7]
    assert runs.ends.tolist() == [4, 9]
    assert [change.split()[-1] for change in changes] == [
        'dropped',
        'dropped',
        'border',
        'merged',
    ]
    assert changes[1].startswith('run 3 of 4 (5 0) has a length below 1')
    assert changes[2].startswith('run 4 of 4 (8 5) leaves the image of 3 x 3')


def test_no_pairs_are_no_runs():
    for relative in (True, False):
        runs, _ = load_pairs('', (2, 2), 'F', relative=relative, repair=False)
        assert runs.area == 0
