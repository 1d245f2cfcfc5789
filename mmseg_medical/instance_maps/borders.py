"""Pixels at the borders of instances, and where they touch."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mmseg_medical.instance_maps._boxes import ranks

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


def _ids(inst_map: IntArray) -> NDArray[Any]:
    """Ids as numbers that OpenCV's morphology takes, 0 in the background."""
    ids = np.maximum(inst_map, 0)
    if ids.max() >= 2**24:  # which float32 cannot tell apart
        ids, _ = ranks(ids)
    small = ids.max() < np.iinfo(np.uint16).max
    return ids.astype(np.uint16 if small else np.float32)


def _window(reach: int) -> NDArray[np.uint8]:
    return np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
