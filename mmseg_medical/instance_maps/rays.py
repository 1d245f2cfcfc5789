"""How far the border of an instance is from its pixels, in all directions."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmseg_medical._compiled import compiled

Floats = NDArray[np.float64]


def ray_map(
    inst_map: NDArray[np.int32], num_rays: int = 32
) -> NDArray[np.float32]:
    """Distances from each pixel of an instance to its border, along rays.

    Ray k points to the angle 2 pi k / ``num_rays``: the first one to the
    right, the next ones turn downwards. A ray ends half a pixel before the
    first one that is not of the instance.

    Args:
        inst_map: (H, W) ids from 1 on; 0 is background, what is less is not
            known.
        num_rays: Number of directions.

    Returns:
        (H, W, num_rays) in pixels; 0 in the background, nan where a ray
        leaves the image or meets what is not known.

    Reference: Schmidt et al., MICCAI 2018, arXiv:1806.03535, where the
        border of the image ends a ray

    Example:
        >>> ray_map(np.array([[0, 1, 1, 1, 0]], np.int32), 2)[0, 1].tolist()
        [2.5, 0.5]
    """
    angles = 2 * np.pi * np.arange(num_rays) / num_rays
    out = np.zeros((*inst_map.shape, num_rays), np.float32)
    rows, columns = np.nonzero(inst_map > 0)
    _march(
        np.ascontiguousarray(inst_map),
        np.stack([rows, columns], 1),
        np.cos(angles),
        np.sin(angles),
        out,
    )
    return out


def _march_by_steps(
    inst_map: NDArray[np.int32],
    places: NDArray[np.int64],
    across: Floats,
    down: Floats,
    out: NDArray[np.float32],
) -> None:
    """All pixels take a step along a ray at once, until none goes on."""
    height, width = inst_map.shape
    for k in range(len(across)):
        last = 1 - 0.5 / max(abs(across[k]), abs(down[k]))
        rows, columns = places.T
        step = 0
        while len(rows):
            step += 1
            y = np.floor(rows + step * down[k] + 0.5).astype(np.int64)
            x = np.floor(columns + step * across[k] + 0.5).astype(np.int64)
            outside = (y < 0) | (y >= height) | (x < 0) | (x >= width)
            met = inst_map[np.where(outside, 0, y), np.where(outside, 0, x)]
            met[outside] = -1
            going = met == inst_map[rows, columns]
            ends = np.where(met < 0, np.nan, step - last)
            out[rows[~going], columns[~going], k] = ends[~going]
            rows, columns = rows[going], columns[going]


@compiled(_march_by_steps)
def _march(
    inst_map: Any, places: Any, across: Any, down: Any, out: Any
) -> None:
    height, width = inst_map.shape
    for k in range(len(across)):
        last = 1 - 0.5 / max(abs(across[k]), abs(down[k]))
        for n in range(len(places)):
            row, column = places[n]
            own = inst_map[row, column]
            step = 0
            met = own
            while met == own:
                step += 1
                y = int(np.floor(row + step * down[k] + 0.5))
                x = int(np.floor(column + step * across[k] + 0.5))
                if y < 0 or y >= height or x < 0 or x >= width:
                    met = -1
                else:
                    met = inst_map[y, x]
            out[row, column, k] = np.nan if met < 0 else step - last
