"""Where pixels lie in their instances, from left to right and downwards."""

import numpy as np
from numpy.typing import NDArray

from mmseg_medical.instance_maps._boxes import boxes

Offsets = NDArray[np.float64]


def hv_map(inst_map: NDArray[np.int32]) -> NDArray[np.float32]:
    """Horizontal and vertical place of each pixel in its instance.

    The centre of mass is 0, the leftmost and uppermost pixels are -1, the
    rightmost and lowest 1. Where two instances touch, one ends with 1 and the
    other begins with -1, so that the gradient parts them. Of an instance at
    the border of the image what is seen of it counts.

    Args:
        inst_map: (H, W) ids from 1 on; 0 and less are background.

    Returns:
        (H, W, 2) in [-1, 1]: horizontal, then vertical; 0 in the background.

    Reference: Graham et al., Medical Image Analysis 58 (2019),
        arXiv:1812.06499, whose centres are rounded to whole pixels

    Example:
        >>> inst_map = np.array([[0, 1, 1, 1, 2, 2]], np.int32)
        >>> hv_map(inst_map)[0, :, 0].tolist()
        [0.0, -1.0, 0.0, 1.0, -1.0, 1.0]
    """
    out = np.zeros((*inst_map.shape, 2), np.float32)
    for number, box in boxes(inst_map):
        own = inst_map[box] == number
        across, down = (_places(own.sum(axis)) for axis in (0, 1))
        out[box][own] = np.stack(
            np.broadcast_arrays(across, down[:, None]), 2
        )[own]
    return out


def _places(counts: NDArray[np.int64]) -> Offsets:
    """Places -1 to 1 along a side, from the pixels at each of them."""
    offsets = np.arange(len(counts)) - np.average(
        np.arange(len(counts)), weights=counts
    )
    ends = np.where(offsets < 0, -offsets[0], offsets[-1])
    return np.divide(
        offsets, ends, out=np.zeros_like(offsets), where=ends != 0
    )
