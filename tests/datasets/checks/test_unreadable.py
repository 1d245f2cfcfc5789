import pytest

from mmseg_medical.datasets.checks.finding import About, Severity
from mmseg_medical.datasets.checks.unreadable import (
    check_unlabelled,
    check_unreadable,
)


@pytest.mark.parametrize(
    ('kind', 'text'),
    [
        ('image_missing', '2 images whose file does not exist'),
        ('image', '2 images that cannot be read'),
        ('mask_missing', '2 masks whose file does not exist'),
        ('mask', '2 masks that cannot be read'),
        ('outlines', '2 masks whose outlines cannot be painted'),
    ],
)
def test_what_cannot_be_read_is_listed_by_kind(observed, kind, text):
    every = [
        observed('a', problems={kind: 'cut short'}),
        observed('b'),
        observed('c', problems={kind: 'no pixels'}),
    ]
    (found,) = check_unreadable(every, About())
    assert (found.severity, found.kind) == (Severity.ERROR, kind)
    assert found.problem == text
    assert found.names == ('a', 'c')
    assert found.details == ('cut short', 'no pixels')
    assert not list(check_unreadable(every[1:2], About()))


def test_images_without_a_mask_among_others(observed):
    every = [
        *(
            observed('a', part='train'),
            observed('b', part='train', mask=False),
        ),
        *(observed('c', part='test', mask=False),),
        observed('d', part='train', mask=False, problems={'mask': 'cut'}),
    ]
    (found,) = check_unlabelled(every, About())
    assert found.severity == Severity.WARNING
    assert found.problem == '1 image without a mask'
    assert found.names == ('train/b',)


def test_no_image_has_a_mask(observed):
    bare = [observed('a', mask=False), observed('b', mask=False)]
    (found,) = check_unlabelled(bare, About())
    assert found.problem == '2 images without a mask, and none with one'
    assert not found.names
    test = [observed('a', part='test', mask=False)]
    assert not list(check_unlabelled(test, About()))
