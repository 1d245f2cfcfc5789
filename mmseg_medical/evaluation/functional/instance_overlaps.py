"""How many pixels each pair of instances shares, from which scores are made.

The table of an image is sparse: of each true instance only what was found in
its pixels. No mask is compared a second time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from mmseg_medical._compiled import compiled
from mmseg_medical.converters.runs import Runs
from mmseg_medical.converters.shapes import Pixels

IntArray = NDArray[np.int64]
Floats = NDArray[np.float64]

DENSE = 2**22  # pairs that are counted in a table


@dataclass(frozen=True, eq=False)
class Overlaps:
    """What instances of a mask and of a prediction share.

    Attributes:
        true_sizes: (T,) pixels of each true instance.
        pred_sizes: (P,) pixels of each found instance.
        true: (M,) true instances of the pairs that meet, 0 to T - 1.
        pred: (M,) found instances of the pairs, 0 to P - 1.
        shared: (M,) pixels of the pairs.
        true_centres: (T, 2) centres of mass, (row, column).
        pred_centres: (P, 2) centres of mass.
    """

    true_sizes: IntArray
    pred_sizes: IntArray
    true: IntArray
    pred: IntArray
    shared: IntArray
    true_centres: Floats
    pred_centres: Floats

    @property
    def ious(self) -> Floats:
        """Intersection over union of the pairs, (M,)."""
        union = self.true_sizes[self.true] + self.pred_sizes[self.pred]
        return self.shared / (union - self.shared)

    def select(self, true: NDArray[Any], pred: NDArray[Any]) -> 'Overlaps':
        """Those of some instances alone, as of one type.

        Args:
            true: (T,) bool.
            pred: (P,) bool.
        """
        new_true, new_pred = np.cumsum(true) - 1, np.cumsum(pred) - 1
        kept = true[self.true] & pred[self.pred]
        return Overlaps(
            self.true_sizes[true],
            self.pred_sizes[pred],
            new_true[self.true[kept]],
            new_pred[self.pred[kept]],
            self.shared[kept],
            self.true_centres[true],
            self.pred_centres[pred],
        )


def instance_overlaps(true: NDArray[Any], pred: NDArray[Any]) -> Overlaps:
    """Count what each pair of instances shares.

    Args:
        true: (H, W) integer ids; 0 is background, pixels below are ignored.
        pred: (H, W) integer ids of the prediction, of the same shape.

    Returns:
        Overlaps; instances are in the order of their ids, those that lie in
        ignored pixels alone are none.

    Raises:
        ValueError: If the shapes differ, or ids are no integers or negative
            in the prediction.
    """
    if true.shape != pred.shape:
        raise ValueError(
            f'instances of the prediction {pred.shape} and of the mask '
            f'{true.shape} differ in shape'
        )
    for name, labels in (('mask', true), ('prediction', pred)):
        if labels.dtype.kind not in 'iu':
            raise ValueError(
                f'ids of the {name} are {labels.dtype}, expected integers'
            )
    if pred.size and pred.min() < 0:
        raise ValueError(f'the prediction has the id {pred.min()}, below 0')
    if true.min(initial=0) < 0:
        true, pred = np.maximum(true, 0), np.where(true < 0, 0, pred)
    true, pred = _compact(true), _compact(pred)
    heights = int(true.max(initial=0)) + 1, int(pred.max(initial=0)) + 1
    sums = [np.zeros((n, 2), np.int64) for n in heights]
    if heights[0] * heights[1] <= DENSE:
        table = np.zeros(heights, np.int64)
        _count(true, pred, table, *sums)
        keys = np.flatnonzero(table)
        counts = table.ravel()[keys]
    else:
        _add_places(true, pred, *sums)
        pairs = true.ravel().astype(np.int64) * heights[1] + pred.ravel()
        keys, counts = np.unique(pairs, return_counts=True)
    rows, columns = np.divmod(keys, heights[1])
    sides = []
    for ids, total in zip((rows, columns), sums, strict=True):
        sizes = np.bincount(ids, counts, len(total)).astype(np.int64)
        sizes[0] = 0
        there = sizes > 0
        rank = np.cumsum(there) - 1
        sides.append((sizes[there], rank, total[there] / sizes[there, None]))
    both = (rows > 0) & (columns > 0)
    (true_sizes, true_rank, true_centres) = sides[0]
    (pred_sizes, pred_rank, pred_centres) = sides[1]
    return Overlaps(
        true_sizes,
        pred_sizes,
        true_rank[rows[both]],
        pred_rank[columns[both]],
        counts[both],
        true_centres,
        pred_centres,
    )


def object_overlaps(true: Sequence[Runs], pred: Sequence[Runs]) -> Overlaps:
    """Count what each pair of objects shares, which may lie over each other.

    Args:
        true: T true objects of an image, each of at least a pixel.
        pred: P found objects of the same size, each of at least a pixel.

    Returns:
        Overlaps; instances are in the order of the objects.

    Raises:
        ValueError: If objects are of images of several sizes.
    """
    shapes = {runs.shape for runs in (*true, *pred)}
    if len(shapes) > 1:
        raise ValueError(
            f'objects of images of several sizes: {sorted(shapes)} (height, '
            'width)'
        )
    height, width = shapes.pop() if shapes else (1, 1)
    sides, tables = [], []
    for objects in (true, pred):
        pixels = Pixels(objects)
        places = pixels.columns * height + pixels.rows
        ones = np.ones(len(places), np.int64)
        tables.append(
            csr_array(
                (ones, (pixels.owners, places)),
                (len(objects), height * width),
            )
        )
        centres = pixels.mean(pixels.rows), pixels.mean(pixels.columns)
        sides.append((pixels.areas, np.stack(centres, 1)))
    pairs = (tables[0] @ tables[1].T).tocoo()
    order = np.lexsort(pairs.coords[::-1])
    rows, columns = (axis[order].astype(np.int64) for axis in pairs.coords)
    (true_sizes, true_centres), (pred_sizes, pred_centres) = sides
    return Overlaps(
        *(true_sizes, pred_sizes, rows, columns, pairs.data[order]),
        *(true_centres, pred_centres),
    )


def _compact(ids: NDArray[Any]) -> NDArray[np.int32]:
    """Ids, numbered anew where a list up to the greatest is too long."""
    if ids.max(initial=0) > ids.size:
        _, ranks = np.unique(np.append(ids, 0), return_inverse=True)
        ids = ranks[:-1].reshape(ids.shape)
    return np.ascontiguousarray(ids, np.int32)


def _add_places(
    true: NDArray[Any],
    pred: NDArray[Any],
    true_sums: IntArray,
    pred_sums: IntArray,
) -> None:
    """Add up rows and columns of the pixels of each id."""
    width = true.shape[1]
    for ids, sums in ((true, true_sums), (pred, pred_sums)):
        flat = ids.ravel()
        for axis, places in enumerate(np.divmod(np.arange(ids.size), width)):
            sums[:, axis] = np.bincount(flat, places, len(sums))


def _count_numpy(
    true: NDArray[Any],
    pred: NDArray[Any],
    table: IntArray,
    true_sums: IntArray,
    pred_sums: IntArray,
) -> None:
    pairs = true.ravel().astype(np.int64) * table.shape[1] + pred.ravel()
    table += np.bincount(pairs, minlength=table.size).reshape(table.shape)
    _add_places(true, pred, true_sums, pred_sums)


@compiled(_count_numpy)
def _count(
    true: Any, pred: Any, table: Any, true_sums: Any, pred_sums: Any
) -> None:
    height, width = true.shape
    for i in range(height):
        first = 0
        for j in range(1, width + 1):
            t, p = true[i, first], pred[i, first]
            if j < width and true[i, j] == t and pred[i, j] == p:
                continue
            run = j - first
            places = run * (first + j - 1) // 2
            table[t, p] += run
            true_sums[t, 0] += i * run
            true_sums[t, 1] += places
            pred_sums[p, 0] += i * run
            pred_sums[p, 1] += places
            first = j
