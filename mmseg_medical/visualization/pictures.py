"""Small pictures of samples, with and without their masks, for pages."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from mmseg_medical.visualization._page import embed_jpeg, render
from mmseg_medical.visualization.overlay import draw_classes, to_bgr

# Pixels of the longer side; small images grow, so that outlines stay thin.
_SIDE = 480
_LEAST = 240
_QUALITY = 82


class Picture(NamedTuple):
    """A sample on a page.

    Attributes:
        name: Its id.
        caption: What is said of it.
        plain: Address of the image.
        drawn: Address of the image with its mask.
    """

    name: str
    caption: str
    plain: str
    drawn: str


def make_picture(
    name: str,
    img: NDArray[Any],
    mask: NDArray[Any] | None,
    *,
    caption: str = '',
    palette: Sequence[Sequence[int]] = (),
    ignore_index: int = 255,
) -> Picture:
    """Make a small picture of a sample.

    Args:
        name: Its id.
        img: (H, W, C), three channels as BGR; of any type.
        mask: (H, W) class indices, (H, W, C) planes of 0 and 1, or None.
        caption: What is said of it.
        palette: [R, G, B] of each class.
        ignore_index: Label of pixels that do not count.
    """
    shown = to_bgr(img)
    longer = max(shown.shape[:2])
    factor = min(1, _SIDE / longer) if longer > _LEAST else _LEAST / longer
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    size = [max(1, round(factor * side)) for side in shown.shape[1::-1]]
    small = cv2.resize(shown, size, interpolation=how)
    drawn = small
    if mask is not None:
        planes = mask[None] if mask.ndim == 2 else mask.transpose(2, 0, 1)
        drawn = draw_classes(
            small,
            planes,
            overlapping=mask.ndim == 3,
            palette=palette,
            ignore_index=ignore_index,
        )
    return Picture(name, caption, _jpeg(small), _jpeg(drawn))


def _jpeg(img: NDArray[np.uint8]) -> str:
    return embed_jpeg(jpeg_bytes(img))


def jpeg_bytes(img: NDArray[np.uint8], quality: int = _QUALITY) -> bytes:
    """A picture (H, W, 3) BGR as a JPEG file, of a quality of 1 to 100."""
    options = [cv2.IMWRITE_JPEG_QUALITY, quality]
    return cv2.imencode('.jpg', img, options)[1].tobytes()


def write_gallery(
    path: str | Path,
    *,
    title: str,
    note: str,
    pictures: Sequence[Picture],
    legend: Mapping[str, Sequence[int]],
) -> Path:
    """Write pictures as one HTML file that needs nothing beside it.

    Args:
        path: HTML file to write.
        title: Heading of the page.
        note: A sentence below the heading.
        pictures: Pictures in their order.
        legend: RGB of each class by its name.

    Returns:
        ``path``.
    """
    return render(
        'gallery.html.j2',
        path,
        title=title,
        note=note,
        pictures=pictures,
        legend={name: tuple(rgb) for name, rgb in legend.items()},
    )
