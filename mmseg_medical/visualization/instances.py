"""Outlines of instances over an image."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmseg_medical.evaluation.functional import instance_overlaps
from mmseg_medical.instance_maps import border_pixels
from mmseg_medical.visualization.overlay import (
    CLASS_COLOURS,
    FALSE_POSITIVE,
    HIT,
    MISS,
    Image,
    to_bgr,
)


def draw_instances(
    img: NDArray[Any],
    pred: NDArray[Any],
    gt: NDArray[Any] | None = None,
    *,
    iou_thr: float = 0.5,
) -> Image:
    """Draw the outline of each instance.

    Beside true instances, outlines of those that are found are green, of
    those that are none red, and of true ones that are missed blue; else
    neighbours differ in colour.

    Args:
        img: (H, W, 3) BGR, or as :func:`to_bgr`.
        pred: (H, W) ids 1 to n, 0 in the background.
        gt: True instances of the same shape, below 0 where they are ignored;
            or None.
        iou_thr: IoU from which on an instance is found.

    Returns:
        (H, W, 3) uint8 BGR; a new array.

    Raises:
        ValueError: If ids are of an image of another size.
    """
    out = to_bgr(img)
    for ids in (pred, gt):
        if ids is not None and ids.shape != out.shape[:2]:
            raise ValueError(
                f'instances of {ids.shape} pixels (height, width) for an '
                f'image of {out.shape[:2]}'
            )
    if gt is None:
        colours = np.array(CLASS_COLOURS)
        _draw(out, pred, colours[np.arange(pred.max(initial=0)) % 7])
        return out
    overlaps = instance_overlaps(gt, pred)
    right = overlaps.ious >= iou_thr
    for ids, found, wrong in (
        (gt, overlaps.true[right], MISS),
        (pred, overlaps.pred[right], FALSE_POSITIVE),
    ):
        there = ids if ids is gt else np.where(gt < 0, 0, ids)
        names, ranks = np.unique(there[there > 0], return_inverse=True)
        lines = np.zeros(ids.shape, np.int32)
        lines[there > 0] = ranks + 1
        colours = np.tile(wrong, (len(names), 1))
        colours[found] = HIT
        if ids is gt:  # those that are found are drawn as they were found
            lines[np.isin(lines, found + 1)] = 0
        _draw(out, lines, colours)
    return out


def _draw(img: Image, ids: NDArray[Any], rgb: NDArray[Any]) -> None:
    """Draw outlines; (n, 3) has the colour of each id from 1 on."""
    border = border_pixels(ids.astype(np.int32))
    img[border] = rgb[ids[border] - 1][:, ::-1]
