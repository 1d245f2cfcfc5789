"""Files and folders that appear whole or not at all, or are locked."""

import contextlib
import itertools
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from mmseg_medical.errors import InputError

try:
    import fcntl
except ImportError:  # Windows has no such locks
    fcntl = None  # type: ignore[assignment]

_LOCKED: set[Path] = set()  # by this process


def inside(folder: str | os.PathLike[str], name: str) -> Path:
    """Path of a name from a table, within a folder.

    Args:
        folder: Folder that is written to.
        name: Name of a file in it, or below it.

    Returns:
        The folder and the name, joined.

    Raises:
        InputError: If the name leads out of the folder.
    """
    parts = name.replace('\\', '/').split('/')
    if not name or os.path.isabs(name) or '..' in parts:
        raise InputError(
            f'{name!r} is no name of a file in {folder}: it leads out of it; '
            'change that name in the table or the annotation file'
        )
    return Path(folder, name)


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Write beside ``path``, then put the new file in its place at once.

    A reader sees the old file or the new one; when the block fails (full
    disk, interrupt), the old file stays as it was and nothing is left beside
    it. The folder is made where it is missing.

    Args:
        path: File to write.

    Yields:
        Path of the temporary file to write to, in the same folder.

    Raises:
        OSError: If the folder cannot be written; the message names it.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(
            dir=path.parent, prefix=f'.{path.name}.', suffix='.part'
        )
    except OSError as error:
        raise type(error)(
            error.errno,
            f'cannot write {path}: {error.strerror}; choose a folder that '
            'can be written',
        ) from None
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        with temporary.open('rb+') as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        if error.errno is None or str(path) in str(error):
            raise
        raise type(error)(
            error.errno,
            f'cannot write {path}: {error.strerror}; an old file of that name '
            'stays as it was',
        ) from None
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def appearing(
    path: str | os.PathLike[str], *, replace: bool = False
) -> Iterator[Path]:
    """Write a file or a folder, then give it its name.

    It is written as a hidden neighbour, so that relative paths within lead to
    the same files before and after. When the block fails, nothing is left.

    Args:
        path: File or folder; there is none of that name, or an empty folder.
        replace: There may be one: a file is replaced, a folder is kept as
            ``NAME.old``.

    Yields:
        Path to write to.

    Raises:
        InputError: If there is such a file or folder, or none was written.
        OSError: If it cannot be written.
    """
    path = Path(os.path.abspath(path))
    empty = path.is_dir() and not any(path.iterdir())
    if path.exists() and not empty and not replace:
        raise InputError(
            f'{path} exists already; choose another name, or move it away '
            '(--overwrite)'
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    place = path.with_name(f'.{secrets.token_hex(4)}.{path.name}')
    try:
        yield place
        if not place.exists():
            raise InputError(f'nothing was written to {path}')
        if path.is_dir() and empty:
            path.rmdir()
        elif path.is_dir():
            path.rename(_old_name(path))
        os.replace(place, path)
    finally:
        if place.is_dir():
            shutil.rmtree(place, ignore_errors=True)
        else:
            place.unlink(missing_ok=True)


def _old_name(path: Path) -> Path:
    """First of ``NAME.old``, ``NAME.old1`` … that is free."""
    numbers = itertools.chain([''], itertools.count(1))
    names = (path.with_name(f'{path.name}.old{n}') for n in numbers)
    return next(name for name in names if not name.exists())


@contextlib.contextmanager
def new_folder(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Fill a folder that :func:`appearing` makes; errors as there.

    Args:
        path: Folder to make; there is none of that name, or an empty one.

    Yields:
        Path of the temporary folder to write to.
    """
    with appearing(path) as folder:
        folder.mkdir()
        yield folder


@contextlib.contextmanager
def locked(folder: str | os.PathLike[str]) -> Iterator[None]:
    """Keep other processes out of a folder that they lock as well.

    The system lets go of the lock when the process ends, however it ends.
    Where it has no such locks, nothing is kept out. A block within another
    one of the same folder is let in.

    Args:
        folder: Folder, made where it is missing; ``.lock`` is put into it.

    Raises:
        InputError: If another process has locked it.
    """
    path = Path(folder, '.lock').resolve()
    if path in _LOCKED:
        yield
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open('w') as file:
        try:
            if fcntl is not None:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(
                f'{folder} is being written by another process; wait for it, '
                'or stop it'
            ) from None
        except OSError:  # a network disk without locks
            pass
        _LOCKED.add(path)
        try:
            yield
        finally:
            _LOCKED.remove(path)
