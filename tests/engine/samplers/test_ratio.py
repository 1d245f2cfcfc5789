from itertools import islice

import pytest

from mmseg_medical.engine.samplers.ratio import RatioSampler
from mmseg_medical.errors import InputError


class EvenSampler(RatioSampler):
    first_deck, second_deck = 'even', 'odd'
    cure = 'count again'

    def of_first_deck(self, dataset):
        return [k % 2 == 0 for k in range(len(dataset))]


@pytest.mark.parametrize('ratio', [0, 0.1, 0.375, 1])
def test_the_share_of_each_round(mixed, ratio):
    dealt = list(islice(EvenSampler(mixed, ratio, seed=0), 640))
    assert sum(k % 2 == 0 for k in dealt) == round(640 * ratio)
    for n in range(0, 640, 64):
        even = sum(k % 2 == 0 for k in dealt[n : n + 64])
        assert abs(even - 64 * ratio) < 1


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(ratio=1.2), r'EvenSampler: ratio is 1.2, expected a number in'),
        (dict(ratio=(0.1, 0.2, 0.3)), 'or two of them'),
        (dict(end=0), 'end is 0, expected 1 or more'),
    ],
)
def test_what_is_no_ratio(mixed, options, message):
    with pytest.raises(InputError, match=message):
        EvenSampler(mixed, seed=0, **options)


def test_a_deck_that_is_empty(listed):
    one = listed(dict(img_id='a'))
    with pytest.raises(
        InputError,
        match=r'mine: 0 of 1 images are odd, and EvenSampler wants 0.2 of '
        r'the samples to be; count again, or leave .* as InfiniteSampler',
    ):
        EvenSampler(one, 0.8)
    assert next(iter(EvenSampler(one, 1.0))) == 0


def test_a_changing_ratio_needs_the_length_of_the_run(mixed):
    sampler = EvenSampler(mixed, (0.8, 0.2), seed=0)
    with pytest.raises(InputError, match=r'needs .*ResumableTrainLoop'):
        next(iter(sampler))
