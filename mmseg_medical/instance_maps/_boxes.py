"""The instances of a map, one by one."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

IntArray = NDArray[np.int32]
Box = tuple[slice, slice]


def boxes(inst_map: IntArray) -> Iterator[tuple[int, Box]]:
    """Ids of a map (H, W) and the boxes around them, in their order.

    What is 0 or less is no instance. Ids may be any: a list of boxes up to
    the greatest one is only made where it is not longer than the map.
    """
    known, ids = np.maximum(inst_map, 0), None
    if known.max() > known.size:
        known, ids = ranks(known)
    for number, box in enumerate(ndimage.find_objects(known), 1):
        if box is not None:
            yield number if ids is None else int(ids[number]), box


def ranks(known: IntArray) -> tuple[IntArray, IntArray]:
    """Number ids (H, W), 0 or more, without gaps; and the id of each."""
    ids, found = np.unique(np.append(known, 0), return_inverse=True)
    return found[:-1].reshape(known.shape).astype(np.int32), ids
