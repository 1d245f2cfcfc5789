"""What formats of one file per image share: the files, and their images."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from mmseg_medical.converters.image import image_size
from mmseg_medical.converters.record import AnnotationError, Record, Skipped
from mmseg_medical.errors import InputError

PathLike = str | os.PathLike[str]

IMAGE_SUFFIXES = (
    *('.png', '.jpg', '.jpeg', '.tif', '.tiff', '.svs', '.bmp', '.webp'),
)


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
        skipped: Keeps the errors of files that cannot be read; None raises
            the first one.

    Raises:
        FileNotFoundError: If there is no such file or folder.
        AnnotationError: If the folder has no such files.
    """
    skipped = Skipped() if skipped is None else skipped
    for file, img_id in list_files(path, suffixes):
        try:
            record = read_file(file, img_id)
        except (InputError, OSError) as error:
            skipped.add(error)
        else:
            yield record


def list_files(
    path: PathLike, suffixes: Sequence[str]
) -> list[tuple[Path, str]]:
    """A file, or the files of a folder, with the names of their images.

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
    found = []
    for folder, below, names in os.walk(path):
        below[:] = sorted(b for b in below if not b.startswith('.'))
        found += [
            Path(folder, name)
            for name in sorted(names)
            if name.lower().endswith(tuple(suffixes)) and name[0] != '.'
        ]
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


def write_each(
    records: Iterable[Record],
    path: PathLike,
    suffixes: Sequence[str],
    write_file: Callable[[Record, Path], None],
) -> int:
    """Write a file per image into a folder, or the only image into a file.

    Args:
        records: What to write; may be a generator.
        path: File where it ends like one, else a folder.
        suffixes: Ends of the names of such files; new files get the first.
        write_file: Writes a file, whole or not at all.

    Returns:
        Number of images written.

    Raises:
        AnnotationError: If a file shall hold several images, two have the
            same name, or a name leads out of the folder.
    """
    path = Path(path)
    records = iter(records)
    if path.name.lower().endswith(tuple(suffixes)):
        first, second = next(records, None), next(records, None)
        if second is not None:
            raise AnnotationError(
                f'{path} holds one image, and there are more; name a folder'
            )
        if first is not None:
            write_file(first, path)
        return int(first is not None)
    written: set[Path] = set()
    for record in records:
        target = inside(path, record.img_id + suffixes[0])
        if target in written:
            raise AnnotationError(
                f'{target} is of two images named {record.img_id!r}; every '
                'image needs its own img_id'
            )
        write_file(record, target)
        written.add(target)
    return len(written)


def inside(folder: PathLike, name: str) -> Path:
    """Path of a name that a file gives, which must not lead out of a folder.

    Links on the disk are followed, names such as ``../x`` are not.

    Raises:
        AnnotationError: If it does.
    """
    root = os.path.abspath(folder)
    path = os.path.abspath(os.path.join(root, name))
    if '\0' in name or os.path.commonpath([root, path]) != root:
        raise AnnotationError(
            f'{name!r} leads out of {folder}; names of images stay inside'
        )
    return Path(path)


def find_image(folder: PathLike | None, name: str) -> Path | None:
    """Image of a name in a folder, with the suffix or without.

    Args:
        folder: Folder of images; None finds nothing.
        name: Path of the image below the folder.
    """
    if folder is None:
        return None
    path = inside(folder, name)
    names = [path.name] if path.suffix.lower() in IMAGE_SUFFIXES else []
    for suffix in IMAGE_SUFFIXES:
        names += [path.name + suffix, path.name + suffix.upper()]
    return next(
        (found for n in names if (found := path.with_name(n)).is_file()), None
    )


def shape_of(path: Path | None) -> tuple[int, int] | None:
    """Height and width of an image that may be missing, in pixels."""
    return None if path is None else image_size(path)
