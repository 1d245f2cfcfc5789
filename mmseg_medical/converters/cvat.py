"""CVAT for images 1.1: one XML file of all images of a task."""

import os
import posixpath
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape, quoteattr

import numpy as np

from mmseg_medical._files import replacing
from mmseg_medical.converters._rle_text import parse_integers
from mmseg_medical.converters._sources import find_image
from mmseg_medical.converters._xml import iterate_xml, number, whole_number
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
    Skipped,
)
from mmseg_medical.converters.runs import Runs
from mmseg_medical.errors import InputError

PathLike = str | os.PathLike[str]

_OUTLINES = ('polygon', 'box', 'ellipse')
_WITHOUT_AREA = ('polyline', 'points', 'cuboid', 'skeleton')
_PROPERTIES = ('source', 'occluded', 'z_order')


def read(
    path: PathLike,
    *,
    skipped: Skipped | None = None,
    img_dir: PathLike | None = None,
) -> Iterator[Record]:
    """Read the images of a task.

    Args:
        path: XML file, or a folder with its ``annotations.xml``.
        skipped: Keeps the errors of images that cannot be read; None raises
            the first one.
        img_dir: Folder of the images, for ``img_path``.

    Yields:
        One record per image, objects by ``z_order``; pixels are those whose
        centre lies inside. ``properties`` of an object have its
        ``attributes`` and ``group_id``; those of a record its ``img_name`` in
        the file, its ``tags``, and how many shapes are ``without_area``
        (polylines, points, cuboids, skeletons), if any.

    Raises:
        FileNotFoundError: If there is no such file.
        AnnotationError, PolygonError: If the file or an image of it cannot be
            read, or it is of a video, which has tracks.
    """
    skipped = Skipped() if skipped is None else skipped
    path = Path(path)
    path = path / 'annotations.xml' if path.is_dir() else path
    try:
        for element, _ in iterate_xml(path, 'annotations', ('image', 'track')):
            if element.tag == 'track':
                raise AnnotationError(
                    f'{path} is of a video: it has tracks. Export it as "CVAT '
                    'for images 1.1"'
                )
            try:
                record = _read_image(element, path, img_dir)
            except (InputError, OSError) as error:
                skipped.add(error)
            else:
                yield record
    except AnnotationError as error:
        skipped.add(error)


def _read_image(
    element: Element, path: Path, img_dir: PathLike | None
) -> Record:
    name = element.get('name', '')
    where = f'{path} image {name!r}'
    if not name:
        raise AnnotationError(f'{where}: every image needs a name')
    shape = (
        whole_number(element, 'height', where),
        whole_number(element, 'width', where),
    )
    if min(shape) < 1:
        raise AnnotationError(f'{where}: height and width are {shape}')
    annotations: list[tuple[int, Annotation]] = []
    tags, without = [], 0
    for k, part in enumerate(element, 1):
        here = f'{where} shape {k}'
        if part.tag == 'tag':
            tags.append(part.get('label', ''))
        elif part.tag in _WITHOUT_AREA:
            without += 1
        else:
            annotation = _read_shape(part, shape, here)
            above = whole_number(part, 'z_order', here, default=0)
            annotations.append((above, annotation))
    annotations.sort(key=lambda pair: pair[0])
    properties: dict[str, Any] = {'img_name': name}
    if tags:
        properties['tags'] = tags
    if without:
        properties['without_area'] = without
    return Record(
        os.path.splitext(name)[0],
        shape,
        tuple(annotation for _, annotation in annotations),
        find_image(img_dir, name),
        properties,
    )


def _read_shape(
    part: Element, shape: tuple[int, int], where: str
) -> Annotation:
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
            f'{(*_OUTLINES, "mask", *_WITHOUT_AREA)}'
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
        if (counts < 0).any() or (edges[-1:] > height * width).any():
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


def write(records: Iterable[Record], path: PathLike) -> int:
    """Write the objects of images.

    Outlines without holes that are meant for corners of pixels are written
    as they are, other objects as masks; those without pixels are left out.
    Scores are lost.

    Args:
        records: What to write; may be a generator.
        path: XML file.

    Returns:
        Number of images written.

    Raises:
        AnnotationError: If the size of an image is not known.
    """
    count = 0
    with (
        replacing(path) as temporary,
        temporary.open('w', encoding='utf-8') as out,
    ):
        out.write('<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n')
        out.write('  <version>1.1</version>\n')
        for record in records:
            _write_image(record, count, out.write)
            count += 1
        out.write('</annotations>\n')
    return count


def _write_image(record: Record, k: int, out: Callable[[str], object]) -> None:
    if record.shape is None:
        raise AnnotationError(
            f'the size of image {record.img_id!r} is not known; name the '
            'folder of the images'
        )
    height, width = record.shape
    name = str(record.img_path or record.properties.get('img_name', ''))
    name = posixpath.basename(name.replace(os.sep, '/'))
    folder, stem = posixpath.split(record.img_id)
    name = quoteattr(posixpath.join(folder, name or stem))
    out(f'  <image id="{k}" name={name} width="{width}" height="{height}">\n')
    for tag in record.properties.get('tags', ()):
        out(f'    <tag label={quoteattr(tag)} source="manual"/>\n')
    for annotation in record.annotations:
        shape = _shape(annotation, record.shape)
        if shape is None:
            continue
        tag = 'polygon' if 'points' in shape else 'mask'
        known = annotation.properties
        shape |= {key: known[key] for key in _PROPERTIES if key in known}
        if type(known.get('group_id')) is int:
            shape['group_id'] = known['group_id']
        written = ' '.join(
            f'{k}={quoteattr(str(v))}' for k, v in shape.items()
        )
        out(f'    <{tag} {written}>')
        attributes = known.get('attributes')
        for key, value in dict(attributes or {}).items():
            out(
                f'<attribute name={quoteattr(str(key))}>'
                f'{escape(str(value))}</attribute>'
            )
        out(f'</{tag}>\n')
    out('  </image>\n')


def _shape(
    annotation: Annotation, shape: tuple[int, int]
) -> dict[str, Any] | None:
    """Attributes of a polygon or a mask; None where there are no pixels."""
    areas = annotation.polygons
    verbatim = annotation.runs is None and annotation.painter == 'corners'
    if verbatim and len(areas) == 1 and len(areas[0]) == 1:
        points = ';'.join(f'{x},{y}' for x, y in to_numbers(areas[0][0]))
        return dict(label=annotation.label, occluded=0, points=points)
    box = annotation.box(shape)
    if box is None:
        return None
    runs = Runs.from_mask(annotation.mask(shape, box), 'C')
    edges = np.stack([runs.starts, runs.ends], 1).ravel()
    size = box.height * box.width
    counts = np.diff(edges, prepend=0, append=size).tolist()
    return dict(
        label=annotation.label,
        occluded=0,
        rle=', '.join(map(str, counts)),
        left=box.left,
        top=box.top,
        width=box.width,
        height=box.height,
    )
