"""Polygons painted as COCO's own tools paint them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mmseg_medical._compiled import compiled
from mmseg_medical.converters.runs import IntArray, Runs, merge

_SCALE = 5  # points of the fine grid on the side of a pixel


def coco_runs(
    rings: Sequence[NDArray[np.float64]], shape: tuple[int, int]
) -> Runs:
    """Paint one area as ``frPyObjects`` of pycocotools paints a polygon.

    Edges are drawn on a grid five times as fine as the pixels, from vertices
    rounded to it, and cross a column of pixels in its middle; what lies
    outside of the image is cut. Pixels within an even number of loops do not
    belong to the area.

    Args:
        rings: (N, 2) of x and y in pixels, (0, 0) being the corner of the
            first pixel; the last point is joined to the first.
        shape: (height, width) of the image in pixels.

    Returns:
        Runs down the columns.

    Source: maskApi.c of the COCO API, ``rleFrPoly``; results are equal.
    """
    found = [
        _crossings(np.trunc(_SCALE * ring + 0.5).astype(np.int64), *shape)
        for ring in rings
    ]
    edges = np.sort(np.concatenate(found))
    if edges.size % 2:  # open to the last pixel
        edges = np.append(edges, shape[0] * shape[1])
    starts, ends = edges[::2], edges[1::2]
    filled = starts < ends
    return Runs(*merge(starts[filled], ends[filled]), shape, 'F')


def join_holes(rings: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Make one ring of an outline and its holes, which COCO cannot say.

    Each hole is joined to what lies left of it by a cut without width, which
    is gone through there and back, and so holds no pixel.

    Args:
        rings: (N, 2) of x and y along the sides of pixels: the outline, then
            its holes.

    Returns:
        (N, 2) ring that :func:`coco_runs` paints as it does all of them.
    """
    whole = rings[0]
    for hole in sorted(rings[1:], key=lambda ring: float(ring[:, 0].min())):
        begin = int(np.lexsort(hole.T[::-1])[0])  # leftmost, then topmost
        x, y = hole[begin]
        after = np.roll(whole, -1, 0)
        met = (whole[:, 0] == after[:, 0]) & (whole[:, 0] <= x)
        met &= np.minimum(whole[:, 1], after[:, 1]) <= y
        met &= np.maximum(whole[:, 1], after[:, 1]) >= y
        at = int(np.argmax(np.where(met, whole[:, 0], -np.inf)))
        door = np.array([[whole[at, 0], y]])
        loop = np.roll(hole, -begin, 0)
        whole = np.concatenate(
            [whole[: at + 1], door, loop, loop[:1], door, whole[at + 1 :]]
        )
    return whole


def _crossings_numpy(
    fine: NDArray[np.int64], height: int, width: int
) -> IntArray:
    first, last = fine, np.roll(fine, -1, 0)
    delta = np.abs(last - first)
    along = np.where(delta[:, 0] >= delta[:, 1], 0, 1)  # the longer side
    each = np.arange(len(fine))
    # Edges are drawn upwards on their longer side, whichever way they go.
    flip = first[each, along] > last[each, along]
    low = np.where(flip[:, None], last, first)
    high = np.where(flip[:, None], first, last)
    steps = delta[each, along]
    rise = high[each, 1 - along] - low[each, 1 - along]
    slope = rise / np.maximum(steps, 1)
    count = steps + 1
    edge = np.repeat(each, count)
    step = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    step = np.where(flip[edge], steps[edge] - step, step)
    points = np.empty((edge.size, 2), np.int64)
    rows = np.arange(edge.size)
    points[rows, along[edge]] = step + low[edge, along[edge]]
    points[rows, 1 - along[edge]] = np.trunc(
        low[edge, 1 - along[edge]] + slope[edge] * step + 0.5
    )
    u, v = points.T
    left = np.minimum(u[1:], u[:-1])
    column = (left - _SCALE // 2) // _SCALE
    met = (u[1:] != u[:-1]) & (left % _SCALE == _SCALE // 2)
    met &= (column >= 0) & (column < width)
    top = (np.minimum(v[1:], v[:-1])[met] + 0.5) / _SCALE - 0.5
    row = np.ceil(np.clip(top, 0, height)).astype(np.int64)
    return column[met] * height + row


@compiled(_crossings_numpy)
def _crossings(fine: NDArray[np.int64], height: int, width: int) -> IntArray:
    """Flat indices at which a ring crosses the middle of columns.

    Args:
        fine: (N, 2) vertices on the fine grid.
        height: Of the image, in pixels.
        width: Of the image, in pixels.
    """
    n = fine.shape[0]
    size = 0
    for k in range(n):
        m = (k + 1) % n
        size += max(abs(fine[m, 0] - fine[k, 0]), abs(fine[m, 1] - fine[k, 1]))
    found = np.empty(size + n, np.int64)
    count = 0
    u0 = v0 = 0
    for k in range(n):
        m = (k + 1) % n
        xs, ys, xe, ye = fine[k, 0], fine[k, 1], fine[m, 0], fine[m, 1]
        dx, dy = abs(xe - xs), abs(ye - ys)
        flip = (dx >= dy and xs > xe) or (dx < dy and ys > ye)
        if flip:
            xs, ys, xe, ye = xe, ye, xs, ys
        steps = max(dx, dy)
        for d in range(steps + 1):
            t = steps - d if flip else d
            if dx >= dy:
                u = t + xs
                v = int(ys + (ye - ys) / max(dx, 1) * t + 0.5)
            else:
                v = t + ys
                u = int(xs + (xe - xs) / dy * t + 0.5)
            left = min(u, u0)
            if (k or d) and u != u0 and left >= 2 and left % 5 == 2:
                column = left // 5
                if column < width:
                    top = (min(v, v0) + 0.5) / 5 - 0.5
                    row = int(np.ceil(min(max(top, 0.0), float(height))))
                    found[count] = column * height + row
                    count += 1
            u0, v0 = u, v
    return found[:count]
