"""What the readers of image files share: one error that names the file."""

import functools
import os
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from mmseg_medical.errors import InputError

PathLike = str | os.PathLike[str]
Image = TypeVar('Image')

# What files of other names turn out to be, by their first bytes.
_STARTS = (
    (b'', 'empty: copy or download it again'),
    (b'II*\0', 'a TIFF with another name'),
    (b'MM\0*', 'a TIFF with another name'),
    (b'II+\0', 'a TIFF with another name'),
    (b'MM\0+', 'a TIFF with another name'),
    (b'\x89PNG', 'a PNG with another name'),
    (b'\xff\xd8', 'a JPEG with another name'),
    (b'\x1f\x8b', 'compressed by gzip'),
    (b'PK\3\4', 'a zip file: unpack it'),
    (b'<', 'a web page with another name'),
)


class ImageError(InputError):
    """An image file that cannot be read, with its name and what to do."""


def existing(path: PathLike) -> Path:
    """Path of a file that is there.

    Raises:
        FileNotFoundError: If there is no such file.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(
            f'{path} does not exist; check data_root and data_prefix'
        )
    return path


def parsed(kind: Callable[..., Image], path: PathLike, *args: Any) -> Image:
    """Parse a file, or take what this process has parsed before.

    Args:
        kind: Class of the file, made of its path.
        path: File; one that has changed since is parsed anew.
        args: Further arguments of the class.
    """
    try:
        stat = os.stat(path)
    except OSError:
        return kind(path, *args)  # says what is wrong
    key = (str(path), stat.st_mtime_ns, stat.st_size)
    image: Image = _parsed(kind, args, *key)
    return image


@functools.lru_cache(maxsize=256)  # some 20 kB each of TIFF
def _parsed(kind: Any, args: Any, path: str, _mtime: int, _size: int) -> Any:
    return kind(path, *args)


def check_frame(path: PathLike, frame: int | None, count: int) -> int:
    """Index of the frame to read; the only one where none is named.

    Raises:
        ImageError: If the file holds several and none is named, or has no
            such frame.
    """
    if frame is None and count == 1:
        return 0
    if frame is None:
        raise ImageError(
            f'{path} holds {count} images; choose one with frame=0 … '
            f'{count - 1}'
        )
    if not 0 <= frame < count:
        raise ImageError(f'{path} has no frame {frame}, only {count}')
    return frame


@contextmanager
def naming(path: PathLike, kind: str) -> Iterator[None]:
    """Turn what a decoder raises into one error that names the file.

    Args:
        path: File that is read.
        kind: Format that it is read as.

    Raises:
        ImageError: Instead of what the block raises, but for missing files,
            missing packages and files that may not be read.
    """
    try:
        yield
    except (ImageError, FileNotFoundError, PermissionError, ImportError):
        raise
    except Exception as error:  # decoders raise many types
        what: object = error
        if isinstance(error, (EOFError, struct.error)):
            what = 'it is cut short; copy or download it again'
        raise ImageError(
            f'{path} cannot be read as {kind}: {what}'
            f'{_what_it_is(Path(path), kind)}'
        ) from error


def _what_it_is(path: Path, kind: str) -> str:
    with open(path, 'rb') as file:
        start = file.read(132)
    if start[128:] == b'DICM':  # what comes before may be of a TIFF
        return '' if 'DICOM' in kind else '; it is DICOM with another name'
    if kind == 'NIfTI' and path.suffix.lower() == '.gz':
        return ''
    start = start[:4]
    for known, name in _STARTS:
        if start.startswith(known) if known else not start:
            return '' if kind in name else f'; it is {name}'
    if kind == 'TIFF':
        return f'; a TIFF does not begin with {start!r}'
    return ''
