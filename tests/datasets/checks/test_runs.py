import cv2
import numpy as np

from mmseg_medical.converters import rle
from mmseg_medical.converters.rle_guess import try_dialects
from mmseg_medical.datasets.checks.finding import About
from mmseg_medical.datasets.checks.runs import check_dialect, check_runs


def told(observed, name, true, dialect, **changes):
    mask = np.zeros((40, 60), np.uint8)
    cv2.circle(mask, (20, 20), 12, 1, -1)
    return observed(
        name,
        readings=(try_dialects(rle.encode(mask, true), mask.shape),),
        dialect=dialect,
        **changes,
    )


def test_the_dialect_that_was_meant_is_named(observed):
    every = [told(observed, n, 'kaggle_row', 'kaggle') for n in 'abc']
    about = About(takes=frozenset(['rle_dialect']))
    (found,) = check_dialect(every, about)
    assert found.lines == ("dataset = dict(rle_dialect='kaggle_row')",)
    (of_an_owner,) = check_dialect(every, About())
    assert not of_an_owner.config
    assert 'tools/convert.py' in of_an_owner.cure
    assert found.names == ('a', 'b', 'c')
    right = [told(observed, n, 'kaggle', 'kaggle') for n in 'abc']
    assert not list(check_dialect(right, About()))


def test_broken_runs(observed):
    problem = {'runs': 'run 3 leaves the image'}
    every = [
        told(observed, 'a', 'kaggle', 'kaggle', problems=problem),
        *(told(observed, n, 'kaggle', 'kaggle') for n in 'bcd'),
    ]
    (found,) = check_runs(every, About())
    assert found.names == ('a',)
    assert found.details == ('run 3 leaves the image',)
    assert found.config == dict(type='LoadMaskRegion', repair=True)
    # In another dialect all are broken: that is said, and no more.
    wrong = [
        told(observed, n, 'kaggle', 'siim', problems=problem) for n in 'abc'
    ]
    assert not list(check_runs(wrong, About()))
    (found,) = check_dialect(wrong, About())
    assert "'kaggle', not 'siim'" in found.problem
