"""The score of UW-Madison GI tract: Dice of slices, Hausdorff of volumes."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mmseg_medical.evaluation.functional.boundary import (
    as_masks,
    boundary,
    crop_to_union,
    distances_to,
)
from mmseg_medical.evaluation.functional.overlap import dice

DICE_WEIGHT, HAUSDORFF_WEIGHT = 0.4, 0.6


class UWMadisonScore(NamedTuple):
    """The score and its two parts.

    Attributes:
        score: 0.4 Dice + 0.6 (1 - Hausdorff distance), in [0, 1].
        dice: Mean over classes and slices.
        hausdorff: Mean over classes and volumes, in [0, 1].
    """

    score: float
    dice: float
    hausdorff: float


def uw_madison_score(
    counts: ArrayLike, hausdorff: ArrayLike
) -> UWMadisonScore:
    """Combine slices and volumes.

    Rows in which mask and prediction are both empty do not count: the page
    of the competition says 0, the host corrected it (discussion 324934).

    Args:
        counts: (slices, classes, 3 or 4) as :func:`overlap_counts` returns.
        hausdorff: (volumes, classes) as :func:`volume_hausdorff` returns.

    Returns:
        Scores; nan where no row counts.

    Reference: kaggle.com/competitions/uw-madison-gi-tract-image-segmentation
    """
    mean_dice = _mean(dice(counts, empty=np.nan))
    distance = _mean(np.asarray(hausdorff, np.float64))
    return UWMadisonScore(
        DICE_WEIGHT * mean_dice + HAUSDORFF_WEIGHT * (1 - distance),
        mean_dice,
        distance,
    )


def volume_hausdorff(
    pred: NDArray[Any], gt: NDArray[Any], *, max_excess: float = 10.0
) -> float:
    """Hausdorff distance of one class in the unit cube, as a share of √3.

    Of all pixels, not of surfaces: the largest distance from a pixel of one
    mask to the nearest of the other. Coordinates are indices (slices are one
    apart) divided by the shape of the volume.

    The organisers' code is not public. The page of the competition says how
    coordinates are normalised; the division by √3 and the rules for empty
    masks and ``max_excess`` are those of the grader in openai/mle-bench,
    which however joins the classes of a volume; here each has its own.

    Args:
        pred: (D, H, W), all slices of a class on one day of a case; every
            value but 0 is foreground.
        gt: Of the same shape.
        max_excess: A prediction of more pixels than so many times those of
            the mask scores 1.

    Returns:
        Distance in [0, 1]; nan where both masks are empty, 1 where one is.

    Raises:
        ValueError: If the shapes differ or are not (D, H, W).
    """
    pred, gt, _ = as_masks(pred, gt, 1.0)
    if pred.ndim != 3:
        raise ValueError(f'a volume is (D, H, W), got shape {pred.shape}')
    step = 1 / np.array(pred.shape)
    pred_size, gt_size = np.count_nonzero(pred), np.count_nonzero(gt)
    if not pred_size and not gt_size:
        return np.nan
    if not pred_size or not gt_size or pred_size > max_excess * gt_size:
        return 1.0
    pred, gt = crop_to_union(pred, gt)
    # Only what is in one mask alone has a distance to the other, and its
    # nearest pixel there lies on the boundary.
    there = distances_to(pred & ~gt, boundary(gt), step)
    back = distances_to(gt & ~pred, boundary(pred), step)
    return float(max(there.max(initial=0), back.max(initial=0)) / 3**0.5)


def _mean(values: NDArray[np.float64]) -> float:
    """Mean of what is not nan."""
    counted = values[~np.isnan(values)]
    return float(counted.mean()) if counted.size else np.nan
