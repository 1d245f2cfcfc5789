"""Images and masks at another size, whatever their type and channels."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

# Of these OpenCV takes averages.
_AVERAGED = ('uint8', 'uint16', 'int16', 'float32', 'float64')


def resize_image(img: Array, size: tuple[int, int]) -> Array:
    """Resize by the mean over areas, or linearly where a side grows.

    Args:
        img: (H, W) or (H, W, C), integers or floats.
        size: (height, width) in pixels.

    Returns:
        Array of the new size, with the channels and type of ``img``.
    """
    if img.shape[:2] == tuple(size):
        return img
    shrinks = size[0] <= img.shape[0] and size[1] <= img.shape[1]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    kind = img.dtype
    if kind not in _AVERAGED:
        img = img.astype(np.float64)
    planes = img.reshape(*img.shape[:2], -1)
    parts = [  # OpenCV takes areas of four channels at most
        cv2.resize(planes[..., k : k + 4], size[::-1], interpolation=method)
        for k in range(0, planes.shape[2], 4)
    ]
    out = parts[0] if len(parts) == 1 else np.dstack(parts)
    if kind not in _AVERAGED:
        out = (out if kind.kind == 'f' else np.rint(out)).astype(kind)
    return out.reshape(*size, *img.shape[2:])


def resize_labels(mask: Array, size: tuple[int, int]) -> Array:
    """Resize by the nearest pixel, so that no new labels arise.

    Args:
        mask: (H, W) or (H, W, C) of any type.
        size: (height, width) in pixels.

    Returns:
        Array of the new size, with the planes and type of ``mask``.
    """
    for axis in (0, 1):
        old, new = mask.shape[axis], size[axis]
        if old != new:  # the pixel that holds the center of the new one
            nearest = (2 * np.arange(new) + 1) * old // (2 * new)
            mask = mask.take(nearest, axis)
    return mask
