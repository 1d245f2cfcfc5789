import numpy as np

from mmseg_medical.datasets.checks.emptiness import (
    check_absent,
    check_empty,
    check_full,
)
from mmseg_medical.datasets.checks.finding import About, Severity

EMPTY = np.zeros((8, 10), np.uint8)


def test_some_masks_are_empty(observed):
    every = [observed('a'), observed('b', mask=EMPTY)]
    (found,) = check_empty(every, About())
    assert found.severity == Severity.NOTE
    assert found.problem == '1 mask without foreground, 50 %'
    assert found.names == ('b',)
    assert found.config == dict(type='ChooseRandomRegion', foreground=0.5)
    assert not list(check_empty(every[:1], About()))
    unlabelled = [observed('a', mask=False)]
    assert not list(check_empty(unlabelled, About()))


def test_all_masks_are_empty(observed):
    planes = np.zeros((8, 10, 3), np.uint8)
    for mask in (EMPTY, planes):
        (found,) = check_empty([observed(mask=mask)], About())
        assert found.severity == Severity.ERROR
        assert 'nothing can be learnt' in found.cure


def test_masks_without_background(observed):
    every = [observed('a', mask=EMPTY + 1), observed('b')]
    (found,) = check_full(every, About())
    assert found.severity == Severity.WARNING
    assert found.names == ('a',)
    planes = np.ones((8, 10, 2), np.uint8)
    assert not list(check_full([observed(mask=planes)], About()))


def test_classes_that_a_part_never_shows(observed):
    about = About(classes=('background', 'lesion', 'vessel'))
    both = EMPTY.copy()
    both[0], both[1] = 1, 2
    every = [
        observed('a', part='train', mask=both),
        observed('b', part='val'),  # lesion alone
        observed('c', part='test', mask=False),
    ]
    (found,) = check_absent(every, about)
    assert found.severity == Severity.WARNING
    assert found.problem == 'no pixel of vessel in val'
    planes = np.zeros((8, 10, 2), np.uint8)
    planes[:2, :, 1] = 1
    about = About(classes=('bowel', 'stomach'), overlapping=True)
    (found,) = check_absent([observed(mask=planes)], about)
    assert found.problem == 'no pixel of bowel'
