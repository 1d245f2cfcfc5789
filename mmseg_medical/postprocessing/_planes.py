"""What steps share: probabilities as they are stored, connected parts."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[Any]  # (H, W) float in [0, 1], or uint8, uint16 as stored
Mask = NDArray[np.bool_]


def levels_of(probs: NDArray[Any]) -> float:
    """What a probability of 1 is stored as: 1, 255 or 65,535."""
    if probs.dtype.kind == 'f':
        return 1.0
    return float(np.iinfo(probs.dtype).max)


def above(probs: NDArray[Any], thr: float) -> Mask:
    """Where probabilities lie above a threshold.

    Args:
        probs: Of any shape, float in [0, 1], uint8 or uint16.
        thr: Threshold in [0, 1]; it does not count as above itself.
    """
    found: Mask = probs > thr * levels_of(probs)
    return found


def components(
    mask: Mask, connectivity: int
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """Connected parts of a mask.

    Args:
        mask: (H, W) bool.
        connectivity: 4 or 8 neighbours of a pixel.

    Returns:
        (H, W) labels, 0 where there is no mask, else in the order of the
        first pixel of each part; (n + 1,) pixels of each label, 0 for the
        first; (n + 1, 4) left, top, width and height of its box.
    """
    found: Any = cv2.connectedComponentsWithStats(
        np.ascontiguousarray(mask).view(np.uint8),
        connectivity=connectivity,
        ltype=cv2.CV_32S,
    )
    _, labels, stats, _ = found
    sizes = stats[:, cv2.CC_STAT_AREA].copy()
    sizes[0] = 0
    return labels, sizes, stats[:, :4]
