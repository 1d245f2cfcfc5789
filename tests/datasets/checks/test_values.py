import numpy as np

from mmseg_medical.datasets.checks.finding import About, Severity
from mmseg_medical.datasets.checks.values import (
    check_foreground_255,
    check_ignored,
    check_shades,
    check_values,
)

TWO = About(classes=('background', 'lesion'))


def mask_of(*values):
    """Mask whose rows have these values."""
    return np.repeat(np.array(values, np.uint8)[:, None], 10, 1)


def test_0_and_255(observed):
    every = [
        observed('a', mask=mask_of(0, 255), stored=True),
        observed('b', mask=mask_of(0, 0), stored=True),
    ]
    (found,) = check_foreground_255(every, TWO)
    assert found.severity == Severity.ERROR
    assert found.names == ('a',)
    assert found.lines == ("dict(type='LoadMaskRegion', values={255: 1})",)
    assert not list(check_values(every, TWO))
    mixed = [*every, observed('c', mask=mask_of(0, 1, 255), stored=True)]
    (found,) = check_foreground_255(mixed, TWO)
    assert 'beside 1 with other values' in found.problem
    assert 'which' in found.cure
    told = [observed('a', mask=mask_of(0, 255))]  # 255 is to be ignored
    assert not list(check_foreground_255(told, TWO))
    assert not list(check_foreground_255(every[1:], TWO))


def test_shades_of_jpeg(observed):
    shades = np.linspace(0, 255, 80).astype(np.uint8).reshape(8, 10)
    every = [observed('a', mask=shades, stored=True), observed('b')]
    (found,) = check_shades(every, TWO)
    assert found.problem.startswith('1 mask with more than 16 values')
    assert found.config == dict(type='LoadMaskRegion', value_thr=128)
    assert not list(check_values(every, TWO))  # one finding is enough
    assert not list(check_shades(every[1:], TWO))


def test_values_beyond_the_classes(observed):
    every = [
        observed('a', mask=mask_of(0, 1, 2), stored=True),
        observed('b', mask=mask_of(0, 1), stored=True),
    ]
    (found,) = check_values(every, TWO)
    assert found.severity == Severity.ERROR
    assert found.problem == (
        'masks hold 2, and there are 2 classes (background, lesion)'
    )
    assert found.names == ('a',)
    assert 'name all classes' in found.cure
    assert not found.config
    three = About(classes=('background', 'lesion', 'vessel'))
    assert not list(check_values(every, three))
    ignored = [observed('c', mask=mask_of(0, 1, 255))]
    assert not list(check_values(ignored, TWO))


def test_values_with_gaps_are_given_classes(observed):
    every = [observed('a', mask=mask_of(0, 85, 170), stored=True)]
    (found,) = check_values(every, About())
    assert found.problem == 'masks hold 0, 85, 170: labels are counted from 0'
    values = {85: 1, 170: 2}
    assert found.config == dict(type='LoadMaskRegion', values=values)
    assert found.names == ('a',)
    three = About(classes=('background', 'lesion', 'vessel'))
    (found,) = check_values(every, three)
    assert found.config['values'] == values
    assert not list(
        check_values([observed(mask=mask_of(0, 1, 2, 3))], About())
    )
    assert not list(check_values([observed(mask=mask_of(0, 0))], About()))


def test_masks_that_are_mostly_ignored(observed):
    every = [
        observed('a', mask=mask_of(1, 255, 255)),
        observed('b', mask=mask_of(1, 255)),
    ]
    (found,) = check_ignored(every, TWO)
    assert found.severity == Severity.WARNING
    assert found.names == ('a',)


def test_values_that_are_ignored_by_accident(observed):
    every = [
        observed('a', mask=mask_of(0, 1, 1, 255), stored=True),
        observed('b', mask=mask_of(0, 1), stored=True),
        observed('c', mask=mask_of(0, 1, 1, 255)),  # the config says so
    ]
    (found,) = check_ignored(every, TWO)
    assert found.severity == Severity.NOTE
    assert found.problem == '1 mask with pixels of 255, which do not count'
    assert found.names == ('a',)
