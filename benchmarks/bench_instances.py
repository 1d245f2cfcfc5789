"""Targets of nuclei.

A crop of 256² and one of 512² with as many nuclei as the images of CodaLab
have, some of which touch. The peer is what scikit-image offers for it, nucleus
by nucleus where it has to: `find_boundaries`, ranks of windows, and SciPy's
distance transform for each of `regionprops`.
"""

import numpy as np
from scipy import ndimage
from skimage.filters import rank
from skimage.measure import regionprops
from skimage.morphology import footprint_rectangle
from skimage.segmentation import find_boundaries

from benchmarks.fields import nuclei
from benchmarks.harness import Job
from mmseg_medical.instance_maps import (
    border_pixels,
    distance_map,
    touching_pixels,
)


def jobs() -> list[Job]:
    """Borders, touching borders, and distances for two sizes."""
    found = []
    for side in (256, 512):
        inst_map = nuclei(side)
        for name, ours, peer, goal in (
            ('borders', border_pixels, _borders, 4),
            ('touching borders', touching_pixels, _touching, 4),
            ('distances', distance_map, _distances, 2),
        ):
            np.testing.assert_allclose(ours(inst_map), peer(inst_map), 1e-5)
            found.append(
                Job(
                    f'{name} of {inst_map.max()} nuclei, {side}²',
                    lambda f=ours, x=inst_map: f(x),
                    {'scikit-image': lambda f=peer, x=inst_map: f(x)},
                    goal,
                )
            )
    return found


def _borders(inst_map: np.ndarray) -> np.ndarray:
    inner = find_boundaries(inst_map, connectivity=2, mode='inner')
    return inner & (inst_map > 0)


def _touching(inst_map: np.ndarray) -> np.ndarray:
    window = footprint_rectangle((5, 5))
    ids = inst_map.astype(np.uint16)
    largest = rank.maximum(ids, window)
    smallest = rank.minimum(ids, window, mask=(ids > 0).astype(np.uint8))
    return (smallest < largest) & (smallest > 0)


def _distances(inst_map: np.ndarray) -> np.ndarray:
    out = np.zeros(inst_map.shape, np.float32)
    padded = np.pad(inst_map, 1, mode='edge')
    for region in regionprops(inst_map):
        top, left, bottom, right = region.bbox
        own = padded[top : bottom + 2, left : right + 2] == region.label
        depth = ndimage.distance_transform_edt(own)[1:-1, 1:-1]
        depth = np.where(own[1:-1, 1:-1], depth, 0)
        np.maximum(
            out[region.slice], depth / depth.max(), out=out[region.slice]
        )
    return out
