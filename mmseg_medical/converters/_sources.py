"""What formats of one file per image share: names, and one after another."""

import os
import re
import warnings
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from mmseg_medical._files import new_folder
from mmseg_medical.converters.image_folder import PathLike, walk
from mmseg_medical.converters.record import AnnotationError, Record, Skipped
from mmseg_medical.errors import InputError, ToleratedWarning

Item = TypeVar('Item')


class EmptyObjectWarning(ToleratedWarning):
    """Says how many objects of an image have no pixel, and are left out."""


def read_records(
    items: Iterable[Item],
    read_one: Callable[[Item], Record],
    *,
    skipped: Skipped | None,
) -> Iterator[Record]:
    """Read images one by one.

    Args:
        items: What tells them apart, as their files.
        read_one: Reads one.
        skipped: Where errors go; None raises the first one.
    """
    skipped = Skipped() if skipped is None else skipped
    for item in items:
        try:
            record = read_one(item)
        except (InputError, OSError) as error:
            skipped.add(error)
        else:
            yield record


def read_each(
    path: PathLike,
    suffixes: Sequence[str],
    read_file: Callable[[Path, str], Record],
    skipped: Skipped | None,
) -> Iterator[Record]:
    """Read a file, or the files of a folder and the folders in it.

    Args:
        path: File or folder.
        suffixes: Ends of the names of the files.
        read_file: Reads a file; the name of its image is the path below the
            folder without the suffix.
        skipped: Where errors go; None raises the first one.

    Raises:
        FileNotFoundError: If there is no such file or folder.
        AnnotationError: If the folder has no such files.
    """
    files = list_files(path, suffixes)
    yield from read_records(files, lambda f: read_file(*f), skipped=skipped)


def list_files(
    path: PathLike, suffixes: Sequence[str]
) -> list[tuple[Path, str]]:
    """A file, or the visible files below a folder, and names of their images.

    Args:
        path: File or folder.
        suffixes: Ends of the names of the files.

    Raises:
        FileNotFoundError: If there is no such file or folder.
        AnnotationError: If the folder has no such files.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(
            f'{path} does not exist; check data_root and ann_file'
        )
    if path.is_file():
        return [(path, _without(path.name, suffixes))]
    ends = tuple(suffixes)
    found = [file for file in walk(path) if file.name.lower().endswith(ends)]
    if not found:
        raise AnnotationError(
            f'{path} has no files *{", *".join(suffixes)}; is it the folder '
            'of the annotations?'
        )
    return [
        (file, _without(file.relative_to(path).as_posix(), suffixes))
        for file in found
    ]


def _without(name: str, suffixes: Sequence[str]) -> str:
    for suffix in suffixes:
        if name.lower().endswith(suffix):
            return name[: -len(suffix)]
    return Path(name).stem


def write_records(
    records: Iterable[Record],
    path: PathLike,
    *,
    write_one: Callable[[Record, Path], None],
    skipped: Skipped | None,
    finish: Callable[[Path], None] | None = None,
) -> int:
    """Write images one by one into a new folder.

    Args:
        records: What to write.
        path: Folder to make; empty or not there.
        write_one: Writes one below the folder.
        skipped: Where errors go; None raises the first one.
        finish: Writes what belongs to all of them.

    Returns:
        Number of images written.

    Raises:
        InputError: If there is such a folder, or two images have one id.
    """
    skipped = Skipped() if skipped is None else skipped
    written: set[str] = set()
    with new_folder(path) as folder:
        for record in records:
            try:
                refuse_twice(record, written)
                write_one(record, folder)
            except InputError as error:
                skipped.add(error)
            else:
                written.add(record.img_id)
        if finish:
            finish(folder)
    return len(written)


def write_each(
    records: Iterable[Record],
    path: PathLike,
    suffixes: Sequence[str],
    write_file: Callable[[Record, Path], None],
    skipped: Skipped | None,
) -> int:
    """Write a file per image into a new folder, or the only image to a file.

    Args:
        records: What to write; may be a generator.
        path: File where it ends like one, else a folder to make; empty or not
            there.
        suffixes: Ends of the names of such files; new files get the first.
        write_file: Writes a file, whole or not at all.
        skipped: Where errors of the images of a folder go; None raises the
            first one.

    Returns:
        Number of images written.

    Raises:
        AnnotationError: If a file shall hold several images, or two have the
            same name.
        InputError: If a name cannot be that of a file, or the folder exists.
    """
    path = Path(path)
    if path.name.lower().endswith(tuple(suffixes)):
        several = iter(records)
        first, second = next(several, None), next(several, None)
        if second is not None:
            raise AnnotationError(
                f'{path} holds one image, and there are more; name a folder'
            )
        if first is not None:
            write_file(first, path)
        return int(first is not None)

    def write_one(record: Record, folder: Path) -> None:
        write_file(record, below(folder, record.img_id, suffix=suffixes[0]))

    return write_records(records, path, write_one=write_one, skipped=skipped)


def refuse_twice(record: Record, written: Container[str]) -> None:
    """Refuse an image that has the id of another.

    Raises:
        AnnotationError: If its id is among those written.
    """
    if record.img_id in written:
        raise AnnotationError(
            f'two images are named {record.img_id!r}; every image needs its '
            'own img_id'
        )


def below(folder: Path, name: str, *, suffix: str = '') -> Path:
    """Path of a new file below a folder.

    Args:
        folder: Folder that the file must not leave.
        name: Id of an image or a label; ``/`` parts folders.
        suffix: Added to the name.

    Raises:
        InputError: If the name is empty, absolute, leads upwards, or has
            characters that no file name should have.
    """
    if {'', '.', '..'} & {*name.split('/')}:
        raise InputError(
            f'{name!r} cannot be the name of a file; rename the image or the '
            'class'
        )
    if re.search(r'[\x00-\x1f\\:*?"<>|]', name):
        raise InputError(
            f'{name!r} has characters that file names cannot have '
            'everywhere; rename the image or the class'
        )
    return folder / f'{name}{suffix}'


def image_name(
    record: Record, img_dir: PathLike | None = None, *, suffix: str = ''
) -> str:
    """Name of the image of a record below the folder of images, with ``/``.

    Args:
        record: Its ``img_path`` is taken as it is where it is relative.
        img_dir: Folder that an absolute path may lead into.
        suffix: Added to the id where nothing else names the image.
    """
    path = record.img_path
    if path is not None and not path.is_absolute():
        return path.as_posix()
    root = img_dir and os.path.abspath(img_dir)
    if path is not None and root and path.is_relative_to(root):
        return path.relative_to(root).as_posix()
    known = str(path or record.properties.get('img_name', ''))
    name = known.replace('\\', '/').rpartition('/')[2]
    folder, slash, stem = record.img_id.rpartition('/')
    return f'{folder}{slash}{name or stem + suffix}'


def refuse_classes(record: Record, labels: set[str]) -> None:
    """Refuse a second class, for formats that do not name classes.

    Args:
        record: Image to write.
        labels: Those of the images before; its own are added.

    Raises:
        AnnotationError: If there are several.
    """
    found = labels | {annotation.label for annotation in record.annotations}
    if len(found) > 1:
        raise AnnotationError(
            f'{record.img_id}: this format does not name classes, and there '
            f'are {sorted(found)}; choose one (--classes NAME --only), or '
            'another format'
        )
    labels |= found


def warn_of_empty(record: Record, count: int) -> None:
    """Tell how many objects of an image are left out, if any."""
    if count:
        warnings.warn(
            f'{record.img_id}: {count} objects without a pixel left out',
            EmptyObjectWarning,
            stacklevel=3,
        )
