"""The way from each pixel to the centre of its instance."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmseg_medical._compiled import compiled
from mmseg_medical.instance_maps._boxes import boxes

Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]


def flow_map(inst_map: NDArray[np.int32]) -> NDArray[np.float32]:
    """Direction that leads from each pixel to the centre of its instance.

    Heat flows from the pixel nearest to the centre of mass through the
    instance and is lost at its border; the direction is where it gets warmer,
    also around the corners of instances that are not convex. Of an instance
    at the border of the image what is seen of it counts.

    Args:
        inst_map: (H, W) ids from 1 on; 0 and less are background.

    Returns:
        (H, W, 2) unit vectors: horizontal, then vertical, which is downwards;
        0 in the background and where no direction is warmer.

    Reference: Stringer et al., Nature Methods 18 (2021), whose order is
        vertical, horizontal; here as in :func:`hv_map`

    Example:
        >>> inst_map = np.array([[0, 1, 1, 1, 0]], np.int32)
        >>> flow_map(inst_map)[0, :, 0].tolist()
        [0.0, 1.0, 0.0, -1.0, 0.0]
    """
    out = np.zeros((*inst_map.shape, 2), np.float32)
    for number, box in boxes(inst_map):
        own = inst_map[box] == number
        heat = np.log1p(_heat(np.pad(own, 1)))
        slope = np.stack(
            [
                heat[1:-1, 2:] - heat[1:-1, :-2],
                heat[2:, 1:-1] - heat[:-2, 1:-1],
            ],
            2,
        )[own]
        length = np.linalg.norm(slope, axis=1, keepdims=True)
        out[box][own] = np.divide(
            slope, length, out=np.zeros_like(slope), where=length > 1e-12
        )
    return out


def _heat(own: Mask) -> Floats:
    """Heat in an instance, (h, w) with a rim of one pixel around it."""
    rows, columns = np.nonzero(own)
    far = (rows - rows.mean()) ** 2 + (columns - columns.mean()) ** 2
    nearest = far.argmin()
    steps = 2 * (own.shape[0] + own.shape[1] - 4)
    heat = np.zeros(own.shape)
    _spread(heat, own, rows[nearest], columns[nearest], steps)
    return heat


def _spread_by_windows(
    heat: Floats, own: Mask, row: int, column: int, steps: int
) -> None:
    inside = own[1:-1, 1:-1]
    height, width = inside.shape
    for _ in range(steps):
        heat[row, column] += 1
        total = np.zeros(inside.shape)
        for y in range(3):
            for x in range(3):
                total += heat[y : y + height, x : x + width]
        heat[1:-1, 1:-1] = np.where(inside, total / 9, 0)


@compiled(_spread_by_windows)
def _spread(heat: Any, own: Any, row: Any, column: Any, steps: Any) -> None:
    height, width = heat.shape
    before = heat.copy()
    for _ in range(steps):
        heat[row, column] += 1
        before[:] = heat
        for i in range(1, height - 1):
            for j in range(1, width - 1):
                if own[i, j]:
                    total = 0.0
                    for y in range(-1, 2):
                        for x in range(-1, 2):
                            total += before[i + y, j + x]
                    heat[i, j] = total / 9
