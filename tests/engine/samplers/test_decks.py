from itertools import islice

import pytest

from mmseg_medical.engine.samplers import (
    BalancedSampler,
    PositiveRatioSampler,
    PseudoRatioSampler,
)
from mmseg_medical.errors import InputError


@pytest.mark.parametrize(
    'kind', [PositiveRatioSampler, BalancedSampler, PseudoRatioSampler]
)
def test_processes_take_turns_and_iterators_start_anew(mixed, on_ranks, kind):
    options = {}
    if kind is PseudoRatioSampler:
        options = dict(ratio=1.0)
        mixed.pseudo_labels = 'labels'

    def make(seed=3):
        return kind(mixed, seed=seed, shuffle=True, round_up=True, **options)

    (one,) = on_ranks(1, make)
    whole = list(islice(one, 400))
    assert list(islice(one, 400)) == whole
    assert len(one) == 40
    for count in (2, 4):
        parts = [islice(s, 400 // count) for s in on_ranks(count, make)]
        assert [k for turn in zip(*parts, strict=True) for k in turn] == whole
    (other,) = on_ranks(1, lambda: make(4))
    assert list(islice(other, 400)) != whole


def test_a_deck_is_dealt_to_its_end(mixed):
    """Ten positives are half of each 20: none comes twice before all."""
    dealt = [k for k in islice(PositiveRatioSampler(mixed, seed=0), 640)]
    positives = [k for k in dealt if k < 10]
    negatives = [k for k in dealt if k >= 10]
    assert len(positives) == len(negatives) == 320
    for k in range(0, 320, 10):
        assert sorted(positives[k : k + 10]) == list(range(10))
    for k in range(0, 300, 30):
        assert sorted(negatives[k : k + 30]) == list(range(10, 40))
    assert positives[:10] != positives[10:20]


def test_an_order_that_is_kept_is_refused(mixed):
    with pytest.raises(InputError, match=r'leave out .*shuffle=False'):
        BalancedSampler(mixed, seed=0, shuffle=False)
