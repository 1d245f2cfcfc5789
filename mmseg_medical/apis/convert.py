"""From one annotation format to another, streamed."""

import dataclasses
import itertools
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mmseg_medical._files import appearing
from mmseg_medical.apis.conversion import Conversion
from mmseg_medical.converters.components import split_objects
from mmseg_medical.converters.formats import Format, get_format
from mmseg_medical.converters.image_folder import ImageFolder, PathLike
from mmseg_medical.converters.label_map import index_of
from mmseg_medical.converters.recognise import recognise, recognise_target
from mmseg_medical.converters.record import Record, Skipped
from mmseg_medical.datasets.folds import read_ids
from mmseg_medical.errors import InputError, ToleratedWarning


def convert(
    source: PathLike,
    target: PathLike,
    *,
    from_format: str | None = None,
    to_format: str | None = None,
    from_classes: Sequence[str] | None = None,
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
        from_format: Name of the format of ``source``; None finds it out.
        to_format: Name of the format of ``target``; None takes what the name
            of the file says.
        from_classes: Names of the classes without background in the order of
            the source, where it does not say them.
        classes: Names of the classes without background, in the order of
            their indices in the target; None takes ``from_classes``, or all
            labels by their alphabet.
        only: Leave out annotations of other classes, and count them; else
            they are errors.
        split: Files of ids, one per line: only their images are converted.
            MMSegmentation's layout has a folder for each, of the file's name.
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
    reader = get_format(from_format) if from_format else recognise(source)
    writer = get_format(to_format) if to_format else recognise_target(target)
    if only and not classes:
        raise InputError(
            'only those classes are converted that are named; name them '
            '(--classes)'
        )
    splits = None if split is None else _read_splits(split)
    done = Conversion(format=writer.name, asked=classes or ())
    records = _Records(
        reader,
        source,
        options=_read_options(
            *(reader, read_options), img_dir, from_classes, classes
        ),
        ids=None if splits is None else {*itertools.chain(*splits.values())},
        images=None if img_dir is None else ImageFolder(img_dir),
        classes=classes,
        only=only,
        objects=objects,
        left_out=done.left_out,
    )
    skipped = Skipped(strict=not skip_errors)
    offered = dict(
        img_dir=img_dir, splits=splits, source=img_dir, skipped=skipped
    )
    options = {
        name: offered[name]
        for name in writer.write_options & offered.keys()
        if offered[name] is not None
    } | dict(write_options or {})
    if 'classes' in writer.write_options:
        known = classes or from_classes or _labels(records, skipped.strict)
        options.setdefault('classes', list(known))
        done.classes = options['classes']

    def counted() -> Iterator[Record]:
        for record in records.read(skipped):
            done.count(record)
            yield record
            if progress:
                progress()

    with done.tolerating(), appearing(target, replace=overwrite) as place:
        try:
            done.written = writer.write(counted(), place, **options)
        except (InputError, OSError) as error:  # nobody knows the place
            text = str(error).replace(str(place), str(target))
            raise type(error)(text) from None
    done.skipped = skipped.errors
    return done


def _read_options(
    reader: Format,
    options: Mapping[str, Any] | None,
    img_dir: PathLike | None,
    from_classes: Sequence[str] | None,
    classes: Sequence[str] | None,
) -> dict[str, Any]:
    """Arguments of the reading function."""
    out = dict(options or {})
    if img_dir is not None and 'img_dir' in reader.read_options:
        out.setdefault('img_dir', img_dir)
    if from_classes is not None:
        out.setdefault('classes', list(from_classes))
    if classes is not None and len(classes) == 1 and not reader.labelled:
        out.setdefault('label', classes[0])
    return out


@dataclasses.dataclass(frozen=True)
class _Records:
    """The images to convert, which may be read more than once."""

    reader: Format
    source: PathLike
    options: Mapping[str, Any]
    ids: set[str] | None
    images: ImageFolder | None
    classes: Sequence[str] | None
    only: bool
    objects: bool
    left_out: Counter[str]

    def read(self, skipped: Skipped) -> Iterator[Record]:
        self.left_out.clear()
        seen: set[str] = set()
        for record in self.reader.read(
            self.source, **self.options, skipped=skipped
        ):
            if self.ids is not None and record.img_id not in self.ids:
                continue
            try:
                if record.img_id in seen:
                    raise InputError(
                        f'{self.source}: two images are named '
                        f'{record.img_id!r}; every image needs its own id'
                    )
                seen.add(record.img_id)
                prepared = self._prepared(record)
            except InputError as error:
                skipped.add(error)
            else:
                yield prepared
        if left := (self.ids or set()) - seen:
            skipped.add(
                InputError(
                    f'{len(left)} ids of the splits are not in {self.source}, '
                    f'first {min(left)!r}'
                )
            )

    def _prepared(self, record: Record) -> Record:
        """The record with its image, its classes and its objects."""
        if self.images is not None:
            record = self._with_image(record, self.images)
        if self.classes is not None and self.only:
            labels = [a.label for a in record.annotations]
            self.left_out.update(n for n in labels if n not in self.classes)
            kept = [a for a in record.annotations if a.label in self.classes]
            record = dataclasses.replace(record, annotations=tuple(kept))
        elif self.classes is not None:
            for annotation in record.annotations:
                index_of(record, annotation.label, classes=self.classes)
        return split_objects(record) if self.objects else record

    @staticmethod
    def _with_image(record: Record, images: ImageFolder) -> Record:
        """The record with its image and its size, where there is an image."""
        named = record.img_path or record.properties.get('img_name')
        if record.shape is None:
            size = images.size(record.img_id, named)
            record = dataclasses.replace(record, shape=size)
        path = images.find(record.img_id, named)
        return dataclasses.replace(record, img_path=path or record.img_path)


def _labels(records: _Records, strict: bool) -> list[str]:
    """All labels; the records are read for them, if they have several."""
    if default := records.reader.label:
        return [records.options.get('label', default)]
    skipped = Skipped(strict=strict)
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', ToleratedWarning)
        found = {a.label for r in records.read(skipped) for a in r.annotations}
    if not found and len(skipped):
        raise skipped.errors[0]
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
        if file.stem in splits:
            raise InputError(f'{file} has the name of another split')
        splits[file.stem] = read_ids(file)
    return splits
