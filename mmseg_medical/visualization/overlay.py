"""Predictions drawn over images."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]

# RGB, told apart with any colour vision (Okabe & Ito, 2008).
HIT = (0, 158, 115)
FALSE_POSITIVE = (213, 94, 0)
MISS = (0, 114, 178)
WRONG_CLASS = (240, 228, 66)


def draw_overlay(
    img: NDArray[Any],
    pred: NDArray[Any],
    gt: NDArray[Any] | None = None,
    *,
    alpha: float = 0.45,
    ignore_index: int = 255,
) -> Image:
    """Draw a prediction over an image, coloured by right and wrong.

    Hits are green, false positives red, misses blue, foreground of another
    class yellow; without a mask the prediction is green. Outlines of the mask
    are white.

    Args:
        img: (H, W, 3) BGR or (H, W, 1); other types than uint8 are stretched
            to 0 … 255.
        pred: (1, h, w) class indices with 0 as background, or (C, h, w) of 0
            and 1; of any size, it is brought to the size of the image.
        gt: Mask of the same kind, or None.
        alpha: Strength of the colours, 0 to 1.
        ignore_index: Label of pixels to leave out.

    Returns:
        (H, W, 3) uint8 BGR; a new array.
    """
    out = _to_bgr(img)
    size = (out.shape[1], out.shape[0])
    pred = _resize(pred, size)
    if gt is None:
        _tint(out, (pred > 0).any(0), HIT, alpha)
        return out
    gt = _resize(gt, size)
    used = gt != ignore_index
    inside, truth = (pred > 0) & used, (gt > 0) & used
    both = (inside & truth).any(0)
    _tint(out, both & (pred == gt).all(0), HIT, alpha)
    if len(gt) == 1:
        _tint(out, both & (pred != gt).any(0), WRONG_CLASS, alpha)
    else:  # classes overlap: a hit in one may stand beside a miss in another
        _tint(out, both & (pred != gt).any(0), HIT, alpha)
    _tint(out, (truth & ~inside).any(0), MISS, alpha)
    _tint(out, (inside & ~truth).any(0), FALSE_POSITIVE, alpha)
    for plane in truth:
        outlines, _ = cv2.findContours(
            plane.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE
        )
        cv2.drawContours(out, outlines, -1, (255, 255, 255), 1)
    return out


def _to_bgr(img: NDArray[Any]) -> Image:
    if img.dtype != np.uint8:
        low, high = float(img.min()), float(img.max())
        img = (img - low) * (255 / max(high - low, 1e-12))
    img = np.array(img, np.uint8, order='C')
    return cv2.cvtColor(img, cv2.COLOR_GRAY2BGR) if img.shape[2] == 1 else img


def _resize(labels: NDArray[Any], size: tuple[int, int]) -> NDArray[Any]:
    return np.stack(
        [cv2.resize(p, size, interpolation=cv2.INTER_NEAREST) for p in labels]
    )


def _tint(
    img: Image,
    where: NDArray[np.bool_],
    rgb: tuple[int, int, int],
    alpha: float,
) -> None:
    colour = np.array(rgb[::-1])
    img[where] = np.round(img[where] * (1 - alpha) + alpha * colour)
