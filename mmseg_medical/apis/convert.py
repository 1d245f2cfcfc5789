"""From one annotation format to another, streamed."""

import contextlib
import dataclasses
import os
import shutil
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mmseg_medical.apis.conversion import Conversion
from mmseg_medical.converters.components import split_objects
from mmseg_medical.converters.formats import Format
from mmseg_medical.converters.image_folder import ImageFolder
from mmseg_medical.converters.label_map import index_of
from mmseg_medical.converters.record import Record, Skipped
from mmseg_medical.errors import InputError, ToleratedWarning

PathLike = str | os.PathLike[str]


def convert(
    source: PathLike,
    target: PathLike,
    from_format: Format,
    to_format: Format,
    *,
    classes: Sequence[str] | None = None,
    only: bool = False,
    split: Sequence[PathLike] | None = None,
    img_dir: PathLike | None = None,
    objects: bool = False,
    read_options: Mapping[str, Any] | None = None,
    write_options: Mapping[str, Any] | None = None,
    skip_errors: bool = False,
    overwrite: bool = False,
    progress: Callable[[], Any] | None = None,
) -> Conversion:
    """Read annotations in a format and write them in another.

    Args:
        source: File or folder to read.
        target: File or folder to write; it appears whole or not at all.
        from_format: What ``source`` is.
        to_format: What ``target`` becomes.
        classes: Names of the classes without background, in the order of
            their indices; None takes all labels by their alphabet.
        only: Leave out annotations of other classes, and count them; else
            they are errors.
        split: Files of ids, parted by white space: only their images are
            converted. MMSegmentation's layout has a folder for each, of the
            file's name.
        img_dir: Folder of the images, for sizes that the source does not
            say, and for formats that hold the images.
        objects: Make an object of each connected part of an annotation.
        read_options: Further arguments of the reading function.
        write_options: Further arguments of the writing function.
        skip_errors: Leave out what cannot be read or written, and list it;
            else the first error stops.
        overwrite: Replace what is there; a folder is kept as ``NAME.old``.
        progress: Called for each image.

    Raises:
        InputError: If the target exists, a format is not read or written, an
            option is unknown, ids of the splits are missing, or annotations
            cannot be read or written.
        FileNotFoundError: If a file or folder is missing.
    """
    done = Conversion()
    skipped = Skipped(strict=not skip_errors)
    reads, writes = dict(read_options or {}), dict(write_options or {})
    known = from_format.read_options
    if img_dir is not None and 'img_dir' in known:
        reads.setdefault('img_dir', img_dir)
    if classes is not None and 'classes' in known and not only:
        reads.setdefault('classes', list(classes))
    if classes is not None and len(classes) == 1 and not from_format.labelled:
        reads.setdefault('label', classes[0])
    asked = None if classes is None else list(classes)
    splits = None if split is None else _read_splits(split)
    wanted = (
        None if splits is None else {i for s in splits.values() for i in s}
    )
    images = None if img_dir is None else ImageFolder(img_dir)

    def records(skipped: Skipped) -> Iterator[Record]:
        done.left_out.clear()
        options = dict(reads, skipped=skipped)
        left = set(wanted or ())
        for record in from_format.read(source, **options):
            if wanted is not None and record.img_id not in wanted:
                continue
            left.discard(record.img_id)
            try:
                record = _sized(record, images)
                if asked is not None:
                    record = _of_classes(record, asked, only, done.left_out)
                yield split_objects(record) if objects else record
            except InputError as error:
                skipped.add(error)
        if left:
            raise InputError(
                f'{len(left)} ids of the splits are not in {source}, first '
                f'{min(left)!r}'
            )

    offered = dict(
        img_dir=img_dir, splits=splits, source=img_dir, skipped=skipped
    )
    for name in to_format.write_options & offered.keys():
        if offered[name] is not None:
            writes.setdefault(name, offered[name])
    if 'classes' in to_format.write_options:
        if classes is None:
            classes = _labels(records(Skipped(strict=not skip_errors)))
        writes.setdefault('classes', list(classes))
        done.classes = writes['classes']

    def counted() -> Iterator[Record]:
        for record in records(skipped):
            done.count(record)
            yield record
            if progress:
                progress()

    with done.tolerating(), _appearing(target, overwrite) as place:
        try:
            done.written = to_format.write(counted(), place, **writes)
        except InputError as error:  # the place is no name that anybody knows
            text = str(error).replace(str(place), str(target))
            raise type(error)(text) from None
    done.skipped = skipped.errors
    return done


def _sized(record: Record, images: ImageFolder | None) -> Record:
    if record.shape is not None or images is None:
        return record
    size = images.size(record.img_id, record.img_path)
    return dataclasses.replace(record, shape=size)


def _of_classes(
    record: Record, classes: Sequence[str], only: bool, left_out: Counter[str]
) -> Record:
    """The record without annotations of other classes, which are counted."""
    if not only:
        for annotation in record.annotations:
            index_of(record, annotation.label, classes)
        return record
    kept = tuple(a for a in record.annotations if a.label in classes)
    left_out.update(
        a.label for a in record.annotations if a.label not in classes
    )
    return dataclasses.replace(record, annotations=kept)


def _labels(records: Iterator[Record]) -> list[str]:
    """All labels; the records are read for them alone."""
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', ToleratedWarning)
        found = {a.label for record in records for a in record.annotations}
    if not found:
        raise InputError(
            'no image has an annotation, so that nothing says which classes '
            'there are; name them (--classes)'
        )
    return sorted(found)


def _read_splits(files: Sequence[PathLike]) -> dict[str, list[str]]:
    """Ids of each file, by its name without suffix."""
    splits: dict[str, list[str]] = {}
    for file in map(Path, files):
        if not file.is_file():
            raise FileNotFoundError(f'{file} does not exist; check --split')
        ids = file.read_text(encoding='utf-8-sig').split()
        if not ids or file.stem in splits:
            what = 'is empty' if not ids else 'has the name of another split'
            raise InputError(f'{file} {what}')
        splits[file.stem] = ids
    return splits


@contextlib.contextmanager
def _appearing(target: PathLike, overwrite: bool) -> Iterator[Path]:
    """Where to write so that the target appears whole or not at all."""
    target = Path(os.path.abspath(target))
    empty = target.is_dir() and not any(target.iterdir())
    if target.exists() and not empty and not overwrite:
        raise InputError(
            f'{target} exists already; choose another name, or --overwrite'
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    parent = tempfile.mkdtemp(
        dir=target.parent, prefix=f'.{target.name}.', suffix='.part'
    )
    try:
        place = Path(parent, target.name)
        yield place
        if not place.exists():
            raise InputError(f'nothing was written to {target}')
        if target.is_dir() and empty:
            target.rmdir()
        elif target.is_dir():
            target.rename(_old_name(target))
        os.replace(place, target)
    finally:
        shutil.rmtree(parent, ignore_errors=True)


def _old_name(target: Path) -> Path:
    number = 0
    old = target.with_name(f'{target.name}.old')
    while old.exists():
        number += 1
        old = target.with_name(f'{target.name}.old{number}')
    return old
