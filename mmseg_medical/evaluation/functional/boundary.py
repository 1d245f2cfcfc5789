"""Where masks begin and end, as points with physical coordinates."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

Mask = NDArray[np.bool_]
FloatArray = NDArray[np.float64]
Spacing = float | Sequence[float]


def as_masks(
    pred: NDArray[Any], gt: NDArray[Any], spacing: Spacing
) -> tuple[Mask, Mask, FloatArray]:
    """Check a pair of masks and the distance between their pixels.

    Args:
        pred: (H, W) or (D, H, W); every value but 0 is foreground.
        gt: Of the same shape.
        spacing: Distance between neighbouring pixels, a number or one per
            axis in the order of the axes.

    Returns:
        Both masks as bool, and the spacing as (ndim,) float64.

    Raises:
        ValueError: If the shapes differ, are not of two or three axes, or
            the spacing is not positive or has another number of axes.
    """
    if pred.shape != gt.shape or pred.ndim not in (2, 3):
        raise ValueError(
            f'prediction {pred.shape} and mask {gt.shape} must have the same '
            'shape, (H, W) or (D, H, W)'
        )
    step = np.atleast_1d(np.asarray(spacing, np.float64))
    fits = step.ndim == 1 and step.size in (1, pred.ndim)
    if not fits or not (np.isfinite(step) & (step > 0)).all():
        raise ValueError(
            f'spacing {spacing} does not fit masks of shape {pred.shape}: '
            'expected a positive length, or one per axis in their order'
        )
    return (
        pred.astype(bool, copy=False),
        gt.astype(bool, copy=False),
        np.broadcast_to(step, pred.ndim),
    )


def crop_to_union(pred: Mask, gt: Mask) -> tuple[Mask, Mask]:
    """Cut off the margin that is empty in both masks.

    Distances do not depend on it, and most images are mostly margin.

    Args:
        pred: Mask of any number of axes.
        gt: Of the same shape.

    Returns:
        Views of the same size, of no pixel where both masks are empty.
    """
    union = pred | gt
    for axis in range(union.ndim):
        others = tuple(k for k in range(union.ndim) if k != axis)
        filled = np.flatnonzero(union.any(others))
        first, last = (filled[0], filled[-1]) if filled.size else (0, -1)
        box = (slice(None),) * axis + (slice(first, last + 1),)
        union, pred, gt = union[box], pred[box], gt[box]
    return pred, gt


def boundary(mask: Mask) -> Mask:
    """Pixels of a mask with a neighbour outside, across edges (2D) or faces.

    What lies beyond the border of the array counts as outside.

    Args:
        mask: Bool, of any number of axes.

    Returns:
        Bool of the same shape.
    """
    inner = mask.copy()
    for axis in range(mask.ndim):
        here, there = np.moveaxis(inner, axis, 0), np.moveaxis(mask, axis, 0)
        here[1:] &= there[:-1]
        here[:-1] &= there[1:]
        here[:1] = here[-1:] = False
    return mask & ~inner


def distances_to(mask: Mask, target: Mask, spacing: FloatArray) -> FloatArray:
    """Distance of each pixel of a mask to the nearest pixel of another.

    Args:
        mask: Bool, n pixels.
        target: Bool, of the same shape.
        spacing: (ndim,) distance between neighbouring pixels.

    Returns:
        (n,) in the unit of the spacing; inf where ``target`` is empty.
    """
    if not target.any():
        return np.full(np.count_nonzero(mask), np.inf)
    # An unbalanced tree is built faster than it would save in the queries.
    tree = KDTree(
        np.argwhere(target) * spacing, leafsize=32, balanced_tree=False
    )
    apart = ~target[mask]  # the others are at distance 0
    distances = np.zeros(apart.size)
    points = np.argwhere(mask & ~target) * spacing
    distances[apart] = tree.query(points)[0]
    return distances
