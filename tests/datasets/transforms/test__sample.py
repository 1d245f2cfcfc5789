import pytest

from mmseg_medical.datasets.transforms._sample import (
    load_runs,
    mask_frame,
    sources,
    true_size,
)
from mmseg_medical.errors import InputError


def test_the_size_is_of_the_file(sample):
    assert true_size(sample) == (90, 120)
    del sample['height']
    assert true_size(sample) == (90, 120)
    sample['width'] = 121
    with pytest.raises(ValueError, match=r'90 x 121 .* has 90 x 120.*wrong_'):
        true_size(sample)


def test_runs_are_read_once(sample):
    (first,) = load_runs(sample, (90, 120))
    assert first.area == sample['mask'].sum()
    sample['rle'] = 'not read again'
    assert load_runs(sample, (90, 120))[0] is first


@pytest.mark.parametrize(
    ('path', 'frame', 'expected'),
    [
        ('a', None, [('a', None)]),
        ('a', 3, [('a', 3)]),
        ('a', [3, 4], [('a', 3), ('a', 4)]),
        (['a', 'b'], None, [('a', None), ('b', None)]),
        (['a', 'b'], 2, [('a', 2), ('b', 2)]),
        (('a', 'b'), (2, 1), [('a', 2), ('b', 1)]),
    ],
)
def test_files_and_frames(path, frame, expected):
    found = sources(dict(img_path=path, frame=frame))
    assert [tuple(source) for source in found] == expected


def test_frames_that_do_not_fit_the_files():
    for path, frame in ((['a', 'b'], [1]), ([], None)):
        with pytest.raises(InputError, match='make no stack'):
            sources(dict(img_path=path, frame=frame, where='b.csv'))


def test_the_frame_of_the_mask():
    assert mask_frame({}) is None
    assert mask_frame(dict(frame=4)) == 4
    assert mask_frame(dict(frame=[0, 0, 2])) == 0
    assert mask_frame(dict(frame=[1, 2, 3], seg_frame=None)) is None
    assert mask_frame(dict(frame=1, seg_frame=7)) == 7
