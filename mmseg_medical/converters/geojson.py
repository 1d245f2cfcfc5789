"""GeoJSON as QuPath reads and writes it: one file of features per image."""

import gzip
import itertools
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from mmseg_medical._files import replacing
from mmseg_medical.converters._json import iterate_json
from mmseg_medical.converters._sources import (
    find_image,
    read_each,
    shape_of,
    write_each,
)
from mmseg_medical.converters.polygon import (
    Rings,
    check_near,
    to_numbers,
    to_ring,
)
from mmseg_medical.converters.record import (
    Annotation,
    AnnotationError,
    Record,
    Skipped,
)

PathLike = str | os.PathLike[str]

_SUFFIXES = ('.geojson', '.geojson.gz', '.json', '.json.gz', '.ndjson')
_WITHOUT_AREA = ('Point', 'MultiPoint', 'LineString', 'MultiLineString')
# Properties that QuPath knows beside the classification.
_KNOWN = ('objectType', 'name', 'color', 'isLocked', 'measurements')


def read(
    path: PathLike,
    *,
    skipped: Skipped | None = None,
    img_dir: PathLike | None = None,
    label: str = 'unclassified',
) -> Iterator[Record]:
    """Read an image's objects, or those of each image of a folder.

    A file is a FeatureCollection, a list of features, or one feature per
    line, and may be compressed (``.gz``).

    Args:
        path: File, or a folder of such files and folders.
        skipped: Keeps the errors of files that cannot be read; None raises
            the first one.
        img_dir: Folder of the images, for their sizes, which the files do
            not have.
        label: Class of features without a classification.

    Yields:
        One record per file; pixels are those whose centre lies inside.
        ``properties`` of an object keep the feature's ``id`` and properties;
        those of a record say how many features are ``without_area`` (points,
        lines, none), if any.

    Raises:
        FileNotFoundError: If there is no such file or folder.
        AnnotationError, PolygonError: If a file cannot be read, or a feature
            is none.
    """

    def read_file(file: Path, img_id: str) -> Record:
        img_path = find_image(img_dir, img_id)
        shape = shape_of(img_path)
        annotations = []
        without = 0
        for k, feature in enumerate(iterate_json(file, 'features'), 1):
            where = f'{file} feature {k}'
            areas = _read_areas(feature.get('geometry'), where)
            if not areas:
                without += 1
                continue
            if shape is not None:
                check_near(areas, shape, where)
            annotations.append(_read_feature(feature, areas, label, where))
        properties = {'without_area': without} if without else {}
        return Record(img_id, shape, tuple(annotations), img_path, properties)

    return read_each(path, _SUFFIXES, read_file, skipped)


def _read_areas(
    geometry: Any, where: str, *, nested: bool = False
) -> tuple[Rings, ...]:
    """Areas of a geometry; none where it has no area."""
    if geometry is None:
        return ()
    kind = geometry.get('type') if isinstance(geometry, dict) else None
    if kind in _WITHOUT_AREA:
        return ()
    parts = geometry.get('coordinates') if kind else None
    if kind == 'GeometryCollection' and not nested:
        parts = geometry.get('geometries')
    elif kind == 'Polygon':
        parts = [parts]
    elif kind != 'MultiPolygon':
        raise AnnotationError(
            f'{where}: expected a geometry of type Polygon or MultiPolygon, '
            f'got {str(kind or geometry)[:60]}'
        )
    if not isinstance(parts, list):
        raise AnnotationError(
            f'{where}: a {kind} is a list, got {str(parts)[:60]}'
        )
    if kind == 'GeometryCollection':
        areas = [_read_areas(part, where, nested=True) for part in parts]
        return tuple(itertools.chain.from_iterable(areas))
    polygons = []
    for rings in parts:
        if not isinstance(rings, list) or not rings:
            raise AnnotationError(
                f'{where}: a polygon is a list of rings [[[x, y], …], …], '
                f'got {str(rings)[:60]}'
            )
        polygons.append(tuple(to_ring(r, where, closed=True) for r in rings))
    return tuple(polygons)


