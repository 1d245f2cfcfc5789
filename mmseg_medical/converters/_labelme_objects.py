"""Shapes of LabelMe, and what belongs together as one object."""

import reprlib
from collections.abc import Sequence
from typing import Any, NamedTuple

from mmseg_medical.converters._labelme_shapes import (
    ShapePainter,
    decode_mask,
    encode_mask,
    paint_shape,
)
from mmseg_medical.converters.polygon import (
    Polygon,
    Rings,
    check_near,
    nest,
    rasterize,
    rectangle,
    to_numbers,
    to_ring,
)
from mmseg_medical.converters.record import Annotation, AnnotationError
from mmseg_medical.converters.runs import Runs
from mmseg_medical.converters.runs_geometry import union
from mmseg_medical.converters.tiff import Region
from mmseg_medical.converters.trace import trace

HOLE = 'hole'
# Number of points of each type of shape: at least, at most.
_POINTS = {
    'polygon': (3, None),
    'rectangle': (2, 2),
    'oriented_rectangle': (4, 4),
    'circle': (2, 2),
    'line': (2, 2),
    'linestrip': (2, None),
    'point': (1, 1),
    'mask': (2, 2),
}
_OUTLINES = ('polygon', 'rectangle', 'oriented_rectangle')


class _Shape(NamedTuple):
    """A shape: known by its outline and holes, or by its pixels."""

    label: str
    group: int | None
    rings: Rings
    runs: Runs | None
    properties: dict[str, Any]


def read_objects(
    entries: list[Any],
    shape: tuple[int, int],
    painter: ShapePainter,
    where: object,
) -> tuple[Annotation, ...]:
    """Read the shapes of a file.

    Args:
        entries: The file's ``shapes``.
        shape: (height, width) of the image in pixels.
        painter: Who paints shapes that are no outlines, and outlines later.
        where: File, for the message.

    Raises:
        AnnotationError, PolygonError: If a shape cannot be what it says.
    """
    shapes = [
        _read_shape(entry, shape, painter, f'{where} shape {k}')
        for k, entry in enumerate(entries, 1)
    ]
    objects: dict[object, list[_Shape]] = {}
    for k, one in enumerate(_cut_holes(shapes, where)):
        alone = k if one.group is None else None
        objects.setdefault((one.label, one.group, alone), []).append(one)
    return tuple(_join(parts, shape, painter) for parts in objects.values())


def _read_shape(
    entry: Any, shape: tuple[int, int], painter: ShapePainter, where: str
) -> _Shape:
    if not isinstance(entry, dict):
        raise AnnotationError(
            f'{where}: expected {{…}}, got {str(entry)[:60]}'
        )
    label, group = entry.get('label'), entry.get('group_id')
    if not isinstance(label, str) or type(group) not in (int, type(None)):
        raise AnnotationError(
            f'{where}: label is a text and group_id a number or null, got '
            f'{str(label)[:60]!r} and {str(group)[:60]!r}'
        )
    kind = entry.get('shape_type') or 'polygon'
    if not isinstance(kind, str) or kind not in _POINTS:
        raise AnnotationError(
            f'{where}: shape_type is one of {list(_POINTS)}, got '
            f'{str(kind)[:60]!r}'
        )
    points = _read_points(entry.get('points'), kind, where)
    check_near([(points,)], shape, where)
    rings: Rings = ()
    runs = None
    if kind == 'rectangle':
        rings = (rectangle(*points),)
    elif kind in _OUTLINES:
        rings = (points,)
    elif kind == 'mask':
        runs = decode_mask(entry.get('mask'), points, shape, where)
    else:
        runs = paint_shape(kind, points, shape, painter, where)
    properties = {
        key: entry[key]
        for key in ('group_id', 'description', 'flags')
        if entry.get(key) not in (None, '', {})
    }
    return _Shape(label, group, rings, runs, properties)


def _read_points(points: Any, kind: str, where: str) -> Polygon:
    least, most = _POINTS[kind]
    count = len(points) if isinstance(points, list) else 0
    if count < least or count > (most or count):
        number = f'{least} points' + (' or more' if most is None else '')
        raise AnnotationError(
            f'{where}: a {kind} has {number}, got {reprlib.repr(points)[:60]}'
        )
    return to_ring(points, where, least=least)


