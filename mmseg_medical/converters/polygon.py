"""Outlines of objects, and the four ways in which people paint them.

=========== ============================ ===================== ===============
painter     pixels of an outline         pixel (0, 0) is       as in
=========== ============================ ===================== ===============
``opencv``  ``cv2.fillPoly`` of rounded  the point (0, 0)      HuBMAP
            points, with the outline
``pil``     ``PIL.ImageDraw.polygon``,   the point (0, 0)      LabelMe
            points cut to integers,
            with the outline
``corners`` those whose centre lies      the square from       QuPath, CVAT,
            inside                       (0, 0) to (1, 1)      ImageScope
``coco``    the same, points rounded to  the square from       COCO
            fifths, as pycocotools does  (0, 0) to (1, 1)
=========== ============================ ===================== ===============

An area is a tuple of rings: the outline, then its holes. With ``opencv`` the
outline of a hole belongs to the area, with ``pil`` to the hole. Areas that
overlap are one: their union is painted. OpenCV moves edges that the border of
the image cuts; here they stay as in a larger image.
"""

import os
import reprlib
from collections.abc import Sequence
from typing import Any, Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from mmseg_medical.converters import _painters
from mmseg_medical.converters.runs import Mask
from mmseg_medical.converters.tiff import Region
from mmseg_medical.errors import InputError

# (N, 2) x and y in pixels of the whole image; the first point follows on the
# last one.
Polygon = NDArray[np.float64]
# Rings of one area: the outline, then its holes.
Rings = tuple[Polygon, ...]
Painter = Literal['opencv', 'pil', 'corners', 'coco']
PAINTERS: tuple[Painter, ...] = get_args(Painter)


class PolygonError(InputError):
    """An outline that cannot be painted."""


def to_ring(
    points: Any, where: str, *, closed: bool = False, least: int = 3
) -> Polygon:
    """Check a ring, or the points of another shape, as a file has it.

    Args:
        points: List of [x, y] in pixels.
        where: File and number of the object, for the message.
        closed: The file may repeat the first point as the last one, which is
            left out, and have more coordinates than x and y.
        least: Number of points that there must be.

    Returns:
        (N, 2) float64 array of x and y; coordinates may lie outside of the
        image.

    Raises:
        PolygonError: If there are fewer points, or one is no pair of
            numbers, or a coordinate is not finite or beyond 10^6.
    """
    try:
        ring = np.asarray(points)
    except ValueError:  # rows of several lengths
        ring = np.empty(0)
    if ring.dtype.kind in 'iuf':  # no text, no null, no endless integers
        ring = ring.astype(np.float64, copy=False)
    else:
        ring = np.empty(0)
    if closed and ring.ndim == 2 and ring.shape[1] > 1:
        ring = ring[:, :2]
        if len(ring) > 1 and (ring[0] == ring[-1]).all():
            ring = ring[:-1]
    if ring.ndim != 2 or ring.shape[1] != 2 or len(ring) < least:
        got = points.tolist() if isinstance(points, np.ndarray) else points
        raise PolygonError(
            f'{where}: expected {least} or more [x, y], got '
            f'{reprlib.repr(got)[:60]}'
        )
    if not (np.abs(ring) < 1e6).all():  # nan as well
        raise PolygonError(
            f'{where}: a coordinate is not finite, or a million pixels away'
        )
    return ring


def to_numbers(ring: Polygon) -> list[list[float]]:
    """Ring as a list of [x, y]; whole numbers are written as such."""
    whole = ring.astype(np.int64)
    return (whole if (whole == ring).all() else ring).tolist()


def nest(
    outlines: Sequence[Polygon], holes: Sequence[Polygon], where: str
) -> tuple[Rings, ...]:
    """Put each hole into the smallest outline around most of its points.

    Raises:
        PolygonError: If there is none.
    """
    areas = [[outline] for outline in outlines]
    low = np.array([outline.min(0) for outline in outlines]).reshape(-1, 2)
    high = np.array([outline.max(0) for outline in outlines]).reshape(-1, 2)
    sizes = (high - low).prod(1)
    for k, hole in enumerate(holes, 1):
        near = np.flatnonzero(
            ((low <= hole.max(0)) & (hole.min(0) <= high)).all(1)
        )
        for n in near[np.argsort(sizes[near], kind='stable')].tolist():
            if 2 * _count_inside(hole, outlines[n]) > len(hole):
                areas[n].append(hole)
                break
        else:
            x, y = hole[0].tolist()
            raise PolygonError(
                f'{where}: hole {k} at ({x}, {y}) (x, y) lies in none of the '
                f'{len(outlines)} outlines that it may belong to'
            )
    return tuple(tuple(area) for area in areas)


