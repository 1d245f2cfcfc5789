"""Folders with one mask per class: ``<image>/<class>.png``; they overlap."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from mmseg_medical.converters._mask_files import (
    mask_files,
    read_mask,
    write_mask,
)
from mmseg_medical.converters._sources import (
    below,
    read_records,
    write_records,
)
from mmseg_medical.converters.image_folder import PathLike, visible
from mmseg_medical.converters.label_map import index_of, runs_of, shape_of
from mmseg_medical.converters.record import Annotation, Record, Skipped
from mmseg_medical.converters.runs_geometry import nothing, union
from mmseg_medical.errors import InputError


def read(
    path: PathLike,
    *,
    classes: Sequence[str] | None = None,
    skipped: Skipped | None = None,
) -> Iterator[Record]:
    """Read the masks of each image, in any depth of folders.

    Ids are the paths of the folders that hold masks; labels are the names of
    the files. A mask without foreground says that the class is not there.

    Args:
        path: Folder of the folders of images.
        classes: Names of the files to read; others are errors. None reads
            all.
        skipped: Where errors go; strict by default.

    Yields:
        Records, annotations in the order of the files.

    Raises:
        NotADirectoryError: If there is no such folder.
        InputError: If no folder holds masks, masks of an image differ in
            size, or a label is none of the classes.
        ImageError: If a mask cannot be read, or has several values.
    """
    root = Path(path)
    folders = list(_folders(root))
    if not folders:
        raise InputError(
            f'{root} has no folders with masks (expected '
            f'{root}/IMAGE/CLASS.png)'
        )
    yield from read_records(
        folders,
        lambda folder: _read_one(root, folder, classes),
        skipped=skipped,
    )


def _folders(root: Path) -> Iterator[Path]:
    for entry in visible(root):
        if entry.is_dir(follow_symlinks=False):
            if mask_files(Path(entry.path)):
                yield Path(entry.path)
            yield from _folders(Path(entry.path))


def _read_one(
    root: Path, folder: Path, classes: Sequence[str] | None
) -> Record:
    record = Record(folder.relative_to(root).as_posix(), None, ())
    shape = None
    found = []
    for file in mask_files(folder):
        label = file.stem
        if classes is not None:
            index_of(record, label, classes=classes)
        runs = read_mask(file)
        if shape not in (None, runs.shape):
            raise InputError(
                f'{file} has {runs.shape} pixels (height, width), the other '
                f'masks of its image {shape}'
            )
        shape = runs.shape
        if runs.starts.size:
            found.append(Annotation(label, runs))
    return Record(record.img_id, shape, tuple(found))


def write(
    records: Iterable[Record],
    path: PathLike,
    *,
    classes: Sequence[str],
    skipped: Skipped | None = None,
) -> int:
    """Write a PNG of 0 and 255 for every class of every image.

    Annotations of one class become one mask.

    Args:
        records: Images; each must say its size.
        path: Folder to make; empty or not there.
        classes: Names of the classes; those that an image lacks get a mask
            without foreground, which also says its size.
        skipped: Where errors go; strict by default.

    Returns:
        Number of images written.

    Raises:
        InputError: If there are no classes, the folder exists, the size of an
            image is not known, a label is none of the classes, or an id or a
            label cannot be a file name.
    """
    if not classes:
        raise InputError('masks of classes need their names (--classes)')
    if any('/' in name for name in classes):
        raise InputError(f'{list(classes)}: a file name cannot hold "/"')

    def write_one(record: Record, folder: Path) -> None:
        shape = shape_of(record)
        masks = {label: [nothing(shape)] for label in classes}
        for annotation in record.annotations:
            index_of(record, annotation.label, classes=classes)
            masks[annotation.label].append(runs_of(record, annotation))
        place = below(folder, record.img_id)
        files = {label: below(place, label, suffix='.png') for label in masks}
        for label, parts in masks.items():
            write_mask(files[label], union(parts))

    return write_records(records, path, write_one=write_one, skipped=skipped)
