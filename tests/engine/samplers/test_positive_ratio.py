from itertools import islice

import pytest
from mmseg.registry import DATA_SAMPLERS

from mmseg_medical.engine.samplers import PositiveRatioSampler
from mmseg_medical.errors import InputError


def shares(sampler, count):
    """Share of positives (the first ten) in each 64 samples."""
    dealt = list(islice(sampler, 64 * count))
    return [
        sum(k < 10 for k in dealt[64 * n : 64 * (n + 1)]) / 64
        for n in range(count)
    ]


def test_a_fixed_ratio(mixed):
    sampler = DATA_SAMPLERS.build(
        dict(type='PositiveRatioSampler', ratio=0.8),
        default_args=dict(dataset=mixed, seed=1),
    )
    found = shares(sampler, 100)
    assert set(found) == {51 / 64, 52 / 64}
    assert sum(found) / 100 == pytest.approx(0.8, abs=1e-4)
    assert shares(PositiveRatioSampler(mixed, 0.22, seed=1), 100) != found
    assert set(shares(PositiveRatioSampler(mixed, 1, seed=1), 3)) == {1}
    assert set(shares(PositiveRatioSampler(mixed, 0, seed=1), 3)) == {0}


def test_positives_and_negatives_are_mixed(mixed):
    dealt = [k < 10 for k in islice(PositiveRatioSampler(mixed, seed=0), 64)]
    assert sum(dealt[::2]) not in (0, 32)  # of one of two processes


def test_a_ratio_that_falls(mixed):
    """Linear over the run, of 6400 samples; then it stays."""
    sampler = PositiveRatioSampler(mixed, (0.8, 0.22), seed=0)
    sampler.start_run(8, 800)
    found = shares(sampler, 110)
    for n in (0, 25, 50, 75, 99):
        expected = 0.8 - 0.58 * (n + 0.5) / 100
        assert found[n] == pytest.approx(expected, abs=1 / 64)
    assert sum(found[:100]) / 100 == pytest.approx(0.51, abs=1e-3)
    assert sum(found[100:]) / 10 == pytest.approx(0.22, abs=2e-3)
    early = PositiveRatioSampler(mixed, (0.8, 0.22), end=400, seed=0)
    early.start_run(8, 800)
    assert early.ratio_at(1600) == pytest.approx(0.51)
    for number in (3200, 6000):
        assert early.ratio_at(number) == pytest.approx(0.22)


@pytest.mark.parametrize(
    ('texts', 'options', 'message'),
    [
        (['', '-1'], {}, r'data/mine: 0 of 2 images are positive.*0.5 of the'),
        (['1 2', '3 4'], dict(ratio=(1.0, 0.2)), '0 of 2 images are negative'),
    ],
)
def test_what_cannot_be_had(listed, texts, options, message):
    dataset = listed(*(dict(rle=text) for text in texts))
    with pytest.raises(InputError, match=message):
        PositiveRatioSampler(dataset, seed=0, **options)


def test_all_positive_is_enough_for_a_ratio_of_one(listed):
    dataset = listed(dict(rle='1 2'))
    assert next(iter(PositiveRatioSampler(dataset, 1.0, seed=0))) == 0
