"""Polygons painted as COCO's own tools paint them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mmseg_medical._compiled import compiled
from mmseg_medical.converters.polygon import Polygon, PolygonError
from mmseg_medical.converters.runs import IntArray, Mask, Runs, merge
from mmseg_medical.converters.tiff import Region

_SCALE = 5  # points of the fine grid on the side of a pixel


def coco_runs(
    polygon: Polygon, shape: tuple[int, int], *, where: object = 'polygon'
) -> Runs:
    """Paint one polygon as ``frPyObjects`` of pycocotools does.

    Vertices lie on the corners of pixels: (0, 0) is the corner of the first
    one, and a pixel belongs to the polygon where its centre does. Edges are
    drawn on a grid five times as fine, from vertices rounded to it, and cross
    a column of pixels in its middle; what lies outside of the image is cut.
    A pixel within two loops of one ring does not belong to it.

    Args:
        polygon: (N, 2) of x and y in pixels; the last point is joined to the
            first.
        shape: (height, width) of the image in pixels.
        where: File and annotation, for the message.

    Returns:
        Runs down the columns.

    Raises:
        PolygonError: If a point is not finite, or lies further outside than
            the image is large.

    Source: maskApi.c of the COCO API, ``rleFrPoly``; results are equal.
    """
    far = np.array(shape[::-1])
    if not ((polygon >= -far) & (polygon <= 2 * far)).all():  # nan as well
        raise PolygonError(
            f'{where}: points {polygon.min(0).tolist()} … '
            f'{polygon.max(0).tolist()} (x, y) lie far outside of the image '
            f'of {shape[0]} x {shape[1]} pixels (height x width); is it of '
            'another image?'
        )
    fine = np.trunc(_SCALE * polygon + 0.5).astype(np.int64)
    edges = np.sort(_crossings(fine, *shape))
    if edges.size % 2:  # open to the last pixel
        edges = np.append(edges, shape[0] * shape[1])
    starts, ends = edges[::2], edges[1::2]
    filled = starts < ends
    return Runs(*merge(starts[filled], ends[filled]), shape, 'F')


def paint_coco(
    polygons: Sequence[Polygon],
    shape: tuple[int, int],
    region: Region,
    *,
    where: object = 'polygon',
) -> Mask:
    """Paint the union of polygons into a window of an image.

    Args:
        polygons: As in :func:`coco_runs`, and so are the errors.
        shape: (height, width) of the image in pixels.
        region: Window to paint; it must lie inside the image.
        where: File and annotation, for the message.

    Returns:
        (region.height, region.width) uint8 of 0 and 1.
    """
    region.check(shape, str(where))
    mask = np.zeros((region.height, region.width), np.uint8)
    for polygon in polygons:
        runs = coco_runs(polygon, shape, where=where)
        mask |= runs.crop(*region).to_mask()
    return mask


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
