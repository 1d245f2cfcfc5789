"""Distances between the surfaces of two masks, in physical units."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mmseg_medical.evaluation.functional.boundary import (
    FloatArray,
    Spacing,
    as_masks,
    boundary,
    crop_to_union,
    distances_to,
)


class SurfaceDistances(NamedTuple):
    """Distance of each surface pixel to the surface of the other mask.

    Attributes:
        pred_to_gt: (n,) from the pixels on the surface of the prediction.
        gt_to_pred: (m,) from the pixels on the surface of the mask. Where
            one of the masks is empty, the distances of the other are inf.
    """

    pred_to_gt: FloatArray
    gt_to_pred: FloatArray

    @property
    def both_empty(self) -> bool:
        """Whether neither mask has a surface."""
        return not (self.pred_to_gt.size or self.gt_to_pred.size)

    @property
    def one_empty(self) -> bool:
        """Whether exactly one of the masks has a surface."""
        return bool(self.pred_to_gt.size) != bool(self.gt_to_pred.size)


def surface_distances(
    pred: NDArray[Any], gt: NDArray[Any], *, spacing: Spacing = 1.0
) -> SurfaceDistances:
    """Measure between the surfaces of two masks.

    The surface of a mask are its pixels with a neighbour outside, across an
    edge in 2D and a face in 3D; at the border of the image it is closed.

    Args:
        pred: (H, W) or (D, H, W); every value but 0 is foreground.
        gt: Of the same shape.
        spacing: Distance between the centres of neighbouring pixels, a
            number or one per axis in the order of the axes.

    Returns:
        Distances in the unit of ``spacing``, once per pair of masks for all
        of the scores below.

    Raises:
        ValueError: If the shapes differ, are not of two or three axes, or
            the spacing is not positive or has another number of axes.
    """
    pred, gt, step = as_masks(pred, gt, spacing)
    pred, gt = (boundary(mask) for mask in crop_to_union(pred, gt))
    return SurfaceDistances(
        distances_to(pred, gt, step), distances_to(gt, pred, step)
    )


def hausdorff(
    distances: SurfaceDistances,
    *,
    percentile: float = 100.0,
    pooled: bool = False,
    empty: float = 0.0,
) -> float:
    """Hausdorff distance of two surfaces, or a percentile in its place.

    "Hausdorff 95" has two meanings: the larger one of the percentiles of
    both directions (MONAI), or the percentile of both directions in one pool
    (``pooled=True``; MedPy). Each pixel counts once, where DeepMind's
    surface-distance weights it by the area that it stands for. Percentiles
    are linearly interpolated.

    Args:
        distances: What :func:`surface_distances` returns.
        percentile: 0 to 100; 100 takes the largest distance.
        pooled: Put the distances of both directions into one pool.
        empty: Value where both masks are empty.

    Returns:
        Length in the unit of the distances; inf where one mask is empty.

    Raises:
        ValueError: If ``percentile`` is outside of 0 to 100.
    """
    if not 0 <= percentile <= 100:
        raise ValueError(f'percentile is 0 to 100, got {percentile}')
    if distances.both_empty:
        return empty
    if distances.one_empty:
        return np.inf
    groups = [np.concatenate(distances)] if pooled else distances
    return max(float(np.percentile(group, percentile)) for group in groups)


def average_surface_distance(
    distances: SurfaceDistances, *, empty: float = 0.0
) -> float:
    """Mean distance over the pixels of both surfaces, in one pool.

    Args:
        distances: What :func:`surface_distances` returns.
        empty: Value where both masks are empty.

    Returns:
        Length in the unit of the distances; inf where one mask is empty.
    """
    if distances.both_empty:
        return empty
    return float(np.concatenate(distances).mean())


def surface_dice(
    distances: SurfaceDistances, tolerance: float, *, empty: float = 1.0
) -> float:
    """Share of both surfaces that lies within a tolerance of the other.

    Also called normalised surface distance; each surface pixel counts once.

    Args:
        distances: What :func:`surface_distances` returns.
        tolerance: Largest distance that counts as agreement, in the unit of
            the distances.
        empty: Value where both masks are empty.

    Returns:
        Score in [0, 1]; 0 where one mask is empty.

    Raises:
        ValueError: If ``tolerance`` is negative or not finite.

    Reference: Nikolov et al., J Med Internet Res 23(7), 2021, e26151
    """
    if not 0 <= tolerance < np.inf:
        raise ValueError(f'tolerance is a length, 0 or more, got {tolerance}')
    if distances.both_empty:
        return empty
    return float((np.concatenate(distances) <= tolerance).mean())
