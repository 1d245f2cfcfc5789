"""Shapes of LabelMe that are no outlines: the pixels they stand for."""

import base64
import binascii
import io
from typing import Literal

import cv2
import numpy as np
import PIL
import PIL.Image
import PIL.ImageDraw

from mmseg_medical.converters.polygon import Polygon
from mmseg_medical.converters.record import AnnotationError
from mmseg_medical.converters.runs import IntArray, Mask, Runs
from mmseg_medical.converters.runs_geometry import nothing

LINE_WIDTH = 10  # pixels, as LabelMe paints lines
POINT_SIZE = 5  # radius in pixels, as LabelMe paints points

# Pixels that are painted at once.
_LIMIT = 2**30

ShapePainter = Literal['pil', 'opencv']


def paint_shape(
    kind: str,
    points: Polygon,
    shape: tuple[int, int],
    painter: ShapePainter,
    where: str,
) -> Runs:
    """Paint a circle, a line, a strip of lines or a point.

    Args:
        kind: ``'circle'`` (centre, point on the rim), ``'line'``,
            ``'linestrip'`` or ``'point'``.
        points: (N, 2) x and y in pixels.
        shape: (height, width) of the image in pixels.
        painter: ``'pil'`` paints as LabelMe, ``'opencv'`` with ``cv2.circle``
            and ``cv2.polylines``.
        where: File and number of the shape, for the message.

    Raises:
        AnnotationError: If painting it would take more than a gigabyte.
    """
    if kind == 'circle':
        radius = float(np.hypot(*(points[1] - points[0])))
    else:
        radius = float(POINT_SIZE if kind == 'point' else LINE_WIDTH)
    disc = kind in ('circle', 'point')
    around = points[:1] if disc else points
    low = np.floor(around.min(0) - radius - 2).astype(int)
    high = np.ceil(around.max(0) + radius + 2).astype(int)
    left, top = np.clip(low, 0, shape[::-1]).tolist()
    right, bottom = np.clip(high, 0, shape[::-1]).tolist()
    if left >= right or top >= bottom:
        return nothing(shape, 'C')
    if np.prod(high - np.minimum(low, 0), dtype=float) > _LIMIT:
        raise AnnotationError(
            f'{where}: a {kind} in an image of {shape[0]} x {shape[1]} pixels '
            '(height x width) is too large to paint; draw a polygon'
        )
    paint = _paint_pil if painter == 'pil' else _paint_opencv
    mask = paint(kind, points, radius, low, high)
    x, y = low.tolist() if painter == 'opencv' else (0, 0)
    part = mask[top - y : bottom - y, left - x : right - x]
    return Runs.from_mask(part, 'C').place(top, left, shape)


def _paint_pil(
    kind: str, points: Polygon, radius: float, low: IntArray, high: IntArray
) -> Mask:
    """Paint from (0, 0) of the image on: Pillow rounds differently elsewhere.

    It cuts lines at the border of the image, as it does for LabelMe.
    """
    canvas = PIL.Image.new('L', tuple(high.tolist()))
    draw = PIL.ImageDraw.Draw(canvas)
    if kind in ('circle', 'point'):
        box = (points[0] - radius, points[0] + radius)
        draw.ellipse(np.ravel(box).tolist(), fill=1, outline=1)
    else:
        joint = 'curve' if kind == 'linestrip' else None
        flat = [(x, y) for x, y in points.tolist()]
        draw.line(flat, fill=1, width=LINE_WIDTH, joint=joint)
    return np.asarray(canvas)


def _paint_opencv(
    kind: str, points: Polygon, radius: float, low: IntArray, high: IntArray
) -> Mask:
    """Paint the whole shape: OpenCV moves lines that it has to cut."""
    mask = np.zeros((high - low)[::-1].tolist(), np.uint8)
    whole = np.rint(points).astype(np.int32) - low.astype(np.int32)
    if kind in ('circle', 'point'):
        cv2.circle(mask, whole[0].tolist(), round(radius), 1, -1)
    else:
        cv2.polylines(mask, [whole], False, 1, LINE_WIDTH)
    return mask


def decode_mask(
    text: object, points: Polygon, shape: tuple[int, int], where: str
) -> Runs:
    """Read a shape of type ``mask``: a crop of the mask as PNG in base64.

    Args:
        text: PNG in base64; every value but 0 is foreground.
        points: (2, 2) x and y of the first and the last pixel of the crop.
        shape: (height, width) of the image in pixels.
        where: File and number of the shape, for the message.

    Raises:
        AnnotationError: If it is no such PNG, its size is not that of the
            two points, or it lies outside of the image.
    """
    left, top = np.rint(points[0]).astype(int).tolist()
    width, height = (np.rint(points[1]).astype(int) + 1 - (left, top)).tolist()
    crop = _read_png(text, 4 * shape[0] * shape[1], where)
    if crop.shape != (height, width):
        # Whole corners say the size; others were rounded one by one.
        if (points == np.rint(points)).all():
            raise AnnotationError(
                f'{where}: its mask has {crop.shape[0]} x {crop.shape[1]} '
                f'pixels (height x width), its two points span {height} x '
                f'{width}; the last pixel counts'
            )
        height, width = crop.shape
    y, x = max(-top, 0), max(-left, 0)
    inside = crop[y : max(shape[0] - top, 0), x : max(shape[1] - left, 0)]
    if not inside.size:
        raise AnnotationError(
            f'{where}: its mask lies outside of the image of {shape[0]} x '
            f'{shape[1]} pixels (height x width)'
        )
    return Runs.from_mask(inside, 'C').place(top + y, left + x, shape)


def _read_png(text: object, limit: int, where: str) -> Mask:
    """Decode a PNG of one channel: (H, W) of 0 and 1."""
    try:
        if not isinstance(text, str):
            raise ValueError(f'it is {type(text).__name__}')
        data = base64.b64decode(text, validate=True)
        with PIL.Image.open(io.BytesIO(data), formats=['PNG']) as img:
            if img.width * img.height > limit:
                raise ValueError(f'it has {img.width} x {img.height} pixels')
            pixels = np.asarray(img)
    except (
        *(binascii.Error, ValueError, OSError, SyntaxError),
        *(PIL.UnidentifiedImageError, PIL.Image.DecompressionBombError),
    ) as error:
        raise AnnotationError(
            f'{where}: its mask is no PNG in base64 ({error}); was it cut '
            'short?'
        ) from None
    if pixels.ndim != 2:
        raise AnnotationError(
            f'{where}: its mask has {pixels.shape[2]} channels, expected one'
        )
    return (pixels != 0).astype(np.uint8)


def encode_mask(mask: Mask) -> str:
    """PNG of 1 bit in base64 of a mask (H, W)."""
    with io.BytesIO() as file:
        PIL.Image.fromarray(mask != 0).save(file, 'PNG')
        return base64.b64encode(file.getvalue()).decode('ascii')
