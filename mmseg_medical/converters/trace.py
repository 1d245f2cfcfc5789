"""From pixels to outlines that paint the same pixels again."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mmseg_medical.converters.polygon import Painter, Polygon, Rings

# Corners at a point by which of the pixels up left, up right, down left and
# down right (1, 2, 4, 8) are foreground: none, one, or two that touch.
_CORNERS = np.array([0, 1, 1, 0, 1, 0, 2, 1, 1, 2, 0, 1, 0, 1, 1, 0])
_RISING = 6  # up right and down left
_FALLING = 9  # up left and down right


def trace(
    mask: NDArray[Any],
    painter: Painter,
    *,
    origin: tuple[int, int] = (0, 0),
) -> tuple[Rings, ...]:
    """Trace the outlines of a mask, with their holes.

    Painted by the same painter, the areas give the mask back exactly.

    Args:
        mask: (H, W) bool or integer; every value but 0 is foreground.
        painter: ``'opencv'`` traces through the centres of border pixels;
            foreground that touches at a corner is one area. ``'corners'``
            traces around the pixels, in steps along the axes; foreground
            that touches at a corner makes two areas, and no ring meets
            itself; the same for ``'coco'``.
        origin: (x, y) of the first pixel of the mask in its image.

    Returns:
        Areas, each a tuple of (N, 2) float64 rings of whole numbers: the
        outline, then its holes.

    Raises:
        ValueError: If the painter has no tracing, or ``mask`` is no mask.
    """
    if mask.ndim != 2 or mask.dtype.kind not in 'bui':
        raise ValueError(
            f'a mask is (H, W) of bool or integers, got shape {mask.shape} '
            f'of {mask.dtype}'
        )
    if painter == 'opencv':
        areas = _trace_centres(mask)
    elif painter in ('corners', 'coco'):
        areas = _trace_corners(mask)
    else:
        raise ValueError(
            f"masks are traced for 'opencv' or 'corners', got {painter!r}"
        )
    shift = np.asarray(origin, np.float64)
    return tuple(tuple(ring + shift for ring in area) for area in areas)


def _trace_centres(mask: NDArray[Any]) -> list[list[Polygon]]:
    found, hierarchy = cv2.findContours(
        (mask != 0).view(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE
    )
    areas: dict[int, list[Polygon]] = {}
    if not found:
        return []
    parents = hierarchy[0, :, 3].tolist()
    # Outlines first, so that their holes come after them.
    for k in sorted(range(len(found)), key=lambda k: parents[k] >= 0):
        ring = found[k][:, 0].astype(np.float64)
        if len(ring) < 3:  # a pixel or a line: no format knows such rings
            ring = ring[[*range(len(ring)), *[-1] * (3 - len(ring))]]
        if parents[k] < 0:
            areas[k] = [ring]
        else:
            areas[parents[k]].append(ring)
    return list(areas.values())


def _trace_corners(mask: NDArray[Any]) -> list[list[Polygon]]:
    x, y, kind, across = _corner_points(mask)
    if not across:
        return []
    loops = _loops(across)
    touching = (kind == _RISING) | (kind == _FALLING)
    meets = set(np.flatnonzero(touching).tolist())
    pieces = [
        (k, piece)
        for k, loop in enumerate(loops)
        for piece in (
            [loop] if meets.isdisjoint(loop) else _simple(loop, x, y)
        )
    ]
    # Loops begin with a top left corner; where the pixel below it is
    # foreground they run around it, else around a hole, both clockwise.
    first = np.array([loop[0] for loop in loops])
    outer = (kind[first] & 8) > 0
    labels = np.zeros(len(loops), np.int64)
    if len(loops) > 1:
        _, parts = cv2.connectedComponents(
            (mask != 0).view(np.uint8), connectivity=4
        )
        labels = parts[y[first] - ~outer, x[first]]
    areas: dict[int, list[Polygon]] = {}
    points = np.stack([x, y], 1).astype(np.float64)
    for k, piece in pieces:
        ring = points[piece]
        rings = areas.setdefault(int(labels[k]), [])
        if len(pieces) == 1 or _runs_clockwise(ring) == outer[k]:
            rings.insert(0, ring)
        else:
            rings.append(ring if outer[k] else ring[::-1])
    return list(areas.values())


def _corner_points(
    mask: NDArray[Any],
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], list[int]]:
    """Corners of the foreground in reading order, and how they are joined.

    Where two pixels touch, there are two corners, one of each pixel. Corners
    2k and 2k + 1 are the ends of a horizontal side.

    Returns:
        x and y of each corner, the foreground around it as in ``_CORNERS``,
        and the number of the other end of its vertical side.
    """
    height, width = mask.shape
    padded = np.zeros((height + 2, width + 2), np.uint8)
    padded[1:-1, 1:-1] = mask != 0
    kinds = padded[:-1] | padded[1:] << 2
    kinds = (kinds[:, :-1] | kinds[:, 1:] << 1).ravel()
    at = np.flatnonzero((kinds > 0) & (kinds < 15))
    at = np.repeat(at, _CORNERS[kinds[at]])
    kind = kinds[at]
    y, x = np.divmod(at, width + 1)
    # Of two corners at a point the first ends a side from the left. It goes
    # on upwards, as the pixel up left does, unless the other two are set.
    place = 2 * (x * (height + 1) + y)
    second = np.flatnonzero(at[1:] == at[:-1]) + 1
    place[second - (kind[second] == _RISING)] += 1
    order = np.argsort(place)
    across = np.empty(at.size, np.int64)
    across[order[::2]], across[order[1::2]] = order[1::2], order[::2]
    return x, y, kind, across.tolist()


def _loops(across: list[int]) -> list[list[int]]:
    """Follow horizontal and vertical sides by turns."""
    seen = bytearray(len(across))
    loops = []
    for first in range(0, len(across), 2):
        if seen[first]:
            continue
        k, loop = first, list[int]()
        while not seen[k]:
            seen[k] = seen[k ^ 1] = 1
            loop += (k, k ^ 1)
            k = across[k ^ 1]
        loops.append(loop)
    return loops


def _simple(
    loop: list[int], x: NDArray[Any], y: NDArray[Any]
) -> list[list[int]]:
    """Cut a loop where it meets itself, at the corners of two pixels."""
    pieces: list[list[int]] = []
    path: list[int] = []
    place: dict[tuple[int, int], int] = {}
    for k in loop:
        point = (int(x[k]), int(y[k]))
        if point not in place:
            place[point] = len(path)
            path.append(k)
            continue
        begin = place[point]
        pieces.append(path[begin:])
        for other in path[begin + 1 :]:
            del place[int(x[other]), int(y[other])]
        del path[begin + 1 :]
    return [*pieces, path]


def _runs_clockwise(ring: Polygon) -> bool:
    """Whether a ring runs clockwise, as x goes right and y down."""
    x, y = ring.T
    return float(x[:-1] @ y[1:] - x[1:] @ y[:-1]) > x[0] * y[-1] - x[-1] * y[0]
