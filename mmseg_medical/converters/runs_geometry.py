"""Join, turn and list runs without painting them."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmseg_medical.converters.runs import (
    IntArray,
    Order,
    Runs,
    merge,
)


def nothing(shape: tuple[int, int], order: Order = 'F') -> Runs:
    """Mask without foreground, of (height, width) in pixels."""
    empty = np.empty(0, np.int64)
    return Runs(empty, empty, shape, order)


def rescan(runs: Runs, order: Order) -> Runs:
    """The same mask, scanned in an order."""
    if runs.order == order:
        return runs
    box = runs.box()
    if box is None:
        return runs._replace(order=order)
    part = Runs.from_mask(runs.crop(*box).to_mask(), order)
    return part.place(box.top, box.left, runs.shape)


def union(masks: Iterable[Runs]) -> Runs:
    """Join masks of one size; in the order in which the first is scanned.

    Raises:
        ValueError: If there are none, or of several sizes.
    """
    several = list(masks)
    if len({runs.shape for runs in several}) != 1:
        raise ValueError(
            f'masks of one size are joined, got {[r.shape for r in several]}'
        )
    first = several[0]
    if len(several) == 1:
        return first
    several = [rescan(runs, first.order) for runs in several]
    starts = np.concatenate([runs.starts for runs in several])
    ends = np.concatenate([runs.ends for runs in several])
    order = np.argsort(starts, kind='stable')
    return Runs(*merge(starts[order], ends[order]), first.shape, first.order)


def pixels(runs: Runs) -> IntArray:
    """Flat index of every foreground pixel, in the order of the runs."""
    lengths = runs.ends - runs.starts
    offset = np.repeat(runs.starts - np.cumsum(lengths) + lengths, lengths)
    return np.arange(lengths.sum()) + offset


def runs_of_labels(labels: NDArray[Any]) -> dict[int, Runs]:
    """Find the runs of every value of a label image in one pass.

    Args:
        labels: (H, W) of integers >= 0; 0 is background.

    Returns:
        Runs down the columns by value, in the order of the values.

    Raises:
        ValueError: If ``labels`` is not (H, W) of integers.
    """
    if labels.ndim != 2 or labels.dtype.kind not in 'bui':
        raise ValueError(
            f'a label image is (H, W) of integers, got shape {labels.shape} '
            f'of {labels.dtype}'
        )
    if labels.size and labels.min() < 0:
        raise ValueError(f'labels are 0 or more, got {labels.min()}')
    shape = (labels.shape[0], labels.shape[1])
    flat = np.ascontiguousarray(labels.T).reshape(-1)
    if not flat.any():
        return {}
    starts = np.flatnonzero(np.append(True, flat[1:] != flat[:-1]))
    ends = np.append(starts[1:], flat.size)
    values = flat[starts]
    order = np.argsort(values, kind='stable')
    order = order[np.count_nonzero(values == 0) :]
    found, first = np.unique(values[order], return_index=True)
    parts = np.split(order, first[1:])
    return {
        int(value): Runs(starts[part], ends[part], shape, 'F')
        for value, part in zip(found, parts, strict=True)
    }
