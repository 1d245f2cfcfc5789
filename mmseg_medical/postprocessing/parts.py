"""Which connected parts of a mask stay, and which holes are filled."""

import numpy as np

from mmseg_medical.postprocessing._planes import Mask, components


def remove_small(mask: Mask, *, min_size: int, connectivity: int = 8) -> Mask:
    """Remove connected parts of less than so many pixels.

    Args:
        mask: (H, W) bool.
        min_size: Pixels of the smallest part that stays.
        connectivity: 4 or 8 neighbours of a pixel.

    Returns:
        (H, W) bool.
    """
    if min_size <= 1:
        return mask
    labels, sizes, _ = components(mask, connectivity)
    kept: Mask = (sizes >= min_size)[labels]
    return kept


def keep_largest(mask: Mask, *, count: int = 1, connectivity: int = 8) -> Mask:
    """Keep the largest connected parts.

    Args:
        mask: (H, W) bool.
        count: How many; of parts of one size, the first in the order of rows
            stays.
        connectivity: 4 or 8 neighbours of a pixel.

    Returns:
        (H, W) bool.
    """
    labels, sizes, _ = components(mask, connectivity)
    order = np.argsort(-sizes[1:], kind='stable')[:count] + 1
    kept = np.zeros(len(sizes), bool)
    kept[order] = True
    found: Mask = kept[labels]
    return found


def fill_holes(
    mask: Mask,
    *,
    max_size: int | None = None,
    at_border: bool = False,
    connectivity: int = 8,
) -> Mask:
    """Fill the background that a mask encloses.

    Args:
        mask: (H, W) bool.
        max_size: Pixels of the largest hole that is filled; None fills all.
        at_border: Take background for a hole as well that touches the border
            of the image on one side only: what encloses it goes on beyond.
        connectivity: 4 or 8 neighbours of a pixel of the mask; those of the
            background are then 8 or 4.

    Returns:
        (H, W) bool.

    Reference: without ``max_size`` and ``at_border`` as
        ``scipy.ndimage.binary_fill_holes``
    """
    labels, sizes, boxes = components(~mask, 12 - connectivity)
    left, top, width, height = boxes.T
    sides = (
        (left == 0).astype(int)
        + (top == 0)
        + (left + width == mask.shape[1])
        + (top + height == mask.shape[0])
    )
    filled = (sides <= at_border) & (sizes > 0)
    if max_size is not None:
        filled &= sizes <= max_size
    found: Mask = mask | filled[labels]
    return found
