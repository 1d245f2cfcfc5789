import numpy as np

from mmseg_medical.datasets.checks.duplicates import check_duplicates
from mmseg_medical.datasets.checks.finding import About, Severity

IMAGE = np.arange(80, dtype=np.uint8).reshape(8, 10)
MASK = np.zeros((8, 10), np.uint8)


def kinds(observations):
    found = list(check_duplicates(observations, About()))
    return {one.kind: one for one in found}


def test_copies_on_both_sides_of_a_split(observed):
    every = [
        observed('a', img=IMAGE, part='train'),
        observed('b', part='train'),
        observed('c', img=IMAGE, part='val'),
    ]
    found = kinds(every)
    assert found.keys() == {'duplicates_across'}
    one = found['duplicates_across']
    assert one.severity == Severity.ERROR
    assert one.problem.startswith('1 image on several sides of the split')
    assert one.names == ('train/a', 'val/c')
    assert one.details == ('train/a = val/c',)


def test_copies_on_one_side(observed):
    every = [observed(name, img=IMAGE) for name in 'abc']
    found = kinds(every)
    assert found.keys() == {'duplicates'}
    assert found['duplicates'].severity == Severity.WARNING
    assert found['duplicates'].problem == '2 images with the pixels of another'
    assert found['duplicates'].details == ('a = b = c',)


def test_copies_with_other_masks(observed):
    every = [observed('a', img=IMAGE), observed('b', img=IMAGE, mask=MASK)]
    found = kinds(every)
    assert found.keys() == {'duplicates', 'duplicates_differ'}


def test_images_of_one_colour_are_no_copies(observed):
    every = [observed(name, img=MASK + 7) for name in 'abc']
    assert not kinds(every)