def _read_feature(
    feature: dict[str, Any],
    areas: tuple[Rings, ...],
    label: str,
    where: str,
) -> Annotation:
    properties = feature.get('properties') or {}
    if not isinstance(properties, dict):
        raise AnnotationError(
            f'{where}: properties are {{…}}, got {str(properties)[:60]}'
        )
    properties = dict(properties)
    name = _class_name(properties.get('classification'), label)
    if not isinstance(name, str):
        raise AnnotationError(
            f'{where}: the name of its classification is a text, got '
            f'{str(name)[:60]}'
        )
    if 'id' in feature:
        properties['id'] = feature['id']
    measured = properties.get('measurements')
    score = measured.get('score') if isinstance(measured, dict) else None
    return Annotation(
        name,
        polygons=areas,
        painter='corners',
        score=score if isinstance(score, (int, float)) else None,
        properties=properties,
    )


def _class_name(classification: Any, label: str) -> Any:
    """Name of a class and those derived from it, as QuPath shows it."""
    if not isinstance(classification, dict):
        return classification or label
    names = classification.get('names')
    if names and isinstance(names, list):
        return ': '.join(map(str, names))
    return classification.get('name', label)


def write(
    records: Iterable[Record],
    path: PathLike,
    *,
    object_type: str = 'annotation',
) -> int:
    """Write the objects of images, feature by feature.

    Outlines that are meant for corners of pixels are written as they are,
    others by way of their pixels, traced in whole numbers. Objects without
    pixels are left out.

    Args:
        records: What to write; may be a generator.
        path: Folder for ``<img_id>.geojson``, or one such file for one image,
            compressed where it ends in ``.gz``.
        object_type: ``'annotation'`` or ``'detection'``, of objects that do
            not say themselves; QuPath shows many detections faster.

    Returns:
        Number of images written.

    Raises:
        AnnotationError: If outlines must become pixels and the size of the
            image is not known, or names are repeated.
    """

    def write_file(record: Record, file: Path) -> None:
        with (
            replacing(file) as temporary,
            gzip.open(temporary, 'wt', 6, 'utf-8')
            if file.name.endswith('.gz')
            else temporary.open('w', encoding='utf-8') as out,
        ):
            out.write('{"type": "FeatureCollection", "features": [')
            separator = '\n'
            for annotation in record.annotations:
                areas = annotation.outlines(record.shape, 'corners')
                if not areas:
                    continue
                feature = _feature(annotation, areas, object_type)
                out.write(separator + json.dumps(feature))
                separator = ',\n'
            out.write('\n]}\n')

    return write_each(records, path, _SUFFIXES, write_file)


def _feature(
    annotation: Annotation, areas: tuple[Rings, ...], object_type: str
) -> dict[str, Any]:
    known = annotation.properties
    classification = known.get('classification')
    if not isinstance(classification, dict):
        classification = {}
    if _class_name(classification, '') != annotation.label:
        classification = {
            **{k: v for k, v in classification.items() if k != 'names'},
            'name': annotation.label,
        }
    properties = dict(objectType=object_type, classification=classification)
    properties |= {key: known[key] for key in _KNOWN if key in known}
    if annotation.score is not None:
        measured = properties.get('measurements')
        measured = measured if isinstance(measured, dict) else {}
        properties['measurements'] = {**measured, 'score': annotation.score}
    polygons = []
    for area in areas:
        rings = [to_numbers(ring) for ring in area]
        polygons.append([[*ring, ring[0]] for ring in rings])
    single = len(polygons) == 1
    feature: dict[str, Any] = dict(type='Feature')
    if 'id' in known:
        feature['id'] = known['id']
    feature['geometry'] = dict(
        type='Polygon' if single else 'MultiPolygon',
        coordinates=polygons[0] if single else polygons,
    )
    feature['properties'] = properties
    return feature
