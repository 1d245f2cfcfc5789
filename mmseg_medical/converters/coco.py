"""COCO JSON: objects as polygons or run lengths, whole data sets in one file.

Source: cocodataset.org/#format-data.
"""

import collections
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, TextIO

from mmseg_medical._files import replacing
from mmseg_medical.converters._coco_objects import (
    COCOError,
    read_object,
    write_object,
)
from mmseg_medical.converters._json import read_json
from mmseg_medical.converters._sources import image_name, warn_of_empty
from mmseg_medical.converters.label_map import index_of, shape_of
from mmseg_medical.converters.record import Record, Skipped
from mmseg_medical.errors import InputError

PathLike = str | os.PathLike[str]
_LISTS = ('images', 'annotations', 'categories')


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
    labels = _by_id(path, data, 'categories', skipped)
    images = _by_id(path, data, 'images', skipped)
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
                annotations.append(read_object(where, entry, shape, labels))
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


def _by_id(
    path: Path, data: dict[str, Any], name: str, skipped: Skipped
) -> dict[Any, Any]:
    """Entries of a list by their ids; of categories the names."""
    wanted = dict(categories='name', images='file_name')[name]
    out: dict[Any, Any] = {}
    for k, entry in enumerate(data[name]):
        named = entry.get(wanted) if isinstance(entry, dict) else None
        has = isinstance(named, str) and named.strip('./\\ ')
        key = entry.get('id') if has else None
        if not isinstance(key, int | str) or key in out:
            skipped.add(
                COCOError(
                    f'{path} {name}[{k}]: expected an id of its own and '
                    f'{wanted!r}, got {str(entry)[:80]}'
                )
            )
            continue
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
    if not all(type(n) is int and 0 < n < 10**6 for n in shape):
        raise COCOError(
            f'{where}: expected height and width in pixels, got {shape}'
        )
    return int(image['height']), int(image['width'])


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
                image = _image(record, len(images) + 1, name)
                entries = _entries(
                    record, labels, grow=not classes, polygons=polygons
                )
            except InputError as error:
                skipped.add(error)
                continue
            images[name] = image
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
    """Objects of one image, without ids of their own."""
    entries = []
    for annotation in record.annotations:
        if grow and annotation.label not in labels:
            labels.append(annotation.label)
        index = index_of(record, annotation.label, classes=labels)
        entry = write_object(record, annotation, polygons=polygons)
        if entry is not None:
            entries.append(dict(category_id=index + 1) | entry)
    warn_of_empty(record, len(record.annotations) - len(entries))
    return entries
