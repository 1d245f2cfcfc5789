"""Objects that touch, divided at their waists."""

from heapq import heapify, heappop, heappush
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mmseg_medical._compiled import compiled
from mmseg_medical.postprocessing._planes import Mask, components


def watershed(mask: Mask, *, min_distance: int = 5) -> Mask:
    """Divide round objects that touch each other.

    The distance to the background is flooded downwards from its peaks; where
    two floods meet, a line of pixels is removed, so that no pixel of one
    object is among the eight neighbours of another.

    Args:
        mask: (H, W) bool.
        min_distance: Pixels between two peaks; a peak is at least half as far
            from the background.

    Returns:
        (H, W) bool.

    Reference: Meyer, Color image segmentation, ICIP 1992; the floods are
        those of ``skimage.segmentation.watershed``
    """
    labels = divide(mask, min_distance)
    highest = cv2.dilate(labels.astype(np.float32), np.ones((3, 3)))
    found: Mask = mask & ((labels == 0) | (labels == highest))
    return found


def divide(mask: Mask, min_distance: int) -> NDArray[np.int32]:
    """Labels (H, W) of the floods of :func:`watershed`."""
    if not mask.any() or mask.all():
        return mask.astype(np.int32)
    distance: Any = cv2.distanceTransform(
        np.ascontiguousarray(mask).view(np.uint8),
        cv2.DIST_L2,
        cv2.DIST_MASK_PRECISE,
    )
    # A plateau between two pixels has one top.
    distance = cv2.GaussianBlur(distance, (0, 0), 1)
    return flood(-distance, peaks(distance, min_distance), mask)


def peaks(
    distance: NDArray[np.float32], min_distance: int
) -> NDArray[np.int32]:
    """Label the highest points of a surface.

    Args:
        distance: (H, W).
        min_distance: Pixels within which there is nothing higher; lower
            points than half of it are none.

    Returns:
        (H, W) labels 1 to n, 0 elsewhere.
    """
    side = 2 * min_distance + 1
    highest = cv2.dilate(distance, np.ones((side, side), np.uint8))
    tops = (distance == highest) & (distance >= max(min_distance / 2, 0.5))
    return components(tops, 8)[0]


def flood(
    surface: NDArray[np.float32],
    markers: NDArray[np.int32],
    mask: Mask,
    *,
    connectivity: int = 8,
) -> NDArray[np.int32]:
    """Flood a surface from markers, the lowest pixel first.

    Args:
        surface: (H, W).
        markers: (H, W) labels, 0 where there is no marker.
        mask: (H, W) bool, what is flooded.
        connectivity: 4 or 8 neighbours of a pixel.

    Returns:
        (H, W) labels; 0 outside of the mask, and where no flood gets to.
    """
    padded = np.pad(np.where(mask, markers, -1), 1, constant_values=-1)
    labels = padded.astype(np.int32)
    width = labels.shape[1]
    # The nearest neighbours come first.
    corners = [-width - 1, 1 - width, width - 1, width + 1]
    steps = np.array([-width, -1, 1, width, *corners])[:connectivity]
    _flood(np.pad(surface, 1).reshape(-1), labels.reshape(-1), steps)
    return np.maximum(labels[1:-1, 1:-1], 0)


def _flood_python(
    surface: NDArray[Any], labels: NDArray[np.int32], steps: NDArray[np.int64]
) -> None:
    """Fill the zeros of ``labels``; of one height, the first met is first."""
    queue = [
        (surface[i], np.int64(0), np.int64(i))
        for i in np.flatnonzero(labels > 0)
    ]
    heapify(queue)
    age = np.int64(0)
    while len(queue) > 0:
        _, _, i = heappop(queue)
        for step in steps:
            j = i + step
            if labels[j] == 0:
                labels[j] = labels[i]
                age += 1
                heappush(queue, (surface[j], age, j))


_flood = compiled(_flood_python)(_flood_python)
