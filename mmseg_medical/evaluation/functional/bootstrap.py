"""How far a mean over images can be trusted."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mmseg_medical.evaluation.functional.overlap import nan_mean

FloatArray = NDArray[np.float64]

_BLOCK = 1 << 20  # draws at a time


class Interval(NamedTuple):
    """A confidence interval.

    Attributes:
        low: Lower end.
        high: Upper end.
    """

    low: float
    high: float


def bootstrap_mean(
    scores: ArrayLike,
    *,
    confidence: float = 0.95,
    groups: Sequence[Any] | None = None,
    resamples: int = 2000,
    seed: int = 0,
) -> Interval:
    """Confidence interval of a mean over images, by the percentile bootstrap.

    Images are drawn with replacement, as many as there are, and the mean is
    taken anew. Images of one patient are alike: with ``groups``, patients
    are drawn with all of their images, which makes the interval as wide as it
    has to be. The order of the images has no influence.

    Args:
        scores: (images,), or (images, classes) for the mean over classes of
            the mean over images; nan is left out.
        confidence: Share of the resampled means inside, in (0, 1).
        groups: One label per image; images of one label are drawn together.
        resamples: Number of resampled means.
        seed: Of the draws.

    Returns:
        Ends of the interval; nan where no score counts.

    Raises:
        ValueError: If ``confidence`` is not in (0, 1), ``resamples`` is
            below 1, or the numbers of scores and groups differ.

    Reference: Efron & Tibshirani, An Introduction to the Bootstrap, 1993, 13
    """
    values = np.asarray(scores, np.float64)
    values = values[:, None] if values.ndim == 1 else values
    counted = ~np.isnan(values)
    return bootstrap_ratio(
        np.where(counted, values, 0),
        counted,
        confidence=confidence,
        groups=groups,
        resamples=resamples,
        seed=seed,
    )


def bootstrap_ratio(
    parts: ArrayLike,
    wholes: ArrayLike,
    *,
    confidence: float = 0.95,
    groups: Sequence[Any] | None = None,
    resamples: int = 2000,
    seed: int = 0,
) -> Interval:
    """Confidence interval of a sum divided by a sum, as of a pooled Dice.

    Args:
        parts: Numerators of each image, (images,), or (images, classes) for
            the mean over classes.
        wholes: Denominators of the same shape, 0 or at least 1.
        confidence: As of :func:`bootstrap_mean`, as are the others.
        groups: One label per image; images of one label are drawn together.
        resamples: Number of resampled ratios.
        seed: Of the draws.

    Returns:
        Ends of the interval; nan where nothing counts.

    Raises:
        ValueError: As :func:`bootstrap_mean`.
    """
    if not 0 < confidence < 1 or resamples < 1:
        raise ValueError(
            f'confidence is in (0, 1) and resamples 1 or more, got '
            f'{confidence} and {resamples}'
        )
    sums, sizes = (_by_group(terms, groups) for terms in (parts, wholes))
    drawn = np.flatnonzero(sizes.any(1))
    if not drawn.size:
        return Interval(np.nan, np.nan)
    order = np.lexsort(np.concatenate([sums, sizes], 1)[drawn].T)
    drawn = drawn[order]
    means = _resampled_means(sums[drawn], sizes[drawn], resamples, seed)
    tail = (1 - confidence) / 2
    low, high = np.nanquantile(means, [tail, 1 - tail])
    return Interval(float(low), float(high))


def bootstrap_gain(
    before: tuple[ArrayLike, ArrayLike],
    after: tuple[ArrayLike, ArrayLike],
    *,
    confidence: float = 0.95,
    groups: Sequence[Any] | None = None,
    resamples: int = 2000,
    seed: int = 0,
) -> Interval:
    """Confidence interval of the difference of two scores of the same images.

    A score is a mean over classes of a sum divided by a sum, as of the Dice
    of images and their number. Both scores are taken of the same drawn
    images, so that what is hard for both does not count.

    Args:
        before: Numerators and denominators of each image, (images, classes).
        after: The same of the other score.
        confidence: As of :func:`bootstrap_mean`, as are the others.
        groups: One label per image; images of one label are drawn together.
        resamples: Number of resampled differences.
        seed: Of the draws.

    Returns:
        Ends of the interval of ``after`` minus ``before``; nan where no
        score counts.
    """
    sums = [
        _by_group(np.concatenate(terms, -1), groups)
        for terms in zip(before, after, strict=True)
    ]
    parts, wholes = _resampled(sums[0], sums[1], resamples, seed)
    scores = np.where(wholes > 0, parts / np.maximum(wholes, 1e-300), np.nan)
    first, second = np.split(scores, 2, -1)
    gains = nan_mean((second - first).T)
    if np.isnan(gains).all():
        return Interval(np.nan, np.nan)
    tail = (1 - confidence) / 2
    low, high = np.nanquantile(gains, [tail, 1 - tail])
    return Interval(float(low), float(high))


def _by_group(terms: ArrayLike, groups: Sequence[Any] | None) -> FloatArray:
    """Sums of what the images of each group have, (groups, classes)."""
    values = np.asarray(terms, np.float64)
    values = values[:, None] if values.ndim == 1 else values
    if groups is None:
        return values
    if len(groups) != len(values):
        raise ValueError(
            f'{len(values)} scores and {len(groups)} groups; there has to be '
            'one group per image'
        )
    place = {label: k for k, label in enumerate(dict.fromkeys(groups))}
    sums = np.zeros((len(place), values.shape[1]))
    np.add.at(sums, [place[label] for label in groups], values)
    return sums


def _resampled_means(
    sums: FloatArray, sizes: FloatArray, resamples: int, seed: int
) -> FloatArray:
    """(resamples,) means over classes of the means over drawn groups."""
    total, count = _resampled(sums, sizes, resamples, seed)
    by_class = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    found = (count > 0).sum(1)
    means: FloatArray = np.nansum(by_class, 1) / np.maximum(found, 1)
    return means


def _resampled(
    sums: FloatArray, sizes: FloatArray, resamples: int, seed: int
) -> tuple[FloatArray, FloatArray]:
    """Both, (groups, classes), summed over drawn groups: (resamples, …)."""
    rng = np.random.default_rng(seed)
    n = len(sums)
    totals, counts = [], []
    step = max(_BLOCK // n, 1)
    for first in range(0, resamples, step):
        size = min(step, resamples - first)
        draws = rng.integers(n, size=(size, n))
        draws += n * np.arange(size)[:, None]
        times = np.bincount(draws.reshape(-1), minlength=size * n)
        times = times.reshape(size, n)
        totals.append(times @ sums)
        counts.append(times @ sizes)
    return np.concatenate(totals), np.concatenate(counts)
