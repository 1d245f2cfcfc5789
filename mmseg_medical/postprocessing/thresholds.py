"""From probabilities to masks: one threshold, two, or several attempts."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mmseg_medical.errors import InputError
from mmseg_medical.postprocessing._planes import (
    Mask,
    Plane,
    above,
    components,
)


def threshold(probs: Plane, *, mask_thr: float) -> Mask:
    """Pixels whose probability lies above a threshold.

    Args:
        probs: (H, W) float in [0, 1], or uint8, uint16 as maps are stored.
        mask_thr: Threshold in [0, 1].

    Returns:
        (H, W) bool.
    """
    return above(probs, mask_thr)


def triplet(
    probs: Plane, *, top_score_thr: float, min_size: int, mask_thr: float
) -> Mask:
    """A mask where enough pixels are sure, else nothing.

    mask = p > mask_thr  if  #(p > top_score_thr) >= min_size,  else empty

    Args:
        probs: (H, W) as for :func:`threshold`.
        top_score_thr: Probability above which a pixel is sure.
        min_size: Number of pixels that have to be.
        mask_thr: Probability above which a pixel is part of the mask.

    Returns:
        (H, W) bool.

    Reference: 1st place of SIIM-ACR pneumothorax 2019, 0.75, 2000, 0.3
    """
    if np.count_nonzero(above(probs, top_score_thr)) < min_size:
        return np.zeros(probs.shape, bool)
    return above(probs, mask_thr)


def doublet(probs: Plane, *, top_score_thr: float, mask_thr: float) -> Mask:
    """A mask where the maximum lies above a threshold, else nothing.

    Args:
        probs: (H, W) as for :func:`threshold`.
        top_score_thr: What the largest probability has to lie above.
        mask_thr: Probability above which a pixel is part of the mask.

    Returns:
        (H, W) bool.

    Reference: 1st place of UW-Madison GI tract 2022, 0.5, 0.4
    """
    return triplet(
        probs, top_score_thr=top_score_thr, min_size=1, mask_thr=mask_thr
    )


def hysteresis(
    probs: Plane,
    *,
    high: Sequence[float] = (0.35, 0.3, 0.2, 0.1),
    low: Sequence[float] = (0.25, 0.1, 0.05, 0.01),
    min_size: int = 1000,
    connectivity: int = 8,
) -> Mask:
    """Parts above a low threshold that reach a high one, tried again lower.

    Each pair of thresholds is an attempt; the first whose mask has
    ``min_size`` pixels counts, or the last.

    Args:
        probs: (H, W) as for :func:`threshold`.
        high: What some pixel of a part has to lie above, for each attempt.
        low: What all of its pixels lie above; as many.
        min_size: Pixels of a mask that is not tried again.
        connectivity: 4 or 8 neighbours of a pixel.

    Returns:
        (H, W) bool.

    Raises:
        InputError: If there are not as many low thresholds as high ones, or
            a low one lies above its high one.

    Reference: TEAM1137, AI CUP 2022 STAS
    """
    check_pairs(high, low)
    found: Mask = np.zeros(probs.shape, bool)
    for upper, lower in zip(high, low, strict=True):
        labels, sizes, _ = components(above(probs, lower), connectivity)
        kept: NDArray[np.bool_] = np.zeros(len(sizes), bool)
        kept[labels[above(probs, upper)]] = True
        kept[0] = False
        found = kept[labels]
        if sizes[kept].sum() >= min_size:
            break
    return found


def check_pairs(high: Sequence[float], low: Sequence[float]) -> None:
    """Check that each high threshold has a low one, not above it.

    Raises:
        InputError: If not.
    """
    if len(high) != len(low) or any(
        one > two for one, two in zip(low, high, strict=True)
    ):
        raise InputError(
            f'hysteresis has a low threshold for each high one, not above '
            f'it; got high={list(high)}, low={list(low)}'
        )


def argmax(channels: Plane) -> Mask:
    """Masks of the most likely class, the first of several.

    Args:
        channels: (C, H, W) of classes that exclude each other, the background
            first.

    Returns:
        (C - 1, H, W) bool.
    """
    labels = channels.argmax(0)
    found: Mask = labels == np.arange(1, len(channels))[:, None, None]
    return found
