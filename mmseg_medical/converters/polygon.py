"""Polygons of HuBMAP 2022: a JSON list of lists of [x, y]."""

import json
import os
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mmseg_medical.converters.tiff import Region
from mmseg_medical.errors import InputError

Polygon = NDArray[np.float64]


class PolygonError(InputError):
    """A polygon file that cannot be read."""


def read_polygons(path: str | os.PathLike[str]) -> list[Polygon]:
    """Read the polygons of an image.

    Args:
        path: JSON file with a list of polygons, each a list of [x, y] in
            pixels, x to the right and y down.

    Returns:
        (N, 2) float64 arrays of x and y; coordinates may lie outside of the
        image by a few pixels.

    Raises:
        FileNotFoundError: If there is no such file.
        PolygonError: If it is no such list, or a polygon has fewer than
            three points, or a coordinate is not finite or beyond 10^6.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(
            f'{path} does not exist; check data_root and data_prefix'
        )
    try:
        data = json.loads(path.read_text(encoding='utf-8-sig'))
    except ValueError as error:
        raise PolygonError(
            f'{path} is no JSON ({error}); was it cut short?'
        ) from None
    if not isinstance(data, list):
        raise PolygonError(
            f'{path}: expected a list of polygons [[[x, y], …], …], got '
            f'{type(data).__name__}'
        )
    return [_polygon(path, k, points) for k, points in enumerate(data, 1)]


def _polygon(path: Path, k: int, points: Any) -> Polygon:
    try:
        polygon = np.asarray(points, np.float64)
    except (TypeError, ValueError):
        polygon = np.empty(0)
    if polygon.ndim != 2 or polygon.shape[1] != 2 or len(polygon) < 3:
        raise PolygonError(
            f'{path} polygon {k}: expected three or more [x, y], got '
            f'{str(points)[:60]}'
        )
    if not (np.abs(polygon) < 1e6).all():  # nan as well
        raise PolygonError(
            f'{path} polygon {k}: a coordinate is not finite, or a million '
            'pixels away'
        )
    return polygon


def rasterize(
    polygons: list[Polygon],
    shape: tuple[int, int],
    region: Region,
    *,
    where: str | os.PathLike[str] = 'polygons',
) -> NDArray[np.uint8]:
    """Paint polygons into a window of an image.

    Outlines belong to the polygons, as ``cv2.fillPoly`` paints them; what
    lies outside of the image is cut.

    Args:
        polygons: (N, 2) arrays of x and y in pixels of the whole image.
        shape: (height, width) of the whole image.
        region: Window to paint; it must lie inside the image.
        where: File, for the message.

    Returns:
        (region.height, region.width) uint8 of 0 and 1.

    Raises:
        PolygonError: If a point lies further outside than the image is
            large.
    """
    region.check(shape, 'mask')
    far = np.array(shape[::-1])
    for k, polygon in enumerate(polygons, 1):
        if (polygon < -far).any() or (polygon > 2 * far).any():
            raise PolygonError(
                f'{where} polygon {k}: points {polygon.min(0).tolist()} … '
                f'{polygon.max(0).tolist()} (x, y) lie far outside of the '
                f'image of {shape[0]} x {shape[1]} pixels (height x width); '
                'is it of another image?'
            )
    top, left, height, width = region
    mask = np.zeros((height, width), np.uint8)
    for polygon in polygons:
        points = np.rint(polygon).astype(np.int32)
        x0, y0 = points.min(0)
        x1, y1 = points.max(0) + 1
        to_x = slice(max(x0 - left, 0), max(min(x1 - left, width), 0))
        to_y = slice(max(y0 - top, 0), max(min(y1 - top, height), 0))
        if to_x.start >= to_x.stop or to_y.start >= to_y.stop:
            continue
        # Painted whole and then cut: OpenCV draws edges that it has to clip
        # in a slightly different place.
        whole = np.zeros((y1 - y0, x1 - x0), np.uint8)
        cv2.fillPoly(whole, [points - (x0, y0)], 1)
        y, x = to_y.start + top - y0, to_x.start + left - x0
        part = mask[to_y, to_x]
        part |= whole[y : y + part.shape[0], x : x + part.shape[1]]
    return mask
