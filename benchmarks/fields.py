"""Random fields and nuclei, which structures of a given size are cut from."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage


def field(rng: Any, shape: tuple[int, ...], width: float) -> NDArray[Any]:
    """Smooth random field of unit variance; structures of so many pixels."""
    coarse = tuple(-(-n // 4) for n in shape)
    noise = ndimage.gaussian_filter(rng.normal(size=coarse), width / 4)
    fine = ndimage.zoom(noise / noise.std(), 4, order=1)
    return fine[tuple(slice(n) for n in shape)]


def nuclei(side: int, seed: int = 0) -> NDArray[np.int32]:
    """Ids (side, side): cells of a Voronoi diagram, cut to discs.

    600 in 1000², some of which touch.
    """
    rng = np.random.default_rng(seed)
    count = round(600 * (side / 1000) ** 2)
    seeds = rng.uniform(0, side, (count, 2))
    marks = np.zeros((side, side), np.int32)
    marks[tuple(seeds.astype(int).T)] = np.arange(1, count + 1)
    far, nearest = ndimage.distance_transform_edt(
        marks == 0, return_indices=True
    )
    inst_map = marks[tuple(nearest)]
    inst_map[far > 12] = 0
    return inst_map
