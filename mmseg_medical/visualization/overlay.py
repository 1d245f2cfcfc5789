"""Masks and predictions drawn over images of any type."""

from collections.abc import Sequence
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

# RGB of classes that name none themselves, of the same origin.
CLASS_COLOURS = (
    *((230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66)),
    *((213, 94, 0), (204, 121, 167), (0, 114, 178)),
)
_IGNORED = (190, 190, 190)
_OUTLINE = 400  # pixels of the image to each pixel of an outline
_SHOWN = (0.5, 99.5)  # percentiles that become black and white


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
        img: (H, W, 3) BGR, (H, W, 1) or (H, W, C) of any type; see
            :func:`to_bgr`.
        pred: (1, h, w) class indices with 0 as background, or (C, h, w) of 0
            and 1; of any size, it is brought to the size of the image.
        gt: Mask of the same kind, or None.
        alpha: Strength of the colours, 0 to 1.
        ignore_index: Label of pixels to leave out.

    Returns:
        (H, W, 3) uint8 BGR; a new array.
    """
    out = to_bgr(img)
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
        cv2.drawContours(out, _outlines(plane), -1, (255, 255, 255), 1)
    return out


def draw_classes(
    img: NDArray[Any],
    mask: NDArray[Any],
    *,
    overlapping: bool | None = None,
    palette: Sequence[Sequence[int]] = (),
    alpha: float = 0.35,
    ignore_index: int = 255,
) -> Image:
    """Draw a mask over an image, each class in its colour with its outline.

    Where classes share pixels, their colours mix and their outlines cross.
    Pixels that do not count are striped.

    Args:
        img: As in :func:`draw_overlay`.
        mask: (1, h, w) class indices with 0 as background, or (C, h, w) of 0
            and 1; of any size, it is brought to the size of the image.
        overlapping: Whether the mask is planes of classes; by default those
            of more than one plane are.
        palette: As in :func:`class_colour`.
        alpha: Strength of the colours, 0 to 1.
        ignore_index: Label of pixels that do not count.

    Returns:
        (H, W, 3) uint8 BGR; a new array.
    """
    out = to_bgr(img)
    mask = _resize(mask, (out.shape[1], out.shape[0]))
    stripes = np.add.outer(*map(np.arange, out.shape[:2])) % 8 < 2
    _tint(out, (mask == ignore_index).all(0) & stripes, _IGNORED, 1)
    overlapping = len(mask) > 1 if overlapping is None else overlapping
    if overlapping:
        classes = {k: plane == 1 for k, plane in enumerate(mask)}
    else:
        labels = np.unique(mask).tolist()
        used = [k for k in labels if k not in (0, ignore_index)]
        classes = {k: mask[0] == k for k in used}
    outlines = []
    for k, plane in classes.items():
        rgb = class_colour(k, palette, overlapping=overlapping)
        _tint(out, plane, rgb, alpha)
        outlines.append((rgb, _outlines(plane)))
    width = max(1, round(max(out.shape) / _OUTLINE))
    for rgb, found in outlines:
        cv2.drawContours(out, found, -1, rgb[::-1], width)
    return out


def class_colour(
    label: int,
    palette: Sequence[Sequence[int]] = (),
    *,
    overlapping: bool = False,
) -> tuple[int, ...]:
    """RGB of a class; colours of our own repeat, darker each time.

    Args:
        label: Number of the class.
        palette: [R, G, B] of each class, the background's among them where
            classes do not overlap; () for colours of our own.
        overlapping: Whether classes may share pixels: none is a background.
    """
    if label < len(palette):
        return tuple(palette[label])
    turn, place = divmod(
        label if overlapping else label - 1, len(CLASS_COLOURS)
    )
    return tuple(round(part * 0.7**turn) for part in CLASS_COLOURS[place])


def legend_of(
    classes: Sequence[str],
    palette: Sequence[Sequence[int]] = (),
    *,
    overlapping: bool = False,
) -> dict[str, tuple[int, ...]]:
    """RGB in which :func:`draw_classes` draws each class, by its name.

    Args:
        classes: Names of classes; the first is the background unless they
            overlap.
        palette: As in :func:`class_colour`.
        overlapping: Whether classes may share pixels.
    """
    return {
        name: class_colour(k, palette, overlapping=overlapping)
        for k, name in enumerate(classes)
        if k or overlapping
    }


def to_bgr(img: NDArray[Any]) -> Image:
    """Bring an image of any type to what a screen shows.

    8 bits stay as they are. Other types are stretched between the 0.5th and
    the 99.5th percentile. Of two, four and more channels, as neighbouring
    slices, the middle one is shown.

    Args:
        img: (H, W) or (H, W, C); three channels are BGR.

    Returns:
        (H, W, 3) uint8; a new array.
    """
    img = img[..., None] if img.ndim == 2 else img
    if img.shape[2] not in (1, 3):
        middle = img.shape[2] // 2
        img = img[..., middle : middle + 1]
    if img.dtype != np.uint8:
        img = _stretch(img)
    img = np.array(img, np.uint8, order='C')
    return cv2.cvtColor(img, cv2.COLOR_GRAY2BGR) if img.shape[2] == 1 else img


def shrink(img: NDArray[Any], max_size: int) -> Image:
    """Bring an image of any type to what a screen shows, in a small size.

    Of a large image only every n-th pixel is read, at least twice as many as
    come out, so that little memory is taken.

    Args:
        img: As in :func:`to_bgr`.
        max_size: Pixels of the longer side; smaller images keep their size.

    Returns:
        (H, W, 3) uint8 BGR; a new array.
    """
    height, width = img.shape[:2]
    longer = max(height, width)
    step = max(1, longer // (2 * max_size))
    out = to_bgr(img[::step, ::step])
    factor = min(1, max_size / longer)
    size = [max(1, round(factor * side)) for side in (width, height)]
    if size == [out.shape[1], out.shape[0]]:
        return out
    return np.asarray(cv2.resize(out, size, interpolation=cv2.INTER_AREA))


def _stretch(img: NDArray[Any]) -> NDArray[Any]:
    """Values between 0 and 255; what is no number becomes 0."""
    img = img.astype(np.float32)
    finite = img[np.isfinite(img)]
    if not finite.size:
        return np.zeros_like(img)
    low, high = np.percentile(finite, _SHOWN)
    if low == high:  # a few bright pixels on nothing
        low, high = finite.min(), finite.max()
    img = (np.nan_to_num(img, nan=low) - low) / max(high - low, 1e-12)
    return np.clip(img, 0, 1) * 255


def _outlines(plane: NDArray[np.bool_]) -> Sequence[Any]:
    pixels = plane.astype(np.uint8)
    return cv2.findContours(pixels, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)[0]


def _resize(labels: NDArray[Any], size: tuple[int, int]) -> NDArray[Any]:
    """Nearest neighbours, of any type."""
    width, height = size
    if labels.shape[1:] == (height, width):
        return labels
    rows = np.arange(height) * labels.shape[1] // height
    columns = np.arange(width) * labels.shape[2] // width
    return labels[:, rows[:, None], columns]


def _tint(
    img: Image,
    where: NDArray[np.bool_],
    rgb: tuple[int, int, int],
    alpha: float,
) -> None:
    colour = np.array(rgb[::-1])
    img[where] = np.round(img[where] * (1 - alpha) + alpha * colour)
