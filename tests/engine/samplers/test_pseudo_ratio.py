from collections import Counter
from itertools import islice

import pytest
from mmengine.dataset import ConcatDataset
from mmseg.registry import DATA_SAMPLERS

from mmseg_medical.engine.samplers import PseudoRatioSampler
from mmseg_medical.errors import InputError


@pytest.fixture
def mixture(listed):
    """4 labelled images, then 10 with pseudo labels, then 6 labelled."""

    def part(count, pseudo_labels=None):
        found = listed(*(dict(img_id=str(k)) for k in range(count)))
        found.pseudo_labels = pseudo_labels
        return found

    both = ConcatDataset.__new__(ConcatDataset)
    both.datasets = [part(4), part(10, 'labels'), part(6)]
    both.cumulative_sizes = [4, 14, 20]
    both._fully_initialized = True
    return both


def test_a_share_has_pseudo_labels(mixture, on_ranks):
    def make():
        return DATA_SAMPLERS.build(
            dict(type='PseudoRatioSampler', ratio=0.25),
            default_args=dict(dataset=mixture, seed=0),
        )

    dealt = list(islice(make(), 640))
    for n in range(10):
        part = dealt[64 * n : 64 * (n + 1)]
        assert sum(4 <= k < 14 for k in part) == 16
    assert {Counter(dealt)[k] for k in range(4, 14)} == {16}
    assert {Counter(dealt)[k] for k in (*range(4), *range(14, 20))} == {48}
    turns = zip(*(islice(s, 320) for s in on_ranks(2, make)), strict=True)
    assert [k for turn in turns for k in turn] == dealt


def test_a_share_that_grows(mixture):
    sampler = PseudoRatioSampler(mixture, (0.0, 0.5), seed=0)
    sampler.start_run(64, 100)
    dealt = list(islice(sampler, 6400))
    found = [sum(4 <= k < 14 for k in dealt[n : n + 64]) for n in (0, 6336)]
    assert found == [0, 32]


def test_both_kinds_have_to_be_there(mixture):
    mixture.datasets[1].pseudo_labels = None
    with pytest.raises(
        InputError,
        match=r'0 of 20 images are pseudo-labelled, .* wants 0.3 of .* Concat',
    ):
        PseudoRatioSampler(mixture, 0.3)
    for part in mixture.datasets:
        part.pseudo_labels = 'labels'
    with pytest.raises(InputError, match=r'are labelled, .* wants 0.7 of'):
        PseudoRatioSampler(mixture, 0.3)
