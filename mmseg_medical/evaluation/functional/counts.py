"""One table of joint counts per image, from which every overlap score is made.

Comparing label maps class by class reads each pixel several times; a table of
how often each pair of labels meets takes one pass, whatever is asked of it.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mmseg_medical._compiled import compiled

IntArray = NDArray[np.int64]
Labels = NDArray[Any]
AREAS = ('mask_area', 'predicted_area', 'hit_area', 'counted_area')


def joint_counts(
    pred: Labels, gt: Labels, num_classes: int, *, ignore_index: int = 255
) -> IntArray:
    """Count pixels by their class in the mask and in the prediction.

    Args:
        pred: Class indices of any shape, bool or integer.
        gt: Of the same shape; pixels of ``ignore_index`` do not count,
            whatever the prediction says there.
        num_classes: Number of classes C.
        ignore_index: Label of pixels to leave out.

    Returns:
        (C, C) int64, the confusion matrix: rows are classes of the mask,
        columns classes of the prediction.

    Raises:
        ValueError: If the shapes differ, labels are no integers, or one is
            neither in 0 … C - 1 nor ``ignore_index``.
    """
    if pred.shape != gt.shape:
        raise ValueError(
            f'prediction {pred.shape} and mask {gt.shape} differ in shape'
        )
    pred, gt = _flat(pred, 'prediction'), _flat(gt, 'mask')
    pred_bytes, gt_bytes = _bytes(pred), _bytes(gt)
    if pred_bytes is None or gt_bytes is None:
        table, wrong = _joint_numpy(pred, gt, num_classes, ignore_index)
    else:
        table, wrong = _joint(pred_bytes, gt_bytes, num_classes, ignore_index)
    if wrong:
        _name_wrong_labels(pred, gt, num_classes, ignore_index)
    return table


def overlap_counts(
    pred: Labels, gt: Labels, num_classes: int, *, ignore_index: int = 255
) -> IntArray:
    """Count agreement per class.

    Args:
        pred: (H, W) class indices, or (C, H, W) of 0 and 1 for classes that
            overlap.
        gt: Of the same shape; pixels of ``ignore_index`` do not count, in
            each plane on its own.
        num_classes: Number of classes C.
        ignore_index: Label of pixels to leave out.

    Returns:
        (C, 4) int64: true positives, false positives, false negatives, true
        negatives.

    Raises:
        ValueError: If the shapes differ, there are not C planes, labels are
            no integers, or one is neither in 0 … C - 1 (in 0, 1 for classes
            that overlap) nor ``ignore_index``.
    """
    if pred.ndim == 2 or pred.shape != gt.shape:
        table = joint_counts(pred, gt, num_classes, ignore_index=ignore_index)
        both = np.diag(table)
        only_pred, only_gt = table.sum(0) - both, table.sum(1) - both
        neither = table.sum() - both - only_pred - only_gt
        return np.stack([both, only_pred, only_gt, neither], 1)
    if pred.ndim != 3 or len(pred) != num_classes:
        raise ValueError(
            f'labels of shape {pred.shape} are neither (H, W) class indices '
            f'nor ({num_classes}, H, W), one plane for each of '
            f'{num_classes} classes'
        )
    tables = np.stack(
        [
            joint_counts(*planes, 2, ignore_index=ignore_index)
            for planes in zip(pred, gt, strict=True)
        ]
    )
    return tables[:, [1, 0, 1, 0], [1, 1, 0, 0]]


def areas_of(counts: ArrayLike) -> dict[str, IntArray]:
    """What people know counts by: areas in pixels, by name.

    Args:
        counts: (..., 4) as :func:`overlap_counts` returns them.

    Returns:
        (...) ``mask_area``, ``predicted_area``, ``hit_area`` (both agree) and
        ``counted_area`` (all but what is ignored).
    """
    tp, fp, fn, tn = np.moveaxis(np.asarray(counts), -1, 0)
    areas = tp + fn, tp + fp, tp, tp + fp + fn + tn
    return dict(zip(AREAS, areas, strict=True))


def counts_of(areas: Mapping[str, ArrayLike]) -> IntArray:
    """Counts (..., 4) from areas; the reverse of :func:`areas_of`.

    Raises:
        ValueError: If areas contradict each other.
    """
    mask, predicted, hits, counted = (
        np.asarray(areas[name], np.int64) for name in AREAS
    )
    fp, fn = predicted - hits, mask - hits
    counts = np.stack([hits, fp, fn, counted - hits - fp - fn], -1)
    if (counts < 0).any():
        place = int(np.argwhere(counts < 0)[0][0])
        raise ValueError(f'areas of row {place + 1} contradict each other')
    return counts


def _flat(labels: Labels, name: str) -> Labels:
    """One axis; bool as integers."""
    if labels.dtype.kind not in 'bui':
        raise ValueError(
            f'labels of the {name} are {labels.dtype}, expected integers; '
            'threshold probabilities or take the most likely class first'
        )
    flat = np.ascontiguousarray(labels).reshape(-1)
    return flat.view(np.uint8) if flat.dtype == bool else flat


def _bytes(flat: Labels) -> NDArray[np.uint8] | None:
    """The labels as uint8 on a border of 8 bytes; None if they do not fit."""
    if flat.dtype == np.uint8:
        return flat if flat.ctypes.data % 8 == 0 else flat.copy()
    short = flat.astype(np.uint8)
    return short if np.array_equal(short, flat) else None


def _name_wrong_labels(
    pred: Labels, gt: Labels, n: int, ignore_index: int
) -> None:
    used = gt != ignore_index
    for name, labels, also in (
        ('prediction', pred[used], ''),
        ('mask', gt[used], f' or be {ignore_index}'),
    ):
        if not 0 <= labels.min() <= labels.max() < n:
            raise ValueError(
                f'labels of the {name} must lie in 0 … {n - 1}{also}, found '
                f'{labels.min()} … {labels.max()}; masks of 0 and 255 have '
                'to be mapped to 0 and 1'
            )
    raise AssertionError((n, ignore_index))


def _joint_numpy(
    pred: Labels, gt: Labels, n: int, ignore_index: int
) -> tuple[IntArray, int]:
    used = gt != ignore_index
    pred, gt = pred[used], gt[used]
    wrong = int(((pred < 0) | (pred >= n) | (gt < 0) | (gt >= n)).sum())
    if wrong:
        return np.zeros((n, n), np.int64), wrong
    index = gt.astype(np.int64) * n + pred.astype(np.int64)
    return np.bincount(index, minlength=n * n).reshape(n, n), 0


@compiled(_joint_numpy)
def _joint(
    pred: NDArray[np.uint8], gt: NDArray[np.uint8], n: int, ignore_index: int
) -> tuple[IntArray, int]:
    """Joint counts (n, n) and the number of pixels with a wrong label.

    Labels are read in words of eight. Most words of an image are of one label
    in both maps and count at once; neighbours elsewhere count in two tables
    by turns, so that an addition need not wait for the one before.
    """
    tables = np.zeros((2, n, n), np.int64)
    words = pred.size // 8
    pred_words = pred[: 8 * words].view(np.uint64)
    gt_words = gt[: 8 * words].view(np.uint64)
    ones = np.uint64(0x0101010101010101)
    high = np.uint64(0x80) * ones
    # Added to a label below n, it leaves the high bit of its byte unset.
    room = np.uint64(max(128 - n, 0)) * ones
    wrong = 0
    for word in range(words + 1):
        first = 8 * word
        if word < words:
            p, g = pred_words[word], gt_words[word]
            if ((p | g | (p + room) | (g + room)) & high) == 0:
                a, b = p & np.uint64(0xFF), g & np.uint64(0xFF)
                if p == a * ones and g == b * ones:
                    tables[0, b, a] += 8
                else:
                    for i in range(first, first + 8, 2):
                        tables[0, gt[i], pred[i]] += 1
                        tables[1, gt[i + 1], pred[i + 1]] += 1
                continue
        for i in range(first, min(first + 8, pred.size)):
            if gt[i] == ignore_index:
                continue
            if pred[i] < n and gt[i] < n:
                tables[0, gt[i], pred[i]] += 1
            else:
                wrong += 1
    table = tables[0] + tables[1]
    if 0 <= ignore_index < n:
        table[ignore_index] = 0
    return table, wrong
