"""Probabilities of several models as those of one."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mmseg_medical.errors import InputError

Probs = NDArray[np.float32]
METHODS = ('mean', 'geometric', 'rank', 'max')


def check_weights(
    weights: Sequence[float] | None, count: int, method: str = 'mean'
) -> list[float]:
    """Weights of models with a sum of 1.

    Args:
        weights: One for each, 0 or more; None weighs all alike.
        count: Number of models.
        method: One of :data:`METHODS`.

    Raises:
        InputError: If there is no such method, or it has no weights; or they
            are not one for each, one is negative or no number, or all are 0.
    """
    if method not in METHODS:
        raise InputError(f'{method!r} is none of {", ".join(METHODS)}')
    if not count:
        raise InputError('there are no members; name one folder or more')
    if weights is None:
        return [1 / count] * count
    if method == 'max':
        raise InputError('a maximum has no weights; leave them out')
    total = sum(weights)
    if (
        len(weights) != count
        or not all(0 <= w < np.inf for w in weights)
        or not 0 < total < np.inf
    ):
        raise InputError(
            f'there is one weight of 0 or more, and one above 0, for each of '
            f'{count} members, got {list(weights)}'
        )
    return [w / total for w in weights]


def merge(
    parts: Sequence[Probs],
    weights: Sequence[float],
    method: str = 'mean',
    *,
    exclusive: bool = False,
) -> Probs:
    """Probabilities of several models as one.

    The geometric mean is the product of p ** weight, so that each model has a
    veto. Means of ranks are made by :class:`Ranks`.

    Args:
        parts: (C, H, W) of each model, in [0, 1].
        weights: Of each, with a sum of 1; not used by ``'max'``.
        method: ``'mean'``, ``'geometric'`` or ``'max'``.
        exclusive: The C classes exclude each other: what is not their mean is
            divided by its sum. Where that is 0, the mean is taken.

    Returns:
        (C, H, W) in [0, 1].
    """
    if method == 'max':
        total = np.maximum.reduce(list(parts))
    elif method == 'geometric':
        total = np.ones_like(parts[0])
        for probs, weight in zip(parts, weights, strict=True):
            total *= probs ** np.float32(weight)
    else:
        return _mean(parts, weights)
    if exclusive:
        whole = total.sum(0)
        total = np.where(
            whole > 0,
            total / np.where(whole > 0, whole, 1),
            _mean(parts, weights),
        )
    return total


def _mean(parts: Sequence[Probs], weights: Sequence[float]) -> Probs:
    total = parts[0] * np.float32(weights[0])
    for probs, weight in zip(parts[1:], weights[1:], strict=True):
        total = total + probs * np.float32(weight)
    return total


class Ranks:
    """Mean of the ranks of pixels, brought back to probabilities.

    A pixel's rank is the share of all pixels of a test that a model gives a
    lower probability, and half of those with the same. The mean of ranks
    becomes the probability that models with such ranks give on (weighted)
    average, so that thresholds keep their meaning; of a single model the
    probabilities are its own.

    Args:
        counts: (C, levels) pixels of each stored level, of each model.
        weights: Of each model, with a sum of 1.
    """

    def __init__(
        self, counts: Sequence[NDArray[np.int64]], weights: Sequence[float]
    ) -> None:
        self.weights = weights
        self.tables = [
            (np.cumsum(one, 1) - one / 2) / one.sum(1, keepdims=True)
            for one in counts
        ]
        self.back = [
            self._knots([one[k] for one in counts], k)
            for k in range(len(counts[0]))
        ]

    def _knots(
        self, counts: Sequence[NDArray[np.int64]], k: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean ranks of a class, and probabilities at them."""
        seen = [np.flatnonzero(one) for one in counts]
        ranks = [t[k][at] for t, at in zip(self.tables, seen, strict=True)]
        knots = np.unique(np.concatenate(ranks))
        probs = np.zeros(len(knots))
        for x, at, one, weight in zip(
            ranks, seen, counts, self.weights, strict=True
        ):
            probs += weight * np.interp(knots, x, at / (len(one) - 1))
        return knots, probs

    def __call__(self, parts: Sequence[NDArray[np.integer]]) -> Probs:
        """Probabilities (C, H, W) from the stored levels of each model."""
        total = np.zeros(parts[0].shape)
        for levels, table, weight in zip(
            parts, self.tables, self.weights, strict=True
        ):
            for k, plane in enumerate(levels):
                total[k] += weight * table[k][plane]
        for k, (knots, probs) in enumerate(self.back):
            total[k] = np.interp(total[k], knots, probs)
        return total.astype(np.float32)
