import random
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedGroupKFold

from mmseg_medical.datasets.splits import (
    SplitError,
    check_separate,
    count_by_fold,
    make_folds,
    quantile_bins,
)


def names(count):
    return [f'img{k:04d}' for k in range(count)]


@st.composite
def samples(draw):
    """Ids, groups and two strata of samples, and a number of folds."""
    groups = draw(st.lists(st.integers(0, 30), min_size=8, max_size=80))
    one, other = (
        draw(st.lists(st.sampled_from(v), min_size=80, max_size=80))
        for v in ('abc', 'xy')
    )
    folds = draw(st.integers(2, max(2, min(6, len(set(groups))))))
    count = len(groups)
    return (
        names(count),
        [f'g{k}' for k in groups],
        [one[:count], other[:count]],
        folds,
    )


@settings(max_examples=60, deadline=None)
@given(samples(), st.sampled_from([None, 0, 7]), st.randoms())
def test_groups_stay_whole_folds_are_filled_and_order_does_not_count(
    data, seed, shuffle: random.Random
):
    ids, groups, strata, count = data
    if len(set(groups)) < count:
        return
    folds = make_folds(ids, count, groups=groups, strata=strata, seed=seed)
    assert set(folds.tolist()) == set(range(count))
    assert len(set(zip(groups, folds, strict=True))) == len(set(groups))

    order = list(range(len(ids)))
    shuffle.shuffle(order)
    again = make_folds(
        [ids[k] for k in order],
        count,
        groups=[groups[k] for k in order],
        strata=[[column[k] for k in order] for column in strata],
        seed=seed,
    )
    assert again.tolist() == folds[order].tolist()


def test_folds_are_the_same_on_every_machine():
    """Written down once: another result would move images between folds."""
    groups = [f'p{k % 7}' for k in range(20)]
    organs = ['lung' if k % 3 else 'liver' for k in range(20)]
    found = []
    for seed in (None, 0, 1):
        folds = make_folds(
            names(20), 3, groups=groups, strata=[organs], seed=seed
        )
        found.append(''.join(map(str, folds)))
    assert found == [
        '01201200120120012012',
        '21120002112000211200',
        '02101210210121021012',
    ]


def test_single_samples_are_dealt_in_the_order_of_stratum_and_id():
    """As data sets did before there were groups."""
    organs = ['kidney'] * 99 + ['prostate'] * 93 + ['spleen'] * 53
    organs += ['largeintestine'] * 58 + ['lung'] * 48
    ids = [str(k * 7919 % 30000) for k in range(351)]
    folds = make_folds(ids, 5, strata=[organs])
    order = sorted(range(351), key=lambda k: (organs[k], ids[k]))
    for fold in range(5):
        assert sorted(np.flatnonzero(folds == fold)) == sorted(order[fold::5])


def test_every_stratum_and_combination_is_even():
    """60 images: 2 organs x 3 sources, 10 of each, on 5 folds: 2 of each."""
    organs = [('kidney', 'lung')[k % 2] for k in range(60)]
    sources = ['abc'[k % 3] for k in range(60)]
    folds = make_folds(names(60), 5, strata=[organs, sources], seed=3)
    found = Counter(zip(folds.tolist(), organs, sources, strict=True))
    assert set(found.values()) == {2}
    assert len(found) == 30


def test_rare_values_are_spread():
    """Three images of a stain on three folds, whatever the rest."""
    stain = ['rare' if k in (0, 1, 2) else 'usual' for k in range(30)]
    organ = [('kidney', 'lung')[k >= 15] for k in range(30)]
    folds = make_folds(names(30), 3, strata=[organ, stain], seed=0)
    assert sorted(folds[:3]) == [0, 1, 2]
    assert count_by_fold(folds.tolist(), organ) == {
        'kidney': [5, 5, 5],
        'lung': [5, 5, 5],
    }


def test_groups_of_different_sizes_are_balanced():
    """Sizes 6, 5, 4, 3, 2, 1 on three folds: 7 each, in whole groups."""
    groups = [f'p{size}' for size in range(1, 7) for _ in range(size)]
    folds = make_folds(names(21), 3, groups=groups)
    assert np.bincount(folds).tolist() == [7, 7, 7]
    pairs = {
        frozenset(g for g, f in zip(groups, folds, strict=True) if f == fold)
        for fold in range(3)
    }
    assert pairs == {
        frozenset({'p6', 'p1'}),
        frozenset({'p5', 'p2'}),
        frozenset({'p4', 'p3'}),
    }


def deviation(folds, groups, stratum):
    """Chi-squared of the counts of a stratum, and of all samples."""
    total = 0.0
    for value in (*set(stratum), None):
        chosen = [
            fold
            for fold, one in zip(folds, stratum, strict=True)
            if value in (one, None)
        ]
        expected = len(chosen) / 5
        counts = np.bincount(chosen, minlength=5)
        total += float(((counts - expected) ** 2 / expected).sum())
    return total


