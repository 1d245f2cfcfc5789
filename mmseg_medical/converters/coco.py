"""COCO JSON: objects as polygons or run lengths, whole data sets in one file.

Source: cocodataset.org/#format-data.
"""

import collections
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, TextIO

import numpy as np

from mmseg_medical._files import replacing
from mmseg_medical.converters import rle
from mmseg_medical.converters._json import read_json
from mmseg_medical.converters._sources import image_name, warn_of_empty
from mmseg_medical.converters.coco_polygon import join_holes
from mmseg_medical.converters.label_map import index_of, runs_of, shape_of
from mmseg_medical.converters.polygon import Polygon, to_ring
from mmseg_medical.converters.record import (
    Annotation,
    AnnotationError,
    Record,
    Skipped,
)
from mmseg_medical.errors import InputError

PathLike = str | os.PathLike[str]
_LISTS = ('images', 'annotations', 'categories')


class COCOError(AnnotationError):
    """A COCO file that is not what COCO defines."""


def read(
    path: PathLike, *, skipped: Skipped | None = None
) -> Iterator[Record]:
    """Read the images of a COCO file, also those without annotations.

    Ids are the names of the files without folder and suffix, with the folder
    where names repeat. Polygons are painted as COCO's own tools do
    (``painter='coco'``). ``iscrowd`` of 1 is in ``properties``.

    Args:
        path: JSON file with ``images``, ``annotations`` and ``categories``.
        skipped: Where errors go; strict by default. Objects that have a box
            and no segmentation are such errors.

    Yields:
        Records in the order of ``images``.

    Raises:
        FileNotFoundError: If there is no such file.
        COCOError: If it is no such file, ids are missing or repeat, sizes
            are no numbers, or an object has a box alone.
        PolygonError, RLEError: If a segmentation is not well-formed.
    """
    path = Path(path)
    data = _load(path)
    skipped = Skipped() if skipped is None else skipped
    labels = _by_id(path, data, 'categories')
    images = _by_id(path, data, 'images')
    found: dict[Any, list[dict[str, Any]]] = collections.defaultdict(list)
    for k, annotation in enumerate(data['annotations']):
        try:
            found[_image_of(path, k, annotation, images)].append(annotation)
        except COCOError as error:
            skipped.add(error)
    data['annotations'] = None  # read; images take theirs with them
    names = _names(path, images)
    for key, image in images.items():
        try:
            shape = _shape(f'{path} image {key}', image)
        except COCOError as error:
            skipped.add(error)
            continue
        annotations = []
        for entry in found.pop(key, ()):
            where = f'{path} annotation {entry.get("id")}'
            try:
                annotations.append(_read_one(where, entry, shape, labels))
            except InputError as error:
                skipped.add(error)
        yield Record(
            names[key], shape, tuple(annotations), Path(image['file_name'])
        )


def _load(path: Path) -> dict[str, Any]:
    data = read_json(path)
    missing = [
        name
        for name in _LISTS
        if not isinstance(data, dict) or not isinstance(data.get(name), list)
    ]
    if missing:
        raise COCOError(
            f'{path}: expected the lists {", ".join(_LISTS)}, it has no '
            f'{", ".join(missing)}'
            + ('; a list of results alone' * isinstance(data, list))
        )
    return dict(data)


def _by_id(path: Path, data: dict[str, Any], name: str) -> dict[Any, Any]:
    """Entries of a list by their ids; of categories the names."""
    wanted = dict(categories='name', images='file_name')[name]
    out: dict[Any, Any] = {}
    for k, entry in enumerate(data[name]):
        has = isinstance(entry, dict) and isinstance(entry.get(wanted), str)
        key = entry.get('id') if has else None
        if not isinstance(key, int | str) or key in out:
            raise COCOError(
                f'{path} {name}[{k}]: expected an id of its own and '
                f'{wanted!r}, got {str(entry)[:80]}'
            )
        out[key] = entry['name'] if name == 'categories' else entry
    return out


def _image_of(
    path: Path, k: int, annotation: Any, images: dict[Any, Any]
) -> Any:
    key = annotation.get('image_id') if isinstance(annotation, dict) else None
    if not isinstance(key, int | str) or key not in images:
        raise COCOError(
            f'{path} annotations[{k}]: image_id {key!r} is none of images'
        )
    return key


def _names(path: Path, images: dict[Any, Any]) -> dict[Any, str]:
    """Id of each image: the stem of its file, or its path without suffix."""
    files = {
        key: PurePosixPath(image['file_name'].replace('\\', '/'))
        for key, image in images.items()
    }
    for shorten in (
        lambda f: f.stem,
        lambda f: str(f.with_suffix('')),
        lambda f: str(f),
    ):
        if len({*map(shorten, files.values())}) == len(files):
            return {key: shorten(file) for key, file in files.items()}
    twice = collections.Counter(files.values()).most_common(1)[0][0]
    raise COCOError(f'{path}: two images have the file_name {str(twice)!r}')


