"""Probabilities as whole numbers, which decide as the probabilities do."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

_BAND = 256  # rows


def thresholds(mask_thr: ArrayLike, dtype: Any = np.float64) -> NDArray[Any]:
    """Thresholds (1 or C, 1, 1): one for all channels or one for each."""
    return np.asarray(mask_thr, dtype).reshape(-1, 1, 1)


def quantize(
    probs: NDArray[Any], mask_thr: ArrayLike | None = None, *, bits: int = 8
) -> NDArray[Any]:
    """Probabilities in [0, 1] as 0 … 255, or 0 … 65,535.

    Args:
        probs: (C, H, W) of float.
        mask_thr: Threshold, one for all channels or one for each: a stored
            value lies above it exactly where the probability does, which
            rounding alone would not keep.
        bits: 8 or 16.

    Returns:
        (C, H, W) uint8 or uint16.
    """
    level = np.empty(probs.shape, f'uint{bits}')
    for top in range(0, probs.shape[-2], _BAND):  # not all of it as float64
        rows = np.s_[..., top : top + _BAND, :]
        level[rows] = _quantize(probs[rows], mask_thr, 2**bits - 1)
    return level


def _quantize(
    probs: NDArray[Any], mask_thr: ArrayLike | None, levels: int
) -> NDArray[np.float64]:
    # float64: float32 has no room for the half of 65,535 levels.
    level: NDArray[Any] = np.floor(
        np.multiply(probs, levels, dtype=np.float64) + 0.5
    )
    if mask_thr is not None:
        edge = np.floor(thresholds(mask_thr) * levels)
        above = probs > thresholds(mask_thr, probs.dtype)  # as compared
        level = np.where(
            above, np.maximum(level, edge + 1), np.minimum(level, edge)
        )
    return level


def keep_winner(level: NDArray[Any], probs: NDArray[Any]) -> None:
    """Let the most likely class have the first of the greatest values.

    Rounding makes ties, which would go to the first of the tied classes.

    Args:
        level: (C, H, W) that :func:`quantize` made; changed in place.
        probs: (C, H, W) that it was made of.
    """
    winner = probs.argmax(0)[None]
    top = np.take_along_axis(level, winner, 0)
    classes = np.arange(len(level))[:, None, None]
    level[(level == top) & (classes < winner) & (top > 0)] -= 1
    np.put_along_axis(level, winner, np.maximum(top, 1), 0)
