"""COCO results: scored objects for the images of another file, as CodaLab has.

.. code-block:: none

    answer.json             [{image_id, category_id, bbox, score,
    answer.zip                segmentation: {size, counts}}, …]
    test_img_ids.json       [{file_name, height, width, id}, …]

Source: cocodataset.org/#format-results; CodaLab 333 (NYCU VRDL 2021).
"""

import collections
import contextlib
import io
import json
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple, TextIO

from mmseg_medical._files import replacing
from mmseg_medical.converters._coco_objects import (
    COCOError,
    read_object,
    write_object,
)
from mmseg_medical.converters._json import read_json
from mmseg_medical.converters._sources import warn_of_empty
from mmseg_medical.converters.image_folder import PathLike
from mmseg_medical.converters.label_map import index_of, shape_of
from mmseg_medical.converters.record import Annotation, Record, Skipped
from mmseg_medical.errors import InputError

MEMBER = 'answer.json'  # of a zip file
_KEYS = ('file_name', 'height', 'width', 'id')


class ListedImage(NamedTuple):
    """An image of the file of ids.

    Attributes:
        key: Its ``id``, which results have as ``image_id``.
        shape: (height, width) in pixels.
        file_name: Name of its file.
    """

    key: int
    shape: tuple[int, int]
    file_name: str


def read_ids(path: PathLike) -> dict[str, ListedImage]:
    """Images of a file of ids by their name, that of the file without suffix.

    Args:
        path: ``test_img_ids.json``, or a COCO file, whose ``images`` count.

    Raises:
        FileNotFoundError: If there is no such file.
        COCOError: If an entry is none, or two have one name or one id.
    """
    data = read_json(path)
    entries = data.get('images') if isinstance(data, dict) else data
    if not isinstance(entries, list):
        raise COCOError(
            f'{path}: expected a list of {", ".join(_KEYS)}; is it '
            'test_img_ids.json?'
        )
    found: dict[str, ListedImage] = {}
    keys: set[int] = set()
    for k, entry in enumerate(entries):
        values: list[Any] = [
            entry.get(field) if isinstance(entry, dict) else None
            for field in _KEYS
        ]
        name, height, width, key = values
        if not isinstance(name, str) or not all(
            type(n) is int and n >= 0 for n in (height, width, key)
        ):
            raise COCOError(
                f'{path} entry {k}: expected {", ".join(_KEYS)}, got '
                f'{str(entry)[:80]}'
            )
        stem = PurePosixPath(name.replace('\\', '/')).stem
        if stem in found or key in keys:
            raise COCOError(
                f'{path} entry {k}: another image has the name {stem!r} or '
                f'the id {key} too'
            )
        keys.add(key)
        found[stem] = ListedImage(key, (height, width), name)
    return found


def write(
    records: Iterable[Record],
    path: PathLike,
    *,
    ids: PathLike,
    classes: Sequence[str] | None = None,
    max_dets: int | None = None,
    score: float | None = None,
    skipped: Skipped | None = None,
) -> int:
    """Write the objects of all images of a file of ids, the best ones first.

    Args:
        records: Images; objects have a ``score``.
        path: JSON file, or a zip file with ``answer.json`` in it; whole or
            not at all.
        ids: As :func:`read_ids`.
        classes: Labels in the order of ``category_id``, from 1 on; None takes
            the labels as they come.
        max_dets: Objects of the highest scores to write of an image; None
            writes all. CodaLab counts 100.
        score: Of objects without one; None refuses them.
        skipped: Where errors go; strict by default.

    Returns:
        Number of images written.

    Raises:
        COCOError: If the file of ids does not know an image, says another
            size, or an image of it has no record; or a score is missing.
        InputError: If a label is none of the classes.
    """
    known = read_ids(ids)
    skipped = Skipped() if skipped is None else skipped
    labels = list(classes or ())
    done: set[str] = set()
    with (
        replacing(path) as temporary,
        _opened(temporary, zipped=_is_zip(path)) as file,
    ):
        separator = '[\n'
        for record in records:
            try:
                name, image = _listed(record, known, ids)
                if name in done:
                    raise COCOError(f'{record.img_id}: it comes twice')
                entries = _entries(record, labels, classes is None, score)
            except InputError as error:
                skipped.add(error)
                continue
            done.add(name)
            for entry in entries[:max_dets]:
                file.write(separator)
                json.dump(dict(image_id=image.key) | entry, file)
                separator = ',\n'
        if missing := sorted(known.keys() - done):
            skipped.add(
                COCOError(
                    f'{len(missing)} of the {len(known)} images of {ids} have '
                    f'no result, first {missing[0]!r}: was the test stopped, '
                    'or of other images?'
                )
            )
        file.write('[]\n' if separator[0] == '[' else '\n]\n')
    return len(done)


