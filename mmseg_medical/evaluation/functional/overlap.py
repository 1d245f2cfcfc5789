"""Scores of overlap, each a ratio of the counts of a class."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]


def dice(counts: ArrayLike, *, empty: float = 1.0) -> FloatArray:
    """Dice coefficient 2 TP / (2 TP + FP + FN).

    Args:
        counts: (..., 3 or 4) true positives, false positives, false
            negatives, as :func:`overlap_counts` returns them.
        empty: Value where mask and prediction are both empty; nan marks
            what a mean shall leave out.

    Returns:
        (...) float64 in [0, 1].
    """
    tp, fp, fn = _columns(counts)[:3]
    return _ratio(2 * tp, 2 * tp + fp + fn, empty)


def iou(counts: ArrayLike, *, empty: float = 1.0) -> FloatArray:
    """Intersection over union TP / (TP + FP + FN); arguments as ``dice``."""
    tp, fp, fn = _columns(counts)[:3]
    return _ratio(tp, tp + fp + fn, empty)


def precision(counts: ArrayLike, *, empty: float = np.nan) -> FloatArray:
    """Share of the prediction that is right, TP / (TP + FP).

    Args:
        counts: (..., 3 or 4) as for :func:`dice`.
        empty: Value where nothing is predicted.

    Returns:
        (...) float64 in [0, 1].
    """
    tp, fp = _columns(counts)[:2]
    return _ratio(tp, tp + fp, empty)


def sensitivity(counts: ArrayLike, *, empty: float = np.nan) -> FloatArray:
    """Share of the mask that is found (recall), TP / (TP + FN).

    Args:
        counts: (..., 3 or 4) as for :func:`dice`.
        empty: Value where the mask is empty.

    Returns:
        (...) float64 in [0, 1].
    """
    tp, _, fn = _columns(counts)[:3]
    return _ratio(tp, tp + fn, empty)


def specificity(counts: ArrayLike, *, empty: float = np.nan) -> FloatArray:
    """Share of the background that is left alone, TN / (TN + FP).

    Args:
        counts: (..., 4) true positives, false positives, false negatives,
            true negatives.
        empty: Value where the mask covers everything.

    Returns:
        (...) float64 in [0, 1].
    """
    _, fp, _, tn = _columns(counts)
    return _ratio(tn, tn + fp, empty)


def presence(counts: ArrayLike) -> IntArray:
    """Counts of images instead of pixels: is there any foreground at all?

    Summed over images, they give :func:`sensitivity` and :func:`specificity`
    of finding the images that have foreground.

    Args:
        counts: (..., 3 or 4) of pixels, as for :func:`dice`.

    Returns:
        (..., 4) int64 of zeros and a single one, in the order of
        :func:`overlap_counts`.
    """
    tp, fp, fn = _columns(counts)[:3]
    in_gt, in_pred = tp + fn > 0, tp + fp > 0
    return np.stack(
        [
            in_gt & in_pred,
            ~in_gt & in_pred,
            in_gt & ~in_pred,
            ~in_gt & ~in_pred,
        ],
        -1,
    ).astype(np.int64)


def nan_mean(values: FloatArray) -> FloatArray:
    """Mean over the first axis of what is not nan; nan if nothing is."""
    counted = ~np.isnan(values)
    total, count = np.where(counted, values, 0).sum(0), counted.sum(0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _columns(counts: ArrayLike) -> FloatArray:
    return np.moveaxis(np.asarray(counts, np.float64), -1, 0)


def _ratio(part: FloatArray, whole: FloatArray, empty: float) -> FloatArray:
    return np.where(whole > 0, part / np.maximum(whole, 1), empty)
