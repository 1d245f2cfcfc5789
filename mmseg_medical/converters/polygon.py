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
overlap are one: their union is painted.
"""

import os
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


def to_ring(points: Any, where: str, *, closed: bool = False) -> Polygon:
    """Check a ring as a file has it.

    Args:
        points: List of three or more [x, y] in pixels.
        where: File and number of the object, for the message.
        closed: The file repeats the first point as the last one, which is
            left out, and may have more coordinates than x and y.

    Returns:
        (N, 2) float64 array of x and y; coordinates may lie outside of the
        image.

    Raises:
        PolygonError: If there are fewer than three points, or one is no pair
            of numbers, or a coordinate is not finite or beyond 10^6.
    """
    try:
        ring = np.asarray(points, np.float64)
    except (TypeError, ValueError, OverflowError):
        ring = np.empty(0)
    if closed and ring.ndim == 2 and ring.shape[1] > 1:
        ring = ring[:, :2]
        if len(ring) > 3 and (ring[0] == ring[-1]).all():
            ring = ring[:-1]
    if ring.ndim != 2 or ring.shape[1] != 2 or len(ring) < 3:
        raise PolygonError(
            f'{where}: expected three or more [x, y], got {str(points)[:60]}'
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
    """Put each hole into the smallest outline that its first point lies in.

    Raises:
        PolygonError: If a hole lies in none.
    """
    areas = [[outline] for outline in outlines]
    sizes = [float(np.ptp(outline, axis=0).prod()) for outline in outlines]
    for k, hole in enumerate(holes, 1):
        point = (float(hole[0, 0]), float(hole[0, 1]))
        around = [
            n
            for n, outline in enumerate(outlines)
            if (outline.min(0) <= point).all()
            and (outline.max(0) >= point).all()
            and cv2.pointPolygonTest(outline.astype(np.float32), point, False)
            >= 0
        ]
        if not around:
            raise PolygonError(
                f'{where}: hole {k} at {point} (x, y) lies in none of the '
                f'{len(outlines)} outlines that it may belong to'
            )
        areas[min(around, key=sizes.__getitem__)].append(hole)
    return tuple(tuple(area) for area in areas)


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
