"""How deep pixels lie in their instances."""

import cv2
import numpy as np
from numpy.typing import NDArray

from mmseg_medical.instance_maps._boxes import boxes


def distance_map(inst_map: NDArray[np.int32]) -> NDArray[np.float32]:
    """Depth of each pixel in its object, as a share of the greatest there.

    The depth is the Euclidean distance to the nearest pixel of another object
    or of the background; what lies outside of the image is not known, and
    counts as the same object.

    Args:
        inst_map: (H, W) ids from 1 on; 0 and less are background.

    Returns:
        (H, W) in [0, 1]: 0 in the background, 1 in the middle of an object.

    Example:
        >>> distance_map(np.array([[0, 1, 1, 1, 1, 0]], np.int32)).tolist()
        [[0.0, 0.5, 1.0, 1.0, 0.5, 0.0]]
    """
    height, width = inst_map.shape
    out = np.zeros((height, width), np.float32)
    for number, (rows, columns) in boxes(inst_map):
        window = (  # with a rim that is not of the object
            slice(max(rows.start - 1, 0), rows.stop + 1),
            slice(max(columns.start - 1, 0), columns.stop + 1),
        )
        own = inst_map[window] == number
        if own.all():
            out[window] = 1
            continue
        depth = cv2.distanceTransform(
            own.view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE
        )
        np.maximum(out[window], depth / depth.max(), out=out[window])
    return out
