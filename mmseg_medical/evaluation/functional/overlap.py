"""Dice and IoU of label maps, each from one count table per image."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]


def overlap_counts(
    pred: NDArray[Any],
    gt: NDArray[Any],
    num_classes: int,
    *,
    ignore_index: int = 255,
) -> IntArray:
    """Count agreement per class.

    Args:
        pred: (H, W) class indices, or (C, H, W) of 0 and 1 for classes that
            overlap.
        gt: Of the same shape; pixels of ``ignore_index`` do not count.
        num_classes: Number of classes C.
        ignore_index: Label of pixels to leave out.

    Returns:
        (C, 3) int64: true positives, false positives, false negatives.

    Raises:
        ValueError: If the shapes differ, or a label is not in 0 … C - 1 (in
            0, 1 for classes that overlap) and not ``ignore_index``.
    """
    if pred.shape != gt.shape:
        raise ValueError(
            f'prediction {pred.shape} and mask {gt.shape} differ in shape'
        )
    if pred.ndim == 3:
        table = np.stack(
            [
                _joint(p, g, 2, ignore_index)
                for p, g in zip(pred, gt, strict=True)
            ]
        )
        return np.stack([table[:, 1, 1], table[:, 0, 1], table[:, 1, 0]], 1)
    table = _joint(pred, gt, num_classes, ignore_index)
    both = np.diag(table)
    return np.stack([both, table.sum(0) - both, table.sum(1) - both], 1)


def _joint(
    pred: NDArray[Any], gt: NDArray[Any], n: int, ignore_index: int
) -> IntArray:
    """Joint counts (gt, pred), (n, n)."""
    used = gt != ignore_index
    pred, gt = pred[used], gt[used]
    for name, labels in (('prediction', pred), ('mask', gt)):
        if labels.size and not (0 <= labels.min() and labels.max() < n):
            raise ValueError(
                f'labels of the {name} must lie in 0 … {n - 1} or be '
                f'{ignore_index}, found {labels.min()} … {labels.max()}; '
                'masks of 0 and 255 have to be mapped to 0 and 1'
            )
    index = gt.astype(np.int64) * n + pred.astype(np.int64)
    return np.bincount(index, minlength=n * n).reshape(n, n)


def dice(counts: ArrayLike, *, empty: float = 1.0) -> FloatArray:
    """Dice coefficient 2 TP / (2 TP + FP + FN).

    Args:
        counts: (..., 3) true positives, false positives, false negatives.
        empty: Value where mask and prediction are both empty.

    Returns:
        (...) float64 in [0, 1].
    """
    tp, fp, fn = np.moveaxis(np.asarray(counts, np.float64), -1, 0)
    return _ratio(2 * tp, 2 * tp + fp + fn, empty)


def iou(counts: ArrayLike, *, empty: float = 1.0) -> FloatArray:
    """Intersection over union TP / (TP + FP + FN); arguments as ``dice``."""
    tp, fp, fn = np.moveaxis(np.asarray(counts, np.float64), -1, 0)
    return _ratio(tp, tp + fp + fn, empty)


def _ratio(part: FloatArray, whole: FloatArray, empty: float) -> FloatArray:
    return np.where(whole > 0, part / np.maximum(whole, 1), empty)
