"""CVAT for images 1.1: one XML file of all images of a task."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape, quoteattr

from mmseg_medical._files import replacing
from mmseg_medical.converters._cvat_shapes import (
    WITHOUT_AREA,
    read_shape,
    write_shape,
)
from mmseg_medical.converters._sources import (
    image_name,
    list_files,
    warn_of_empty,
)
from mmseg_medical.converters._xml import iterate_xml, whole_number
from mmseg_medical.converters.image_folder import PathLike, find_image
from mmseg_medical.converters.label_map import shape_of
from mmseg_medical.converters.record import (
    Annotation,
    AnnotationError,
    Record,
    Skipped,
)
from mmseg_medical.errors import InputError


def read(
    path: PathLike,
    *,
    skipped: Skipped | None = None,
    img_dir: PathLike | None = None,
) -> Iterator[Record]:
    """Read the images of a task, a job or a project.

    Args:
        path: XML file, or a folder with one or several, as those of jobs.
        skipped: Keeps the errors of images that cannot be read; None raises
            the first one.
        img_dir: Folder of the images, for ``img_path``.

    Yields:
        One record per image, objects by ``z_order``; pixels are those whose
        centre lies inside. ``properties`` of an object have its
        ``attributes`` and ``group_id``; those of a record its ``img_name`` in
        the file, its subset as ``split``, its ``tags``, and how many shapes
        are ``without_area`` (polylines, points, cuboids, skeletons), if any.

    Raises:
        FileNotFoundError: If there is no such file.
        AnnotationError, PolygonError: If the file or an image of it cannot be
            read, or it is of a video, which has tracks.
    """
    skipped = Skipped() if skipped is None else skipped
    for file, _ in list_files(path, ('.xml',)):
        yield from _read_file(file, skipped, img_dir)


def _read_file(
    path: Path, skipped: Skipped, img_dir: PathLike | None
) -> Iterator[Record]:
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
        elif part.tag in WITHOUT_AREA:
            without += 1
        else:
            annotation = read_shape(part, shape, here)
            above = whole_number(part, 'z_order', here, default=0)
            annotations.append((above, annotation))
    annotations.sort(key=lambda pair: pair[0])
    try:
        img_path = find_image(img_dir, name)
    except InputError as error:
        raise AnnotationError(f'{where}: {error}') from None
    properties: dict[str, Any] = {'img_name': name}
    if 'subset' in element.attrib:
        properties['split'] = element.attrib['subset']
    if tags:
        properties['tags'] = tags
    if without:
        properties['without_area'] = without
    return Record(
        os.path.splitext(name)[0],
        shape,
        tuple(annotation for _, annotation in annotations),
        img_path,
        properties,
    )


def write(
    records: Iterable[Record],
    path: PathLike,
    *,
    img_dir: PathLike | None = None,
    skipped: Skipped | None = None,
) -> int:
    """Write the objects of images.

    Outlines without holes that are meant for corners of pixels are written
    as they are, other objects as masks. Objects without pixels are left out,
    with an :class:`EmptyObjectWarning`. Scores are lost.

    Args:
        records: What to write; may be a generator.
        path: XML file.
        img_dir: Folder that the names of the images begin at.
        skipped: Where errors of images go; strict by default.

    Returns:
        Number of images written.

    Raises:
        InputError: If the size of an image is not known.
    """
    skipped = Skipped() if skipped is None else skipped
    count = 0
    with (
        replacing(path) as temporary,
        temporary.open('w', encoding='utf-8') as out,
    ):
        out.write('<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n')
        out.write('  <version>1.1</version>\n')
        for record in records:
            try:
                lines = _image(record, count, image_name(record, img_dir))
            except InputError as error:
                skipped.add(error)
            else:
                out.writelines(lines)
                count += 1
        out.write('</annotations>\n')
    return count


def _image(record: Record, number: int, name: str) -> list[str]:
    """Lines of an image."""
    height, width = shape_of(record)
    attributes: dict[str, Any] = dict(
        id=number, name=name, width=width, height=height
    )
    if 'split' in record.properties:
        attributes['subset'] = record.properties['split']
    lines = [f'  <image {_written(attributes)}>\n']
    for tag in record.properties.get('tags', ()):
        lines.append(f'    <tag label={quoteattr(tag)} source="manual"/>\n')
    shapes = [write_shape(record, one) for one in record.annotations]
    for annotation, shape in zip(record.annotations, shapes, strict=True):
        if shape is None:
            continue
        tag, written = shape
        inside = annotation.properties.get('attributes', {})
        values = ''.join(
            f'<attribute name={quoteattr(key)}>{escape(value)}</attribute>'
            for key, value in inside.items()
        )
        lines.append(f'    <{tag} {_written(written)}>{values}</{tag}>\n')
    lines.append('  </image>\n')
    warn_of_empty(record, shapes.count(None))
    return lines


def _written(attributes: dict[str, Any]) -> str:
    return ' '.join(f'{k}={quoteattr(str(v))}' for k, v in attributes.items())
