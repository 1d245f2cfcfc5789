"""Shapes of CVAT: polygons, boxes, ellipses, and masks of a window."""

from typing import Any
from xml.etree.ElementTree import Element

import numpy as np

from mmseg_medical.converters._rle_text import parse_integers
from mmseg_medical.converters._xml import number, whole_number
from mmseg_medical.converters.label_map import runs_of
from mmseg_medical.converters.polygon import (
    Polygon,
    check_near,
    ellipse,
    rectangle,
    to_numbers,
    to_ring,
)
from mmseg_medical.converters.record import (
    Annotation,
    AnnotationError,
    Record,
)
from mmseg_medical.converters.runs import Runs

WITHOUT_AREA = ('polyline', 'points', 'cuboid', 'skeleton')
_OUTLINES = ('polygon', 'box', 'ellipse')
# Attributes that are kept as they are.
_PROPERTIES = ('source', 'occluded', 'z_order')


def read_shape(
    part: Element, shape: tuple[int, int], where: str
) -> Annotation:
    """Read a shape that has an area.

    Args:
        part: Element of the file.
        shape: (height, width) of the image in pixels.
        where: File, image and number of the shape, for the message.

    Raises:
        AnnotationError, PolygonError: If it is none, or cannot be what it
            says.
    """
    label = part.get('label')
    if not label:
        raise AnnotationError(f'{where}: it has no label')
    properties: dict[str, Any] = {
        key: part.attrib[key] for key in _PROPERTIES if key in part.attrib
    }
    if 'group_id' in part.attrib:
        properties['group_id'] = whole_number(part, 'group_id', where)
    attributes = {
        attribute.get('name', ''): attribute.text or ''
        for attribute in part.iterfind('attribute')
    }
    if attributes:
        properties['attributes'] = attributes
    if part.tag == 'mask':
        runs = _read_mask(part, shape, where)
        return Annotation(label, runs=runs, properties=properties)
    if part.tag not in _OUTLINES:
        raise AnnotationError(
            f'{where}: <{part.tag}> is none of the shapes of CVAT: '
            f'{(*_OUTLINES, "mask", *WITHOUT_AREA)}'
        )
    areas = ((_read_ring(part, where),),)
    check_near(areas, shape, where)
    return Annotation(
        label, polygons=areas, painter='corners', properties=properties
    )


def _read_ring(part: Element, where: str) -> Polygon:
    def value(name: str) -> float:
        return number(part, name, where)

    rotation = number(part, 'rotation', where, default=0)
    if part.tag == 'box':
        corner = value('xtl'), value('ytl')
        ring = rectangle(corner, (value('xbr'), value('ybr')), rotation)
    elif part.tag == 'ellipse':
        radii = abs(value('rx')), abs(value('ry'))
        ring = ellipse((value('cx'), value('cy')), radii, rotation)
    else:
        text = part.get('points', '')
        try:
            ring = np.array(
                [[float(v) for v in p.split(',')] for p in text.split(';')]
            )
        except ValueError:
            raise AnnotationError(
                f'{where}: points are x,y;x,y;…, got {text[:60]!r}'
            ) from None
    return to_ring(ring, where)


def _read_mask(part: Element, shape: tuple[int, int], where: str) -> Runs:
    """Mask of a window: counts along its rows, background first."""
    top, left, height, width = (
        whole_number(part, name, where)
        for name in ('top', 'left', 'height', 'width')
    )
    try:
        counts = parse_integers(part.get('rle', '').replace(',', ' '))
        edges = np.cumsum(counts)
        size = height * width
        if (counts < 0).any() or ((edges < 0) | (edges > size)).any():
            raise ValueError(
                f'its counts leave the window of {height} x {width} pixels '
                '(height x width)'
            )
        ends = edges[1::2]
        starts = edges[::2][: ends.size]
        filled = starts < ends
        window = (height, width)
        runs = Runs(starts[filled], ends[filled], window, 'C')
        return runs.place(top, left, shape)
    except ValueError as error:
        raise AnnotationError(f'{where}: {error}') from None


def write_shape(
    record: Record, annotation: Annotation
) -> tuple[str, dict[str, Any]] | None:
    """Name and attributes of a polygon or a mask.

    Args:
        record: Image of the object; it must say its size.
        annotation: Object; outlines without holes that are meant for corners
            of pixels stay as they are, others become a mask.

    Returns:
        None where the object has no pixel.

    Raises:
        InputError: If the object is of an image of another size.
    """
    known = annotation.properties
    common = dict(label=annotation.label, occluded=0)
    common |= {key: known[key] for key in _PROPERTIES if key in known}
    if type(known.get('group_id')) is int:
        common['group_id'] = known['group_id']
    areas = annotation.polygons
    verbatim = annotation.runs is None and annotation.painter == 'corners'
    if verbatim and len(areas) == 1 and len(areas[0]) == 1:
        points = ';'.join(f'{x},{y}' for x, y in to_numbers(areas[0][0]))
        return 'polygon', dict(common, points=points)
    runs = runs_of(record, annotation, order='C')
    box = runs.box()
    if box is None:
        return None
    top, left, height, width = box
    runs = runs.crop(*box)
    edges = np.stack([runs.starts, runs.ends], 1).ravel()
    counts = np.diff(edges, prepend=0, append=height * width).tolist()
    window = dict(left=left, top=top, width=width, height=height)
    return 'mask', dict(common, rle=', '.join(map(str, counts)), **window)
