import numpy as np
import pytest
from pycocotools import mask as coco

from mmseg_medical.converters._rle_counts import dump_counts, load_counts
from mmseg_medical.converters.runs import Runs

MASK = np.array([[0, 0, 1], [1, 0, 1], [1, 1, 1]], np.uint8)


@pytest.mark.parametrize('mask', [MASK, MASK * 0, MASK * 0 + 1])
def test_counts_equal_pycocotools(mask):
    runs = Runs.from_mask(mask, 'F')
    plain = dump_counts(runs.starts, runs.ends, (3, 3), compressed=False)
    packed = dump_counts(runs.starts, runs.ends, (3, 3), compressed=True)
    theirs = coco.frPyObjects(plain, 3, 3)
    assert packed['counts'] == theirs['counts'].decode()
    for written in (plain, packed, theirs):
        again = load_counts(written, None)
        assert again.to_mask().tolist() == mask.tolist()


def test_runs_of_no_pixel_are_left_out():
    runs = load_counts(dict(size=[2, 3], counts=[0, 0, 2, 1, 0, 2, 1]), None)
    assert runs.to_mask().tolist() == [[0, 1, 1], [0, 1, 0]]
    assert load_counts(dict(size=[0, 3], counts=[]), None).area == 0
