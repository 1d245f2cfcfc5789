"""Outlines that are smoothed or drawn in."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mmseg_medical.postprocessing._planes import Mask

SHAPES = dict(
    ellipse=cv2.MORPH_ELLIPSE, rect=cv2.MORPH_RECT, cross=cv2.MORPH_CROSS
)


def open_mask(mask: Mask, *, size: int, shape: str = 'ellipse') -> Mask:
    """Remove what is narrower than an element: erosion, then dilation.

    Args:
        mask: (H, W) bool; what lies beyond the image has no influence.
        size: Side of the element in pixels, odd.
        shape: ``'ellipse'``, ``'rect'`` or ``'cross'``.

    Returns:
        (H, W) bool.
    """
    return _morphology(mask, cv2.MORPH_OPEN, size, shape)


def close_mask(mask: Mask, *, size: int, shape: str = 'ellipse') -> Mask:
    """Fill what is narrower than an element: dilation, then erosion.

    Arguments and result are those of :func:`open_mask`.
    """
    return _morphology(mask, cv2.MORPH_CLOSE, size, shape)


def shrink(mask: Mask, *, width: float) -> Mask:
    """Remove the rim of a mask.

    Args:
        mask: (H, W) bool; the border of the image is no outline.
        width: Pixels whose centre is not farther than this from the nearest
            pixel of the background are removed; 0 removes none.

    Returns:
        (H, W) bool.
    """
    if not width or mask.all():
        return mask
    distance = cv2.distanceTransform(
        _bytes(mask), cv2.DIST_L2, cv2.DIST_MASK_PRECISE
    )
    found: Mask = distance > width
    return found


def _morphology(mask: Mask, kind: int, size: int, shape: str) -> Mask:
    element = cv2.getStructuringElement(SHAPES[shape], (size, size))
    found = cv2.morphologyEx(_bytes(mask), kind, element)
    return np.asarray(found, bool)


def _bytes(mask: Mask) -> NDArray[Any]:
    return np.ascontiguousarray(mask).view(np.uint8)
