"""Local contrast of 8- and 16-bit images, gray and colour, by OpenCV."""

import functools
import threading
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def clahe(
    img: Array,
    clip_limit: float = 2.0,
    tile_grid: tuple[int, int] = (8, 8),
    *,
    occupied_range: bool = False,
    bgr: bool = False,
) -> Array:
    """Contrast-limited adaptive histogram equalisation.

    Colour images are equalised in luminance: L of CIELAB with 8 bits, Y of
    YCrCb with 16 bits.

    Args:
        img: (H, W), (H, W, 1) or (H, W, 3), uint8 or uint16.
        clip_limit: Greatest slope of the equalisation, relative to a flat
            histogram; above 0.
        tile_grid: Number of tiles (rows, columns).
        occupied_range: Equalise 256 levels between the least and greatest
            value of the image and give back that range. Without it OpenCV
            takes one bin per value of 65,536; images of 12 bits fill few of
            them, each is cut to one pixel, and the result is an equalisation
            of the values that occur, stretched over all 16 bits.
        bgr: Order of the channels of colour images; False is RGB.

    Returns:
        Array of the same shape and type; ``img`` is not changed.

    Raises:
        ValueError: If type, shape or an argument is none of the above.

    Source: Zuiderveld, Graphics Gems IV, 1994.
    """
    if img.dtype not in (np.uint8, np.uint16):
        raise ValueError(
            f'CLAHE takes uint8 or uint16, got {img.dtype}; map the '
            'intensities first'
        )
    if img.ndim not in (2, 3) or (
        img.ndim == 3 and img.shape[2] not in (1, 3)
    ):
        raise ValueError(
            f'CLAHE takes (H, W), (H, W, 1) or (H, W, 3), got {img.shape}'
        )
    if clip_limit <= 0 or min(tile_grid) < 1:
        raise ValueError(
            f'clip_limit {clip_limit} must be above 0, tile_grid '
            f'{tile_grid} at least (1, 1)'
        )
    if img.ndim == 2 or img.shape[2] == 1:
        gray = np.ascontiguousarray(img).reshape(img.shape[:2])
        out = _equalize(gray, clip_limit, tile_grid, occupied_range)
        return out.reshape(img.shape)
    space = 'LAB' if img.dtype == np.uint8 else 'YCrCb'
    colour = 'BGR' if bgr else 'RGB'
    to, back = (
        getattr(cv2, f'COLOR_{colour}2{space}'),
        getattr(cv2, f'COLOR_{space}2{colour}'),
    )
    planes = list(cv2.split(cv2.cvtColor(img, to)))
    planes[0] = _equalize(planes[0], clip_limit, tile_grid, occupied_range)
    return cv2.cvtColor(cv2.merge(planes), back)


@functools.lru_cache(maxsize=16)
def _equalizer(limit: float, rows: int, columns: int, _thread: int) -> Any:
    """OpenCV's object, kept for its buffers; one per thread."""
    return cv2.createCLAHE(limit, (columns, rows))


def _equalize(
    gray: Array, clip_limit: float, tile_grid: tuple[int, int], narrow: bool
) -> Array:
    equalizer = _equalizer(clip_limit, *tile_grid, threading.get_ident())
    if not narrow:
        return equalizer.apply(gray)
    low, high = int(gray.min()), int(gray.max())
    if low == high:
        return gray.copy()
    level = np.arange(high + 1, dtype=np.int64)
    down = np.round((level - low) * (255 / (high - low))).clip(0)
    up = np.round(low + np.arange(256) * ((high - low) / 255))
    return up.astype(gray.dtype)[equalizer.apply(down.astype(np.uint8)[gray])]
