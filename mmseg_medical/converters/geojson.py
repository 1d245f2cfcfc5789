"""GeoJSON as QuPath reads and writes it: one file of features per image."""

import gzip
import itertools
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from mmseg_medical._files import replacing
from mmseg_medical.converters._json import iterate_json
from mmseg_medical.converters._sources import (
    read_each,
    warn_of_empty,
    write_each,
)
from mmseg_medical.converters.image import image_size
from mmseg_medical.converters.image_folder import PathLike, find_image
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

SUFFIXES = ('.geojson', '.geojson.gz', '.json', '.json.gz', '.ndjson')
_WITHOUT_AREA = ('Point', 'MultiPoint', 'LineString', 'MultiLineString')
# Properties that QuPath knows beside the classification.
_KNOWN = (
    *('objectType', 'name', 'color', 'isLocked', 'measurements', 'metadata'),
)


def read(
    path: PathLike,
    *,
    skipped: Skipped | None = None,
    img_dir: PathLike | None = None,
    label: str = 'unclassified',
    nuclei: bool = False,
) -> Iterator[Record]:
    """Read an image's objects, or those of each image of a folder.

    A file is a FeatureCollection, a feature, a list of features, or one
    feature per line, and may be compressed (``.gz``). Features of QuPath 0.2
    and 0.3 come as those of later versions.

    Args:
        path: File, or a folder of such files and folders.
        skipped: Keeps the errors of files that cannot be read; None raises
            the first one.
        img_dir: Folder of the images, for their sizes, which the files do
            not have.
        label: Class of features without a classification.
        nuclei: Take the nucleus of a cell that has one, not its membrane.

    Yields:
        One record per file; pixels are those whose centre lies inside.
        ``properties`` of an object keep the feature's ``id``,
        ``nucleusGeometry`` and properties; those of a record say how many
        features are ``without_area`` (points, lines, none), if any.

    Raises:
        FileNotFoundError: If there is no such file or folder.
        AnnotationError, PolygonError: If a file cannot be read, or a feature
            is none.
    """
    geometry = 'nucleusGeometry' if nuclei else 'geometry'

    def read_file(file: Path, img_id: str) -> Record:
        img_path = find_image(img_dir, img_id)
        shape = image_size(img_path) if img_path else None
        annotations = []
        without = 0
        for k, feature in enumerate(iterate_json(file, 'features'), 1):
            where = f'{file} feature {k}'
            if 'geometry' not in feature:
                raise AnnotationError(
                    f'{where}: expected {{"type": "Feature", "geometry": …}}, '
                    f'got {str(feature)[:60]}; is it GeoJSON?'
                )
            found = feature.get(geometry) or feature['geometry']
            areas = _read_areas(found, where)
            if not areas:
                without += 1
                continue
            if shape is not None:
                check_near(areas, shape, where)
            annotations.append(_read_feature(feature, areas, label, where))
        properties = {'without_area': without} if without else {}
        return Record(img_id, shape, tuple(annotations), img_path, properties)

    return read_each(path, SUFFIXES, read_file, skipped)


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
    name = _class_name(properties.get('classification')) or label
    if not isinstance(name, str):
        raise AnnotationError(
            f'{where}: the name of its classification is a text, got '
            f'{str(name)[:60]}'
        )
    properties = _as_of_today(properties, feature.get('id'))
    for key in ('id', 'nucleusGeometry'):
        if key in feature:
            properties[key] = feature[key]
    measured = properties.get('measurements')
    score: Any = measured.get('score') if isinstance(measured, dict) else None
    if type(score) not in (int, float) or not 0 <= score <= 1:
        score = None
    return Annotation(
        name,
        polygons=areas,
        painter='corners',
        score=score,
        properties=properties,
    )


def _as_of_today(
    properties: dict[str, Any], feature_id: Any
) -> dict[str, Any]:
    """Properties as QuPath writes them since 0.4.

    Before, it wrote measurements as a list, ``object_type`` (0.3), and the
    type instead of an id: ``PathDetectionObject`` (0.2).
    """
    new = dict(properties)
    measured = new.get('measurements')
    if isinstance(measured, list):
        pairs = [one for one in measured if isinstance(one, dict)]
        new['measurements'] = {
            str(pair.get('name')): pair.get('value') for pair in pairs
        }
    kind = re.fullmatch(
        'Path(Annotation|Detection|Cell|Tile)Object', str(feature_id)
    )
    if 'object_type' in new:
        new.setdefault('objectType', new.pop('object_type'))
    elif kind:
        new.setdefault('objectType', kind[1].lower())
    return new


def _class_name(classification: Any) -> Any:
    """Name of a class and those derived from it, as QuPath shows it."""
    if not isinstance(classification, dict):
        return classification
    names = classification.get('names')
    if names and isinstance(names, list):
        return ': '.join(map(str, names))
    return classification.get('name')


def write(
    records: Iterable[Record],
    path: PathLike,
    *,
    object_type: str = 'annotation',
    skipped: Skipped | None = None,
) -> int:
    """Write the objects of images, feature by feature.

    Outlines that are meant for corners of pixels are written as they are,
    others by way of their pixels, traced in whole numbers. Objects without
    pixels are left out, with an :class:`EmptyObjectWarning`.

    Args:
        records: What to write; may be a generator.
        path: New folder for ``<img_id>.geojson``, or one such file for one
            image, compressed where it ends in ``.gz``.
        object_type: ``'annotation'`` or ``'detection'``, of objects that do
            not say themselves; QuPath shows many detections faster.
        skipped: Where errors of the images of a folder go; strict by default.

    Returns:
        Number of images written.

    Raises:
        AnnotationError: If outlines must become pixels and the size of the
            image is not known, or names are repeated.
    """

    def write_file(record: Record, file: Path) -> None:
        empty = 0
        with (
            replacing(file) as temporary,
            gzip.open(temporary, 'wt', 6, 'utf-8')
            if file.name.endswith('.gz')
            else temporary.open('w', encoding='utf-8') as out,
        ):
            out.write('{"type": "FeatureCollection", "features": [')
            separator = '\n'
            for annotation, areas in zip(
                record.annotations, record.outlines('corners'), strict=True
            ):
                if not areas:
                    empty += 1
                    continue
                feature = _feature(annotation, areas, object_type)
                out.write(separator + json.dumps(feature))
                separator = ',\n'
            out.write('\n]}\n')
        warn_of_empty(record, empty)

    return write_each(records, path, SUFFIXES, write_file, skipped)


def _feature(
    annotation: Annotation, areas: tuple[Rings, ...], object_type: str
) -> dict[str, Any]:
    known = annotation.properties
    classification = known.get('classification')
    if not isinstance(classification, dict):
        classification = {}
    if _class_name(classification) != annotation.label:
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
    if 'nucleusGeometry' in known:
        feature['nucleusGeometry'] = known['nucleusGeometry']
    feature['properties'] = properties
    return feature
