import pytest

from mmseg_medical.datasets.stacks import neighbours


@pytest.mark.parametrize(
    ('at', 'num', 'stride', 'expected'),
    [
        (2, 1, 1, 'c'),
        (2, 3, 1, 'bcd'),
        (0, 3, 2, 'aac'),
        (4, 5, 2, 'aceee'),
    ],
)
def test_the_last_slice_stands_in_beyond_an_end(at, num, stride, expected):
    found = neighbours('abcde', at, num=num, stride=stride)
    assert ''.join(found) == expected
