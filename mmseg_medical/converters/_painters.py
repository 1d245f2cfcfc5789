"""The loops below ``polygon.rasterize``: one function for each painter.

All paint into a window what painting the whole image would leave there.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from mmseg_medical._compiled import compiled
from mmseg_medical.converters.coco_polygon import coco_runs
from mmseg_medical.converters.runs import IntArray, Mask
from mmseg_medical.converters.tiff import Region

Points = NDArray[np.float64]


class Outlines(NamedTuple):
    """Areas in one piece, so that loops run over numbers.

    Attributes:
        points: (N, 2) float64 of x and y in pixels, ring after ring.
        rings: (R + 1,) int64, first point of each ring, and the end.
        areas: (A + 1,) int64, first ring of each area, and the end.
    """

    points: Points
    rings: IntArray
    areas: IntArray

    @classmethod
    def of(cls, areas: Sequence[tuple[Points, ...]]) -> 'Outlines':
        """Join the rings of areas."""
        rings = [ring for area in areas for ring in area]
        return cls(
            np.concatenate(rings).astype(np.float64, copy=False),
            np.cumsum([0, *map(len, rings)]),
            np.cumsum([0, *map(len, areas)]),
        )


def opencv(outlines: Outlines, region: Region, mask: Mask) -> None:
    """Paint as ``cv2.fillPoly`` of rounded points.

    That is the pixels whose centre lies inside, and the lines between the
    points, by Bresenham from left to right.
    """
    points = np.rint(outlines.points)
    inside = outlines._replace(points=points + 0.5)
    _fill(*inside, region.top, region.left, mask)
    _draw(points, outlines.rings, region.top, region.left, mask)


def pil(outlines: Outlines, region: Region, mask: Mask) -> None:
    """Paint as ``PIL.ImageDraw.polygon`` with ``outline=1, fill=1``.

    Pillow places edges with 32-bit numbers, which round differently at another
    x: the canvas begins at the left of the image.
    """
    top, left, height, width = region
    points = np.trunc(outlines.points)
    points[:, 1] -= top
    first = outlines.rings[outlines.areas[:-1]]
    low = np.minimum.reduceat(points, first)
    high = np.maximum.reduceat(points, first)
    size = (left + width, height)
    outside = np.any((high < (left, 0)) | (low >= size), 1).tolist()
    if all(outside):
        return
    canvas = Image.new('L', size)
    draw = ImageDraw.Draw(canvas)
    ends, areas = outlines.rings.tolist(), outlines.areas.tolist()
    for k, first in enumerate(areas[:-1]):
        if outside[k]:
            continue
        rings = [
            points[ends[n] : ends[n + 1]] for n in range(first, areas[k + 1])
        ]
        if len(rings) == 1:
            draw.polygon(rings[0].ravel().tolist(), fill=1, outline=1)
            continue
        y0 = max(int(low[k, 1]), 0)
        x1, y1 = np.minimum(high[k] + 1, size).astype(int).tolist()
        part = Image.new('L', (x1, y1 - y0))
        for n, ring in enumerate(rings):
            flat = (ring - (0, y0)).ravel().tolist()
            ImageDraw.Draw(part).polygon(
                flat, fill=int(n == 0), outline=int(n == 0)
            )
        mask[y0:y1, : max(x1 - left, 0)] |= np.asarray(part)[:, left:]
    mask |= np.asarray(canvas)[:, left:]


def corners(outlines: Outlines, region: Region, mask: Mask) -> None:
    """Paint pixels whose centre lies inside, by the even-odd rule."""
    _fill(*outlines, region.top, region.left, mask)


def coco(outlines: Outlines, region: Region, mask: Mask) -> None:
    """Paint as ``frPyObjects`` of pycocotools does, area by area."""
    shape = region.top + region.height, region.left + region.width
    ends, areas = outlines.rings.tolist(), outlines.areas.tolist()
    for k, first in enumerate(areas[:-1]):
        rings = [
            outlines.points[ends[n] : ends[n + 1]]
            for n in range(first, areas[k + 1])
        ]
        mask |= coco_runs(rings, shape).crop(*region).to_mask()


def _edges(points: Points, rings: IntArray) -> tuple[Points, Points]:
    """Left and right end of the edge from each point on: twice (N, 2)."""
    after = np.arange(1, len(points) + 1)
    after[rings[1:] - 1] = rings[:-1]
    ahead = points[after]
    swap = (points[:, 0] > ahead[:, 0])[:, None]
    return np.where(swap, ahead, points), np.where(swap, points, ahead)


def _steps(count: IntArray, first: IntArray) -> tuple[IntArray, IntArray]:
    """Count from a first number upwards, for many: which of them, and it."""
    which = np.repeat(np.arange(count.size), count)
    start = np.cumsum(count) - count - first
    return which, np.arange(which.size) - start[which]


def _fill_numpy(
    points: Points,
    rings: IntArray,
    areas: IntArray,
    top: int,
    left: int,
    mask: Mask,
) -> None:
    height, width = mask.shape
    begin, end = _edges(points, rings)
    first, stop = (
        np.clip(np.ceil(x[:, 0] - 0.5).astype(np.int64) - left, 0, width)
        for x in (begin, end)
    )
    for a in range(areas.size - 1):
        edges = slice(rings[areas[a]], rings[areas[a + 1]])
        (x0, y0), (x1, y1) = begin[edges].T, end[edges].T
        edge, column = _steps(stop[edges] - first[edges], first[edges])
        if not edge.size:
            continue
        x = column + left + 0.5 - x0[edge]
        y = y0[edge] + x * (y1 - y0)[edge] / (x1 - x0)[edge]
        row = np.maximum(np.ceil(y - 0.5).astype(np.int64) - top, 0)
        low, high = int(row.min()), min(int(row.max()) + 1, height)
        if low >= high:
            continue
        x_low, x_high = int(column.min()), int(column.max()) + 1
        shape = (high - low + 1, x_high - x_low)  # a row for what lies below
        flat = (np.minimum(row, high) - low) * shape[1] + column - x_low
        marks = np.bincount(flat, minlength=shape[0] * shape[1])
        inside = np.bitwise_xor.accumulate(
            (marks & 1).astype(np.uint8).reshape(shape)[:-1], 0
        )
        mask[low:high, x_low:x_high] |= inside


@compiled(_fill_numpy)
def _fill(
    points: Points,
    rings: IntArray,
    areas: IntArray,
    top: int,
    left: int,
    mask: Mask,
) -> None:
    """Paint area by area the pixels whose centre lies inside.

    In each column of pixels that an edge crosses, the first pixel whose
    centre is not above the edge is marked; a pixel is inside where the marks
    from the top down to it are odd. Edges are taken from left to right, so
    that neighbours which share one leave no pixel out and have none in common.
    """
    height, width = mask.shape
    inside = np.zeros(width, np.uint8)
    marks = np.zeros(4096, np.uint8)
    for a in range(areas.size - 1):
        begin, end = rings[areas[a]], rings[areas[a + 1]]
        x_low, x_high = points[begin, 0], points[begin, 0]
        y_low, y_high = points[begin, 1], points[begin, 1]
        for p in range(begin + 1, end):
            x_low, x_high = min(x_low, points[p, 0]), max(x_high, points[p, 0])
            y_low, y_high = min(y_low, points[p, 1]), max(y_high, points[p, 1])
        column = max(int(np.floor(x_low)) - left, 0)
        columns = min(int(np.ceil(x_high)) - left, width) - column
        row = max(int(np.floor(y_low)) - top, 0)
        rows = min(int(np.ceil(y_high)) - top, height) - row
        if columns <= 0 or rows <= 0:
            continue
        if rows * columns > marks.size:
            marks = np.zeros(2 * rows * columns, np.uint8)
        for r in range(areas[a], areas[a + 1]):
            for p in range(rings[r], rings[r + 1]):
                q = p + 1 if p + 1 < rings[r + 1] else rings[r]
                x0, y0 = points[p, 0], points[p, 1]
                x1, y1 = points[q, 0], points[q, 1]
                if x0 > x1:
                    x0, y0, x1, y1 = x1, y1, x0, y0
                first = max(int(np.ceil(x0 - 0.5)) - left, column)
                stop = min(int(np.ceil(x1 - 0.5)) - left, column + columns)
                for c in range(first, stop):
                    y = y0 + (c + left + 0.5 - x0) * (y1 - y0) / (x1 - x0)
                    at = max(int(np.ceil(y - 0.5)) - top - row, 0)
                    if at < rows:
                        marks[at * columns + c - column] ^= 1
        for k in range(rows):
            marked = marks[k * columns : (k + 1) * columns]
            painted = mask[row + k, column : column + columns]
            for c in range(columns):
                inside[c] ^= marked[c]
                painted[c] |= inside[c]
                marked[c] = 0
        inside[:columns] = 0


def _draw_numpy(
    points: Points, rings: IntArray, top: int, left: int, mask: Mask
) -> None:
    height, width = mask.shape
    begin, end = (
        side.astype(np.int64) - (left, top) for side in _edges(points, rings)
    )
    step = end - begin
    sign = np.sign(step)
    step = np.abs(step)
    # The axis along which each pixel of a line is one further.
    axis = (step[:, 1] > step[:, 0]).astype(np.int64)
    each = np.arange(len(step))
    length, rise = step[each, axis], step[each, 1 - axis]
    line, k = _steps(length + 1, np.zeros_like(length))
    length = np.maximum(length, 1)[line]
    up = (2 * k * rise[line] + length - 1) // (2 * length)
    along = axis[line][:, None] == (0, 1)
    x, y = (
        begin[line] + sign[line] * np.where(along, k[:, None], up[:, None])
    ).T
    seen = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    mask[y[seen], x[seen]] = 1


@compiled(_draw_numpy)
def _draw(
    points: Points, rings: IntArray, top: int, left: int, mask: Mask
) -> None:
    """Draw the lines between whole points, one pixel wide."""
    height, width = mask.shape
    for r in range(rings.size - 1):
        for p in range(rings[r], rings[r + 1]):
            q = p + 1 if p + 1 < rings[r + 1] else rings[r]
            x, y = int(points[p, 0]) - left, int(points[p, 1]) - top
            dx, dy = int(points[q, 0]) - left - x, int(points[q, 1]) - top - y
            if dx < 0:
                x, y, dx, dy = x + dx, y + dy, -dx, -dy
            if x + dx < 0 or x >= width or max(y, y + dy) < 0:
                continue
            if min(y, y + dy) >= height:
                continue
            sign = 1 if dy > 0 else -1
            dy = abs(dy)
            if dx >= dy:
                first, last = max(-x, 0), min(dx, width - 1 - x)
                length, rise = max(dx, 1), dy
            else:
                first = max(-y if sign > 0 else y - height + 1, 0)
                last = min(dy, height - 1 - y if sign > 0 else y)
                length, rise = dy, dx
            up, rest = 0, length - 1
            if first:  # what lies outside is stepped over
                up = (2 * first * rise + rest) // (2 * length)
                rest += 2 * first * rise - up * 2 * length
            for k in range(first, last + 1):
                if dx >= dy:
                    column, row = x + k, y + sign * up
                else:
                    column, row = x + up, y + sign * k
                if 0 <= column < width and 0 <= row < height:
                    mask[row, column] = 1
                rest += 2 * rise
                if rest >= 2 * length:
                    rest -= 2 * length
                    up += 1
