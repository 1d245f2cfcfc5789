"""Targets from maps of instances: their borders, and how deep pixels lie."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

IntArray = NDArray[np.int32]
Mask = NDArray[np.bool_]


def border_pixels(inst_map: IntArray, width: int = 1) -> Mask:
    """Pixels of objects that lie near a pixel which is not of their object.

    The border of the image is no border of an object.

    Args:
        inst_map: (H, W) ids from 1 on; 0 and less are background.
        width: How near, in pixels, in rows and in columns.

    Returns:
        (H, W) bool.

    Example:
        >>> border_pixels(np.array([[1, 1, 1, 2, 2, 2]], np.int32)).astype(int)
        array([[0, 0, 1, 1, 0, 0]])
    """
    ids = _ids(inst_map)
    window = _window(width)
    # Outside of the image OpenCV takes what changes neither of them.
    inside = cv2.erode(ids, window) == cv2.dilate(ids, window)
    border: Mask = (inst_map > 0) & ~inside
    return border


def touching_pixels(inst_map: IntArray, reach: int = 2) -> Mask:
    """Pixels, of objects or between them, that lie near two objects.

    Args:
        inst_map: (H, W) ids from 1 on; 0 and less are background.
        reach: How near, in pixels, in rows and in columns.

    Returns:
        (H, W) bool.

    Example:
        >>> inst_map = np.array([[1, 1, 0, 2, 2]], np.int32)
        >>> touching_pixels(inst_map, 1).astype(int)
        array([[0, 0, 1, 0, 0]])
    """
    ids = _ids(inst_map)
    window = _window(reach)
    largest = cv2.dilate(ids, window)
    top = np.inf if ids.dtype.kind == 'f' else np.iinfo(ids.dtype).max
    ids[ids == 0] = top
    touching: Mask = (cv2.erode(ids, window) < largest) & (largest > 0)
    return touching


def distance_map(inst_map: IntArray) -> NDArray[np.float32]:
    """Depth of each pixel in its object, as a share of the greatest there.

    The depth is the Euclidean distance to the nearest pixel of another object
    or of the background; what lies outside of the image is not known, and
    counts as the same object.

    Args:
        inst_map: (H, W) ids from 1 on; 0 and less are background.

    Returns:
        (H, W) in [0, 1]: 0 in the background, 1 in the middle of an object.

    Example:
        >>> distance_map(np.array([[0, 1, 1, 1, 1, 0]], np.int32)).tolist()
        [[0.0, 0.5, 1.0, 1.0, 0.5, 0.0]]
    """
    height, width = inst_map.shape
    out = np.zeros((height, width), np.float32)
    known = np.maximum(inst_map, 0)
    for number, place in enumerate(ndimage.find_objects(known), 1):
        if place is None:
            continue
        rows, columns = place
        window = (  # with a rim that is not of the object
            slice(max(rows.start - 1, 0), rows.stop + 1),
            slice(max(columns.start - 1, 0), columns.stop + 1),
        )
        own = inst_map[window] == number
        if own.all():
            out[window] = 1
            continue
        depth = cv2.distanceTransform(
            own.view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE
        )
        np.maximum(out[window], depth / depth.max(), out=out[window])
    return out


def _ids(inst_map: IntArray) -> NDArray[Any]:
    """Ids as numbers that OpenCV's morphology takes, 0 in the background."""
    ids = np.maximum(inst_map, 0)
    small = ids.max() < np.iinfo(np.uint16).max
    return ids.astype(np.uint16 if small else np.float32)


def _window(reach: int) -> NDArray[np.uint8]:
    return np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
