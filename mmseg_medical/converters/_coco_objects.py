"""Objects of COCO files: polygons or run lengths, and what is said of them."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from mmseg_medical.converters import rle
from mmseg_medical.converters.coco_polygon import join_holes
from mmseg_medical.converters.label_map import runs_of, shape_of
from mmseg_medical.converters.polygon import Polygon, to_ring
from mmseg_medical.converters.record import (
    Annotation,
    AnnotationError,
    Record,
)


class COCOError(AnnotationError):
    """A COCO file that is not what COCO defines."""


def read_object(
    where: str,
    entry: Mapping[str, Any],
    shape: tuple[int, int],
    labels: Mapping[Any, str],
) -> Annotation:
    """Read an object.

    Args:
        where: File and object, for messages.
        entry: One of the ``annotations`` of a file.
        shape: (height, width) of the image in pixels.
        labels: Names of the categories by their ids.

    Raises:
        COCOError: If its category is unknown, or it has no segmentation.
        PolygonError, RLEError: If its segmentation is not well-formed.
    """
    key = entry.get('category_id')
    if not isinstance(key, int | str) or key not in labels:
        raise COCOError(
            f'{where}: category_id {key!r} is none of categories {labels}'
        )
    segmentation = entry.get('segmentation')
    if not segmentation:
        raise COCOError(
            f'{where}: it has '
            + ('a box and ' if entry.get('bbox') else '')
            + 'no segmentation; --skip-errors leaves such objects out'
        )
    score = entry.get('score')
    common: dict[str, Any] = dict(
        score=float(score) if isinstance(score, int | float) else None,
        properties={'iscrowd': 1} if entry.get('iscrowd') else {},
    )
    if isinstance(segmentation, dict):
        counts = segmentation.get('counts')
        kind = 'coco_counts' if isinstance(counts, list) else 'coco'
        runs = rle.load(segmentation, shape, kind, where=where)
        return Annotation(labels[key], runs, **common)
    if not isinstance(segmentation, list):
        raise COCOError(
            f'{where}: segmentation is a list of polygons or a dict of run '
            f'lengths, got {type(segmentation).__name__}'
        )
    areas = tuple((_polygon(where, flat),) for flat in segmentation)
    return Annotation(labels[key], None, areas, 'coco', **common)


def _polygon(where: str, flat: Any) -> Polygon:
    try:
        points = np.asarray(flat, np.float64).reshape(-1, 2)
    except (TypeError, ValueError, OverflowError):
        points = flat  # to_ring says what is wrong
    return to_ring(points, where)


def write_object(
    record: Record, annotation: Annotation, *, polygons: bool
) -> dict[str, Any] | None:
    """Say all of an object but its ids.

    Args:
        record: Image of the object; it must say its size.
        annotation: The object.
        polygons: Outlines instead of run lengths; see :func:`coco.write`.

    Returns:
        None where the object has no pixel: COCO has no box for it.

    Raises:
        InputError: As :func:`runs_of`.
    """
    runs = runs_of(record, annotation)
    box = runs.box()
    if box is None:
        return None
    top, left, height, width = box
    entry = dict(
        iscrowd=int(bool(annotation.properties.get('iscrowd'))),
        area=runs.area,
        bbox=[left, top, width, height],
        segmentation=_polygons(annotation, shape_of(record))
        if polygons
        else rle.dump(runs, 'coco'),
    )
    if annotation.score is not None:
        entry['score'] = annotation.score
    return entry


def _polygons(
    annotation: Annotation, shape: tuple[int, int]
) -> list[list[float]]:
    rings = [join_holes(a) for a in annotation.outlines(shape, 'coco')]
    return [[_short(v) for v in ring.reshape(-1).tolist()] for ring in rings]


def _short(value: float) -> float:
    """A whole number without its point."""
    return int(value) if value.is_integer() else value