def _shape(where: str, image: dict[str, Any]) -> tuple[int, int]:
    shape = image.get('height'), image.get('width')
    if not all(isinstance(n, int) and 0 < n < 10**6 for n in shape):
        raise COCOError(
            f'{where}: expected height and width in pixels, got {shape}'
        )
    return int(image['height']), int(image['width'])


def _read_one(
    where: str,
    entry: dict[str, Any],
    shape: tuple[int, int],
    labels: dict[Any, str],
) -> Annotation:
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


def write(
    records: Iterable[Record],
    path: PathLike,
    *,
    classes: Sequence[str] | None = None,
    polygons: bool = False,
    img_dir: PathLike | None = None,
    img_suffix: str = '.png',
    skipped: Skipped | None = None,
) -> int:
    """Write a COCO file, one object for each annotation.

    Ids of images, objects and categories count from 1. Objects without a
    pixel are left out, with an :class:`EmptyObjectWarning`: COCO has no box
    for them.

    Args:
        records: Images; each must say its size.
        path: JSON file to write, whole or not at all.
        classes: Names of the categories in the order of their ids; None
            takes the labels in the order in which they come.
        polygons: Write outlines that COCO's own tools paint as the same
            pixels: those of a COCO file as they are, others traced, holes
            joined to the outline by a cut without width. False writes
            compressed run lengths.
        img_dir: Folder that ``file_name`` begins at.
        img_suffix: Added to ids for ``file_name`` where a record does not
            know its file.
        skipped: Where errors go; strict by default.

    Returns:
        Number of images written.

    Raises:
        InputError: If the size of an image is not known, two have the same
            ``file_name``, or a label is none of the classes.
    """
    skipped = Skipped() if skipped is None else skipped
    labels = list(classes or ())
    images: dict[str, dict[str, Any]] = {}
    objects = 0
    with (
        replacing(path) as temporary,
        temporary.open('w', encoding='utf-8') as file,
    ):
        file.write('{"info": {}, "licenses": [],\n"annotations": [')
        for record in records:
            try:
                name = image_name(record, img_dir, suffix=img_suffix)
                if name in images:
                    raise COCOError(
                        f'{record.img_id}: another image has the file_name '
                        f'{name!r} too'
                    )
                entries = _entries(
                    record, labels, grow=not classes, polygons=polygons
                )
            except InputError as error:
                skipped.add(error)
                continue
            images[name] = _image(record, len(images) + 1, name)
            for entry in entries:
                file.write(',\n' if objects else '\n')
                objects += 1
                json.dump(dict(id=objects, image_id=len(images)) | entry, file)
        file.write('\n],\n"images": ')
        _dump_lines(images.values(), file)
        file.write(',\n"categories": ')
        _dump_lines(
            [dict(id=k, name=name) for k, name in enumerate(labels, 1)], file
        )
        file.write('}\n')
    return len(images)


def _image(record: Record, key: int, name: str) -> dict[str, Any]:
    height, width = shape_of(record)
    return dict(id=key, file_name=name, height=height, width=width)


def _dump_lines(entries: Iterable[dict[str, Any]], file: TextIO) -> None:
    lines = ',\n'.join(map(json.dumps, entries))
    file.write(f'[\n{lines}\n]')


def _entries(
    record: Record, labels: list[str], *, grow: bool, polygons: bool
) -> list[dict[str, Any]]:
    """Objects of one image, without ids."""
    shape = shape_of(record)
    entries = []
    for annotation in record.annotations:
        if grow and annotation.label not in labels:
            labels.append(annotation.label)
        index = index_of(record, annotation.label, classes=labels)
        runs = runs_of(record, annotation)
        box = runs.box()
        if box is None:
            continue
        top, left, height, width = box
        entry = dict(
            category_id=index + 1,
            iscrowd=int(bool(annotation.properties.get('iscrowd'))),
            area=runs.area,
            bbox=[left, top, width, height],
            segmentation=_polygons(annotation, shape)
            if polygons
            else rle.dump(runs, 'coco'),
        )
        if annotation.score is not None:
            entry['score'] = annotation.score
        entries.append(entry)
    warn_of_empty(record, len(record.annotations) - len(entries))
    return entries


def _polygons(
    annotation: Annotation, shape: tuple[int, int]
) -> list[list[float]]:
    rings = [join_holes(a) for a in annotation.outlines(shape, 'coco')]
    return [[_short(v) for v in ring.reshape(-1).tolist()] for ring in rings]


def _short(value: float) -> float:
    """A whole number without its point."""
    return int(value) if value.is_integer() else value