def _listed(
    record: Record, known: dict[str, ListedImage], ids: PathLike
) -> tuple[str, ListedImage]:
    """Name and entry of the image of a record."""
    stem = record.img_id.rpartition('/')[2]
    name = record.img_id if record.img_id in known else stem
    if name not in known:
        raise COCOError(
            f'{record.img_id}: {ids} does not know this image; it has '
            f'{len(known)}, first {min(known, default="")!r}'
        )
    if shape_of(record) != known[name].shape:
        raise COCOError(
            f'{record.img_id}: its objects are of an image of '
            f'{shape_of(record)} pixels (height, width), {ids} says '
            f'{known[name].shape}'
        )
    return name, known[name]


def _entries(
    record: Record, labels: list[str], grow: bool, score: float | None
) -> list[dict[str, Any]]:
    """Objects of an image but its id, the highest score first."""
    entries = []
    for annotation in record.annotations:
        if grow and annotation.label not in labels:
            labels.append(annotation.label)
        index = index_of(record, annotation.label, classes=labels)
        if annotation.score is None and score is None:
            raise COCOError(
                f'{record.img_id}: {annotation.label!r} has no score; results '
                'are ranked by it (--to-options score=1 gives all the same)'
            )
        entry = write_object(record, annotation, polygons=False)
        if entry is not None:
            del entry['iscrowd']
            entries.append(dict(category_id=index + 1, score=score) | entry)
    warn_of_empty(record, len(record.annotations) - len(entries))
    return sorted(entries, key=lambda entry: -entry['score'])


def read(
    path: PathLike,
    *,
    ids: PathLike,
    classes: Sequence[str] | None = None,
    skipped: Skipped | None = None,
) -> Iterator[Record]:
    """Read the results of each image of a file of ids, also of those without.

    Args:
        path: JSON file, or a zip file with ``answer.json`` in it.
        ids: As :func:`read_ids`.
        classes: Labels of ``category_id``, from 1 on; None takes the
            categories of a COCO file, else ``'nucleus'`` alone.
        skipped: Where errors go; strict by default.

    Yields:
        Records in the order of the file of ids.

    Raises:
        FileNotFoundError: If a file is missing.
        COCOError: If it is no list of results, or one is of an image or a
            category that is not known.
        RLEError: If a segmentation is not well-formed, or of an image of
            another size.
    """
    known = read_ids(ids)
    skipped = Skipped() if skipped is None else skipped
    data = _read_json(path)
    if not isinstance(data, list):
        raise COCOError(f'{path}: expected a list of results')
    labels = (
        _categories(ids) if classes is None else dict(enumerate(classes, 1))
    )
    names = {image.key: name for name, image in known.items()}
    found: dict[str, list[Annotation]] = collections.defaultdict(list)
    for k, entry in enumerate(data):
        where = f'{path} result {k}'
        try:
            key = entry.get('image_id') if isinstance(entry, dict) else None
            if not isinstance(key, int) or key not in names:
                raise COCOError(f'{where}: image_id {key!r} is none of {ids}')
            name = names[key]
            found[name].append(
                read_object(where, entry, known[name].shape, labels)
            )
        except InputError as error:
            skipped.add(error)
    for name, image in known.items():
        yield Record(
            *(name, image.shape, tuple(found.pop(name, ()))),
            Path(image.file_name),
        )


def _categories(ids: PathLike) -> dict[Any, str]:
    data = read_json(ids)
    named = data.get('categories') if isinstance(data, dict) else None
    if not named:
        return {1: 'nucleus'}
    return {entry['id']: entry['name'] for entry in named}


def _read_json(path: PathLike) -> Any:
    if not _is_zip(path):
        return read_json(path)
    try:
        with zipfile.ZipFile(path) as archive:
            return json.loads(archive.read(MEMBER))
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise COCOError(
            f'{path}: expected a zip file with {MEMBER} in it ({error})'
        ) from None


def _is_zip(path: PathLike) -> bool:
    return Path(path).suffix.lower() == '.zip'


@contextlib.contextmanager
def _opened(path: Path, *, zipped: bool) -> Iterator[TextIO]:
    """File to write text to, or the only one of a zip file."""
    if not zipped:
        with path.open('w', encoding='utf-8') as file:
            yield file
        return
    info = zipfile.ZipInfo(MEMBER)  # without the time: the same bytes again
    info.compress_type = zipfile.ZIP_DEFLATED
    with (
        zipfile.ZipFile(path, 'w') as archive,
        archive.open(info, 'w') as binary,
        io.TextIOWrapper(binary, 'utf-8') as file,
    ):
        yield file
