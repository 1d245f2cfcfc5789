"""Counts of a map at every threshold and least size, in one pass."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mmseg_medical.errors import InputError
from mmseg_medical.postprocessing._parts import IGNORED, parts_by_size
from mmseg_medical.postprocessing._planes import levels_of

IntArray = NDArray[np.int64]


class Sweep(NamedTuple):
    """Counts of a class of an image by parameters.

    Attributes:
        predicted: (...) pixels of the prediction that count.
        hits: (...) those of them that are foreground of the mask.
        positives: Pixels of the foreground of the mask.
    """

    predicted: IntArray
    hits: IntArray
    positives: int

    @property
    def counts(self) -> IntArray:
        """(..., 3) true positives, false positives, false negatives."""
        misses = self.positives - self.hits
        return np.stack([self.hits, self.predicted - self.hits, misses], -1)


def sweep_sizes(
    probs: NDArray[Any],
    gt: NDArray[Any],
    thresholds: ArrayLike,
    sizes: ArrayLike,
    *,
    connectivity: int = 8,
    ignore_index: int = 255,
) -> Sweep:
    """Counts at all thresholds and least sizes of connected parts.

    Those of ``threshold`` and ``remove_small`` for each pair, exactly.

    Args:
        probs: (H, W) uint8 or uint16 levels of probabilities.
        gt: (H, W) mask, 1 or True where there is foreground.
        thresholds: (T,) probabilities, ascending; 255 at most.
        sizes: (S,) pixels of the smallest part that stays, ascending;
            pixels that are ignored belong to the size of a part.
        connectivity: 4 or 8 neighbours of a pixel.
        ignore_index: Label of pixels of the mask that do not count.

    Returns:
        Counts (T, S).

    Raises:
        InputError: If there are more thresholds.
    """
    cuts = np.asarray(thresholds, np.float64) * levels_of(probs)
    if cuts.size > 255:
        raise InputError(f'255 thresholds at most, got {cuts.size}')
    code = _codes(gt, ignore_index)
    by_size = parts_by_size(
        np.ascontiguousarray(probs), code, cuts, sizes, connectivity
    )
    # Of least sizes that a part reaches, it is counted at each.
    predicted, hits = by_size[..., ::-1].cumsum(-1)[..., -2::-1]
    return Sweep(predicted, hits, int((code == 1).sum()))


def sweep_triplets(
    probs: NDArray[Any],
    gt: NDArray[Any],
    top_thresholds: ArrayLike,
    sizes: ArrayLike,
    thresholds: ArrayLike,
    *,
    ignore_index: int = 255,
) -> Sweep:
    """Counts of all triplets, from the histograms of the image.

    Args:
        probs: (H, W) uint8 or uint16 levels of probabilities.
        gt: (H, W) mask, 1 or True where there is foreground.
        top_thresholds: (P,) probabilities above which a pixel is sure.
        sizes: (S,) pixels that have to be; 1 is a doublet.
        thresholds: (T,) probabilities.
        ignore_index: Label of pixels of the mask that do not count.

    Returns:
        Counts (P, S, T).
    """
    code = _codes(gt, ignore_index)
    levels = int(levels_of(probs))
    index = probs.reshape(-1).astype(np.intp) * 3 + code.reshape(-1)
    table = np.bincount(index, minlength=3 * levels + 3).reshape(-1, 3)
    tail = np.zeros((levels + 2, 3), np.int64)  # of levels from there on
    tail[:-1] = table[::-1].cumsum(0)[::-1]

    def above(thr: ArrayLike) -> IntArray:
        first = np.floor(np.asarray(thr, np.float64) * levels) + 1
        return tail[np.minimum(first, levels + 1).astype(np.intp)]

    sure = above(top_thresholds).sum(1)  # those that are ignored as well
    is_open = sure[:, None] >= np.asarray(sizes)  # (P, S)
    background, hits, _ = above(thresholds).T
    return Sweep(
        is_open[..., None] * (background + hits),
        is_open[..., None] * hits,
        int((code == 1).sum()),
    )


def _codes(gt: NDArray[Any], ignore_index: int) -> NDArray[np.uint8]:
    """What each pixel of a mask counts as."""
    if gt.dtype == bool:
        return np.ascontiguousarray(gt).view(np.uint8)
    code = (gt == 1).astype(np.uint8)
    code[gt == ignore_index] = IGNORED
    return code
