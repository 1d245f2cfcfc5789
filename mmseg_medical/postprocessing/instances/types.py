"""Of which class an instance is."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def instance_types(
    inst_map: NDArray[Any], labels: NDArray[Any], types: Sequence[int]
) -> NDArray[np.int64]:
    """The most frequent class among the pixels of each instance.

    Args:
        inst_map: (H, W) ids 1 to n; 0 and less are background.
        labels: (1, H, W) class indices, or (C, H, W) of 0 and 1.
        types: Indices of the classes that instances are of; others, as the
            borders between them, do not count.

    Returns:
        (n,) class of each instance, of ``types``; the first one where several
        are as frequent, or none is there.
    """
    ids = np.maximum(inst_map, 0).ravel()
    count = int(ids.max(initial=0)) + 1
    planes = [
        (labels[0] == k if len(labels) == 1 else labels[k] == 1) for k in types
    ]
    votes = [np.bincount(ids, plane.ravel(), count) for plane in planes]
    found: NDArray[np.int64] = np.array(types)[np.argmax(votes, 0)][1:]
    return found
