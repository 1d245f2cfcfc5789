import pytest

from mmseg_medical.datasets.transforms._sample import load_runs, true_size


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
