"""Folds that are even in what matters, keep groups whole and never change."""

import hashlib
import itertools
from collections import Counter
from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import NDArray

from mmseg_medical.errors import InputError

IntArray = NDArray[np.int64]

# Weights are integers, so that sums are the same on every machine.
_UNIT = 2**20
# Of more kinds of groups than this the first placing is even enough, and all
# pairs of them would be many.
_MAX_KINDS = 1000


class SplitError(InputError):
    """A split that cannot be made, or that must not be used."""


def make_folds(
    ids: Sequence[str],
    num_folds: int,
    *,
    groups: Sequence[str] | None = None,
    strata: Sequence[Sequence[str]] = (),
    seed: int | None = None,
) -> IntArray:
    """Divide samples into folds that are as even as whole groups allow.

    Folds are made even in the number of samples, in each value of each
    stratum and, of several strata, in each combination of values: groups are
    placed one after another where they fit best, then moved and swapped while
    that lowers the squared deviations, each relative to what is expected.
    Without groups and with one stratum, that is every n-th sample in the
    order of stratum and id.

    Nothing but ids, groups, strata and seed counts: not the order of the
    samples, the machine, or the version of a library.

    Args:
        ids: Names of the samples, each once.
        num_folds: Number of folds, 2 or more.
        groups: Group of each sample, as its patient; None makes each sample
            its own.
        strata: For each key that shall be even, its value for each sample.
        seed: Another number gives other folds where there is a choice; None
            takes groups in the order of size, stratum and name.

    Returns:
        (n,) fold of each sample, 0 to ``num_folds - 1``.

    Raises:
        SplitError: If there are fewer groups than folds, an id is there
            twice, or a sample has no group.
        ValueError: If ``groups`` or ``strata`` are not as long as ``ids``.
    """
    groups = ids if groups is None else groups
    if any(len(column) != len(ids) for column in (groups, *strata)):
        raise ValueError('groups and strata have one value for each id')
    names = group_names(ids, groups, num_folds)
    index = {name: g for g, name in enumerate(names)}
    group_of = np.array([index[name] for name in groups])
    counts = _counts(group_of, strata)  # (groups, columns)
    weight = np.maximum(_UNIT // counts.sum(0), 1)
    kinds, kind = np.unique(counts, axis=0, return_inverse=True)
    kind = kind.reshape(-1)

    def drawn(g: int) -> str:
        text = f'{seed} {names[g]}'.encode()
        return hashlib.sha256(text).hexdigest()

    def by_size(g: int) -> tuple[object, ...]:
        return (-counts[g, 0], *(-counts[g]).tolist(), names[g])

    order = sorted(range(len(names)), key=by_size if seed is None else drawn)
    if len(kinds) > _MAX_KINDS:
        order.sort(key=lambda g: -counts[g, 0])
    fold = _place(counts, order, num_folds, weight)
    if len(kinds) <= _MAX_KINDS:
        _swap(kinds, kind, fold, order, num_folds, weight)
    return fold[group_of]


def group_names(
    ids: Sequence[str], groups: Sequence[str], num_folds: int
) -> list[str]:
    """Names of the groups, if folds can be made of them.

    Args:
        ids: Names of the samples.
        groups: Group of each sample; ``ids`` itself where there are none.
        num_folds: Number of folds.

    Raises:
        SplitError: As :func:`make_folds`.
    """
    if num_folds < 2:
        raise SplitError(f'num_folds is 2 or more, got {num_folds}')
    if len(set(ids)) < len(ids):
        (twice, _), *_ = Counter(ids).most_common(1)
        raise SplitError(f'id {twice!r} is there twice')
    bare = [i for i, name in zip(ids, groups, strict=True) if not name]
    if bare:
        raise SplitError(
            f'{len(bare)} of {len(ids)} samples have no group, first id '
            f'{bare[0]!r}'
        )
    names = sorted(set(groups))
    if len(names) < num_folds:
        what = 'samples' if groups is ids else 'groups'
        raise SplitError(
            f'{num_folds} folds need {num_folds} {what} or more, and there '
            f'are {len(names)} ({", ".join(names[:5]) or "none"}); lower the '
            'number of folds, or group by another key'
        )
    return names


def _counts(group_of: IntArray, strata: Sequence[Sequence[str]]) -> IntArray:
    """Samples of each group: all, and those of each value of each stratum."""
    columns: list[Sequence[Hashable]] = [[''] * len(group_of), *strata]
    if len(strata) > 1:
        columns.append(list(zip(*strata, strict=True)))
    parts = []
    for column in columns:
        values = {v: k for k, v in enumerate(sorted(set(column)))}
        part = np.zeros((group_of.max() + 1, len(values)), np.int64)
        np.add.at(part, (group_of, [values[v] for v in column]), 1)
        parts.append(part)
    return np.concatenate(parts, 1)


def _place(
    counts: IntArray, order: list[int], num_folds: int, weight: IntArray
) -> IntArray:
    """Put each group where the squared deviations grow least."""
    excess = np.tile(-counts.sum(0), (num_folds, 1))  # times num_folds
    weighted = counts * weight
    fold = np.empty(len(counts), np.int64)
    for g in order:
        fold[g] = (excess @ weighted[g]).argmin()
        excess[fold[g]] += num_folds * counts[g]
    return fold


def _swap(
    kinds: IntArray,
    kind: IntArray,
    fold: IntArray,
    order: list[int],
    num_folds: int,
    weight: IntArray,
) -> None:
    """Swap groups of two folds while the squared deviations shrink.

    Groups with the same counts are of one kind, and any of them will do. A
    kind of no sample stands for a group that moves without another in return.
    """
    kinds = np.concatenate([kinds, np.zeros_like(kinds[:1])])
    nothing = len(kinds) - 1
    members: list[list[list[int]]] = [
        [[] for _ in range(num_folds)] for _ in kinds
    ]
    for g in order:
        members[kind[g]][fold[g]].append(g)
    there = np.array([[len(m) for m in of_kind] for of_kind in members])
    there[nothing] = 1
    weighted = kinds * weight
    product = weighted @ kinds.T
    square = np.diag(product)
    distance = num_folds * (square[:, None] + square - 2 * product)
    in_fold = there.T @ kinds * num_folds  # times num_folds, as above
    improved = True
    while improved:
        improved = False
        for i, j in itertools.combinations(range(num_folds), 2):
            gain = weighted @ (in_fold[i] - in_fold[j])
            of_i, of_j = (np.flatnonzero(there[:, k]) for k in (i, j))
            change = distance[np.ix_(of_i, of_j)] - (
                gain[of_i][:, None] - gain[of_j]
            )
            best = np.unravel_index(change.argmin(), change.shape)
            if change[best] >= 0:
                continue
            improved = True
            pair = of_i[best[0]], of_j[best[1]]
            for k, source, target in zip(pair, (i, j), (j, i), strict=True):
                if k == nothing:
                    continue
                g = members[k][source].pop()
                members[k][target].append(g)
                fold[g] = target
                there[k, source] -= 1
                there[k, target] += 1
            step = num_folds * (kinds[pair[0]] - kinds[pair[1]])
            in_fold[i] -= step
            in_fold[j] += step


def check_separate(
    groups: Sequence[str],
    sides: Sequence[object],
    *,
    key: str,
    where: str,
) -> None:
    """Check that no group is on two sides of a split.

    Args:
        groups: Group of each sample; ``''`` is none and may be anywhere.
        sides: Side of each sample: its fold, or ``'train'`` and ``'val'``.
        key: What the groups are, as ``'case'``, for the message.
        where: File or config, for the message.

    Raises:
        SplitError: If one is; the message counts them and names the first.
    """
    found: dict[str, Counter[object]] = {}
    for group, side in zip(groups, sides, strict=True):
        if group:
            found.setdefault(group, Counter())[side] += 1
    torn = sorted(group for group, count in found.items() if len(count) > 1)
    if torn:
        first = ', '.join(
            f'{n} in {side}' for side, n in found[torn[0]].most_common()
        )
        raise SplitError(
            f'{where}: {len(torn)} of {len(found)} values of {key!r} are on '
            f'both sides of the split, first {torn[0]!r} ({first}): what is '
            'tested was trained on; make folds with  tools/kfold.py CONFIG '
            f'--group {key}'
        )


def quantile_bins(values: Sequence[float], bins: int) -> list[str]:
    """Name the quantile of each value that is not 0.

    Args:
        values: Numbers >= 0, as areas.
        bins: Number of quantiles, 1 or more; values that occur often make
            them fewer.

    Returns:
        ``'empty'`` for 0, else ``'1 of 4'`` … ``'4 of 4'`` from the smallest
        on.

    Raises:
        SplitError: If ``bins`` is below 1.
    """
    if bins < 1:
        raise SplitError(f'bins is 1 or more, got {bins}')
    array = np.asarray(values, np.float64)
    filled = np.sort(array[array > 0])
    if not filled.size:
        return ['empty'] * len(array)
    # Edges are values that occur: nothing is rounded.
    ranks = -(-filled.size * np.arange(1, bins) // bins) - 1
    edges = np.unique(filled[ranks])
    edges = edges[edges < filled[-1]]
    at = np.searchsorted(edges, array) + 1
    return [
        f'{k} of {len(edges) + 1}' if value > 0 else 'empty'
        for k, value in zip(at, array, strict=True)
    ]


def count_by_fold(
    folds: Sequence[int], values: Sequence[str]
) -> dict[str, list[int]]:
    """Number of samples of each value, by fold.

    Args:
        folds: Fold of each sample, from 0.
        values: Value of each sample.

    Returns:
        By value, in sorted order, a number for each fold.
    """
    counts = {value: [0] * (max(folds) + 1) for value in sorted(set(values))}
    for fold, value in zip(folds, values, strict=True):
        counts[value][fold] += 1
    return counts
