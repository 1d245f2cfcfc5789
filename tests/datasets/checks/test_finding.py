import pytest

from mmseg_medical.datasets.checks.finding import (
    About,
    listed,
    names_of,
    percent,
    plural,
    problems_of,
)


def test_words():
    assert plural(1, 'image') == '1 image'
    assert plural(12047, 'image') == '12,047 images'
    assert plural(2, 'class') == '2 classes'
    assert listed([1, 2, 3], 2) == '1, 2 … (1 more)'
    assert listed(range(3)) == '0, 1, 2'


@pytest.mark.parametrize(
    ('share', 'text'),
    [
        (0, '0 %'),
        (1, '100 %'),
        (0.9968, '99.7 %'),
        (0.123, '12 %'),
        (0.0123, '1.2 %'),
        (0.000123, '0.012 %'),
        (1e-9, '0.00000 %'),
    ],
)
def test_percent(share, text):
    assert percent(share) == text


def test_names_and_problems_of_observations(observed):
    both = [
        observed('a', part='val', problems={'runs': 'odd'}),
        observed('b', part='train', problems={'image': 'cut'}),
    ]
    assert names_of(both) == ('val/a', 'train/b')
    assert problems_of(both, 'runs') == {'val/a': 'odd'}
    assert About(classes=('a',)).class_name(0) == 'a'
    assert About(classes=('a',)).class_name(1) == 'label 1'
    assert About().class_name(0) == 'background'
    assert About(overlapping=True).class_name(0) == 'label 0'