def _count_inside(points: Polygon, outline: Polygon) -> int:
    """Number of points that lie inside of an outline, or on it."""
    ring = outline.astype(np.float32)
    return sum(
        cv2.pointPolygonTest(ring, point, False) >= 0
        for point in points.tolist()
    )


def rectangle(
    corner: tuple[float, float],
    opposite: tuple[float, float],
    rotation: float = 0,
) -> Polygon:
    """Ring of a rectangle, from two opposite corners as (x, y) in pixels.

    Args:
        corner: One corner before the rotation.
        opposite: The corner across.
        rotation: Clockwise about the centre, in degrees.
    """
    (x0, y0), (x1, y1) = corner, opposite
    ring = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], np.float64)
    center = ring.mean(0)
    return _turn(ring - center, rotation) + center if rotation else ring


def ellipse(
    center: tuple[float, float],
    radii: tuple[float, float],
    rotation: float = 0,
) -> Polygon:
    """Ring that follows an ellipse within a hundredth of a pixel.

    Args:
        center: (x, y) in pixels.
        radii: Along x and y before the rotation, in pixels.
        rotation: Clockwise about the centre, in degrees.
    """
    # The middle of a chord lies r * (1 - cos(pi / n)) inside.
    count = max(8, int(np.ceil(np.pi * np.sqrt(max(radii) / 0.02))))
    angle = np.arange(count) * (2 * np.pi / count)
    points = np.stack([np.cos(angle), np.sin(angle)], 1) * radii
    return _turn(points, rotation) + center


def _turn(points: Polygon, degrees: float) -> Polygon:
    """Turn points clockwise about (0, 0)."""
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return points @ np.array([[cos, sin], [-sin, cos]])


def check_near(
    areas: Sequence[Rings], shape: tuple[int, int], where: object
) -> None:
    """Refuse areas of another image.

    Args:
        areas: Tuples of (N, 2) rings of x and y in pixels.
        shape: (height, width) of the image in pixels.
        where: File, for the message.

    Raises:
        PolygonError: If a point lies further outside than the image is
            large.
    """
    far = np.array(shape[::-1])
    for k, area in enumerate(areas, 1):
        points = np.concatenate(area)
        if not ((points >= -far) & (points <= 2 * far)).all():
            raise PolygonError(
                f'{where} polygon {k}: points {points.min(0).tolist()} … '
                f'{points.max(0).tolist()} (x, y) lie far outside of the '
                f'image of {shape[0]} x {shape[1]} pixels (height x width); '
                'is it of another image?'
            )


def rasterize(
    areas: Sequence[Rings],
    shape: tuple[int, int],
    region: Region,
    *,
    painter: Painter = 'opencv',
    where: str | os.PathLike[str] = 'polygons',
) -> Mask:
    """Paint areas into a window of an image.

    What lies outside of the image is cut. A window has the pixels that the
    whole painting has there.

    Args:
        areas: Tuples of (N, 2) rings of x and y in pixels of the whole
            image: the outline, then its holes.
        shape: (height, width) of the whole image in pixels.
        region: Window to paint; it must lie inside the image.
        painter: Which pixels an outline holds; see the table of this module.
        where: File, for the message.

    Returns:
        (region.height, region.width) uint8 of 0 and 1.

    Raises:
        PolygonError: If a point lies further outside than the image is
            large.
        ValueError: If the painter is unknown, or the window leaves the image.
    """
    if painter not in PAINTERS:
        raise ValueError(f'painter is one of {PAINTERS}, got {painter!r}')
    region.check(shape, 'mask')
    mask = np.zeros((region.height, region.width), np.uint8)
    if not areas:
        return mask
    outlines = _painters.Outlines.of(areas)
    for side, far in zip(outlines.points.T, shape[::-1], strict=True):
        if not (side.min() >= -far and side.max() <= 2 * far):  # nan as well
            check_near(areas, shape, where)
    getattr(_painters, painter)(outlines, region, mask)
    return mask
