import numpy as np

from mmseg_medical.datasets.checks.classes import (
    check_labels,
    check_rare,
    check_shared,
    check_specks,
)
from mmseg_medical.datasets.checks.finding import About, Severity

ABOUT = About(classes=('background', 'lesion', 'vessel'))


def labels(*rows, size=(8, 10)):
    mask = np.zeros(size, np.uint8)
    for row, label in enumerate(rows):
        mask[2 * row] = label
    return mask


def test_classes_that_share_pixels(observed):
    planes = np.zeros((8, 10, 2), np.uint8)
    planes[:4, :, 0] = planes[3:5, :, 1] = 1
    about = About(classes=('bowel', 'stomach'), overlapping=True)
    every = [observed('a', mask=planes), observed('b', mask=planes[::-1])]
    (found,) = check_shared(every, about)
    assert found.severity == Severity.NOTE
    assert found.problem == (
        'classes share pixels in 2 images, most of all bowel and stomach '
        '(20 pixels)'
    )
    assert found.lines == ("model = dict(task='multilabel')",)
    assert not list(check_shared([observed()], ABOUT))


def test_rare_classes(observed):
    mask = np.zeros((100, 100), np.uint8)
    mask[:20], mask[50, 50:56] = 1, 2
    (found,) = check_rare([observed(mask=mask)], ABOUT)
    assert found.problem == 'classes of few pixels: vessel 0.060 % in 1 image'
    assert not list(check_rare([observed(mask=labels(1, 2))], ABOUT))


def test_specks(observed):
    mask = labels(1)
    mask[4, 4] = mask[7, 7] = mask[7, 8] = 1
    (found,) = check_specks([observed('a', mask=mask), observed('b')], ABOUT)
    assert found.problem == '2 components of at most 4 pixels, of 4'
    assert found.names == ('a',)


def test_labels_that_are_no_class(observed):
    every = [
        observed('a', drawn={'lesion': 3, 'Lesion': 2}),
        observed('b', drawn={'vessel': 3, 'None': 1, '255': 1}),
    ]
    (found,) = check_labels(every, ABOUT)
    assert found.severity == Severity.ERROR
    assert found.problem == "objects whose label is no class: 'Lesion' (2)"
    assert found.names == ('a',)
    assert found.config == dict(dataset=dict(labels={'Lesion': None}))
    assert not list(check_labels(every[1:], ABOUT))