@pytest.mark.parametrize('seed', range(3))
def test_cases_of_many_slices_are_more_even_than_with_scikit_learn(seed):
    """85 cases of 1 to 5 volumes of 144 slices, as in UW-Madison."""
    rng = np.random.default_rng(seed)
    groups, stratum = [], []
    for case in range(85):
        for _ in range(rng.integers(1, 6)):
            low, high = sorted(rng.integers(20, 140, 2))
            for z in range(0, 144, 8):
                groups.append(f'case{case}')
                filled = low <= z < high
                stratum.append(str(rng.integers(4)) if filled else 'empty')
    ids = names(len(groups))
    ours = make_folds(ids, 5, groups=groups, strata=[stratum], seed=seed)
    peer = np.empty(len(ids), int)
    split = StratifiedGroupKFold(5, shuffle=True, random_state=seed)
    for fold, (_, held_out) in enumerate(split.split(ids, stratum, groups)):
        peer[held_out] = fold
    value = deviation(ours, groups, stratum)
    assert value < 0.6 * deviation(peer, groups, stratum)


def test_seeds_give_other_folds_that_are_as_even():
    rng = np.random.default_rng(0)
    groups = [f'p{k}' for k in range(40) for _ in range(rng.integers(1, 9))]
    ids = names(len(groups))
    one, other = (make_folds(ids, 4, groups=groups, seed=k) for k in (0, 1))
    assert (one != other).mean() > 0.3
    for folds in (one, other):
        sizes = np.bincount(folds)
        assert sizes.max() - sizes.min() <= 1


def test_very_many_kinds_of_groups():
    """More than are compared in pairs: the largest come first."""
    rng = np.random.default_rng(0)
    groups, stratum = [], []
    for k in range(2500):
        size = int(rng.integers(1, 25))
        groups += [f'p{k}'] * size
        stratum += rng.integers(0, 4, size).astype(str).tolist()
    ids = names(len(groups))
    folds = make_folds(ids, 5, groups=groups, strata=[stratum], seed=0)
    assert np.ptp(np.bincount(folds)) <= 2
    for counts in count_by_fold(folds.tolist(), stratum).values():
        assert max(counts) - min(counts) <= 12


@pytest.mark.parametrize(
    ('ids', 'count', 'groups', 'message'),
    [
        ('abc', 1, None, 'num_folds is 2 or more, got 1'),
        ('abc', 5, None, r'5 folds need 5 samples .* there are 3 \(a, b, c\)'),
        ('abc', 3, 'xxy', r'3 folds need 3 groups .* are 2 \(x, y\)'),
        ('', 2, None, r'there are 0 \(none\)'),
        ('aba', 2, None, "id 'a' is there twice"),
        (
            'abc',
            2,
            ['x', '', ''],
            "2 of 3 samples have no group, first id 'b'",
        ),
    ],
)
def test_folds_that_cannot_be_made(ids, count, groups, message):
    with pytest.raises(SplitError, match=message):
        make_folds(list(ids), count, groups=groups and list(groups))


def test_columns_have_a_value_for_each_sample():
    with pytest.raises(ValueError, match='one value for each id'):
        make_folds(['a', 'b'], 2, strata=[['x']])


def test_a_group_on_both_sides_is_refused():
    check_separate('aabb', [0, 0, 1, 1], key='case', where='folds.csv')
    check_separate(['', '', 'a'], [0, 1, 1], key='case', where='x')
    with pytest.raises(
        SplitError,
        match=r"folds\.csv: 1 of 2 values of 'case' .* first 'a' \(2 in "
        r'train, 1 in val\).*--group case',
    ):
        check_separate(
            'aaab',
            ['train', 'train', 'val', 'val'],
            key='case',
            where='folds.csv',
        )


def test_quantiles_of_what_is_not_empty():
    values = [0, 4, 1, 3, 2, 0, 8, 7, 6, 5]
    assert quantile_bins(values, 4) == [
        *('empty', '2 of 4', '1 of 4', '2 of 4', '1 of 4'),
        *('empty', '4 of 4', '4 of 4', '3 of 4', '3 of 4'),
    ]


def test_values_that_repeat_make_fewer_bins():
    assert quantile_bins([5, 5, 5, 5, 9], 4) == ['1 of 2'] * 4 + ['2 of 2']
    assert quantile_bins([5, 5], 4) == ['1 of 1'] * 2
    assert quantile_bins([0, 0], 4) == ['empty'] * 2
    assert quantile_bins([], 4) == []
    with pytest.raises(ValueError, match='bins is 1 or more, got 0'):
        quantile_bins([1], 0)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 40), min_size=1), st.integers(1, 6))
def test_bins_are_ordered_and_hold_as_many(values, bins):
    labels = quantile_bins(values, bins)
    by_value = dict(sorted(zip(values, labels, strict=True)))
    filled = [label for value, label in by_value.items() if value]
    assert filled == sorted(filled)
    distinct = len(set(values) - {0})
    if distinct == sum(v > 0 for v in values) and distinct >= bins:
        sizes = Counter(label for label in labels if label != 'empty')
        assert len(sizes) == bins
        assert max(sizes.values()) - min(sizes.values()) <= 1


def test_counts_by_fold():
    assert count_by_fold([0, 2, 2, 0], 'baab') == {
        'a': [0, 0, 2],
        'b': [2, 0, 0],
    }