def _cut_holes(shapes: list[_Shape], where: object) -> list[_Shape]:
    """Shapes without the holes, which go to the outlines around them."""
    groups: dict[int, list[int]] = {}
    for k, one in enumerate(shapes):
        if one.group is not None:
            groups.setdefault(one.group, []).append(k)
    left = dict(enumerate(shapes))
    for group, members in groups.items():
        holes = [k for k in members if shapes[k].label == HOLE]
        if not holes or len(holes) == len(members):
            continue  # nothing but holes: that is a class
        if not all(shapes[k].rings for k in holes):
            raise AnnotationError(
                f'{where} group {group}: a hole is one of {_OUTLINES}'
            )
        around = [k for k in members if shapes[k].rings and k not in holes]
        areas = nest(
            [shapes[k].rings[0] for k in around],
            [left.pop(k).rings[0] for k in holes],
            f'{where} group {group}',
        )
        for k, rings in zip(around, areas, strict=True):
            left[k] = shapes[k]._replace(rings=rings)
    return list(left.values())


def _join(
    parts: Sequence[_Shape], shape: tuple[int, int], painter: ShapePainter
) -> Annotation:
    """One object of one shape or several."""
    label = parts[0].label
    properties: dict[str, Any] = {}
    for part in reversed(parts):
        properties |= part.properties
    areas = tuple(part.rings for part in parts if part.rings)
    known = [part.runs for part in parts if part.runs is not None]
    outlined = Annotation(
        label, polygons=areas, painter=painter, properties=properties
    )
    if not known:
        return outlined
    if box := outlined.box(shape):
        part = Runs.from_mask(outlined.mask(shape, box), 'C')
        known.append(part.place(box.top, box.left, shape))
    return Annotation(label, runs=union(known), properties=properties)


def write_objects(
    annotations: Sequence[Annotation], shape: tuple[int, int]
) -> tuple[list[dict[str, Any]], int]:
    """Shapes of objects, for the file, and how many have no pixel.

    Args:
        annotations: Objects of an image.
        shape: (height, width) of the image in pixels.

    Raises:
        InputError: If an object is of an image of another size.
    """
    parts = [_parts(one, shape) for one in annotations]
    groups = _groups(annotations, parts)
    entries = [
        dict(
            label=HOLE if part.get('hole') else one.label,
            points=part['points'],
            group_id=group,
            description=str(one.properties.get('description', '')),
            shape_type='mask' if 'mask' in part else 'polygon',
            flags=one.properties.get('flags', {}),
            mask=part.get('mask'),
        )
        for one, group, found in zip(annotations, groups, parts, strict=True)
        for part in found
    ]
    return entries, parts.count([])


def _parts(
    annotation: Annotation, shape: tuple[int, int]
) -> list[dict[str, Any]]:
    """Polygons and holes of an object, or its mask."""
    areas: Sequence[Rings] = ()
    if annotation.runs is None and annotation.painter == 'pil':
        areas = annotation.polygons
    elif box := annotation.box(shape):
        mask = annotation.mask(shape, box)
        areas = trace(mask, 'opencv')
        window = Region(0, 0, *mask.shape)
        painted = rasterize(areas, mask.shape, window, painter='pil')
        if any(len(area) > 1 for area in areas) or (painted != mask).any():
            corners = [
                [box.left, box.top],
                [box.left + box.width - 1, box.top + box.height - 1],
            ]
            return [dict(points=corners, mask=encode_mask(mask))]
        origin = (box.left, box.top)
        areas = [tuple(ring + origin for ring in area) for area in areas]
    return [
        dict(points=to_numbers(ring), hole=k > 0)
        for area in areas
        for k, ring in enumerate(area)
    ]


def _groups(
    annotations: Sequence[Annotation], parts: list[list[dict[str, Any]]]
) -> list[int | None]:
    """Group of each object: its own one, or a free one where it needs one.

    Objects of several shapes need a group. A group with a hole is of one
    object, so that the hole is not taken for another's.
    """
    own = [one.properties.get('group_id') for one in annotations]
    own = [group if type(group) is int else None for group in own]
    alone = {
        group
        for one, group, found in zip(annotations, own, parts, strict=True)
        if one.label == HOLE or any(part.get('hole') for part in found)
    }
    free = max((group for group in own if group is not None), default=-1) + 1
    seen: set[tuple[str, int]] = set()
    groups: list[int | None] = []
    for one, group, found in zip(annotations, own, parts, strict=True):
        shared = group in alone and own.count(group) > 1
        if group is None or shared or (one.label, group) in seen:
            group = None
            if len(found) > 1:
                group, free = free, free + 1
        if group is not None:
            seen.add((one.label, group))
        groups.append(group)
    return groups
