"""Find the images that an annotation file speaks of, and their sizes."""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from mmseg_medical._files import inside
from mmseg_medical.converters.image import image_size
from mmseg_medical.converters.table import read_table
from mmseg_medical.errors import InputError

PathLike = str | os.PathLike[str]
Size = tuple[int, int]
SUFFIXES = tuple('.png .jpg .jpeg .tif .tiff .bmp .webp .svs .dcm'.split())
# What systems put into folders, beside files that begin with a dot.
_JUNK = frozenset(('__macosx', 'thumbs.db', 'desktop.ini'))
_PREFIXES = ('img_', 'image_', '')
# case1_day0/scans/slice_0001_266_234_1.50_1.50.png: width, then height.
_UW_MADISON = re.compile(
    r'(case\d+_day\d+)/scans/(slice_\d+)_(\d+)_(\d+)_[\d.]+_[\d.]+\.png$'
)


def visible(folder: PathLike) -> Iterator[os.DirEntry[str]]:
    """Entries of a folder by name, without those that systems hide.

    Those begin with a dot, or are ``__MACOSX``, ``Thumbs.db`` or
    ``desktop.ini``.

    Raises:
        NotADirectoryError: If there is no such folder.
    """
    if not os.path.isdir(folder):
        raise NotADirectoryError(f'{folder} is no folder')
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda e: e.name):
            name = entry.name.lower()
            if not name.startswith('.') and name not in _JUNK:
                yield entry


def walk(folder: PathLike) -> Iterator[Path]:
    """Visible files below a folder, in order; links to folders are left."""
    for entry in visible(folder):
        if entry.is_dir(follow_symlinks=False):
            yield from walk(entry.path)
        elif entry.is_file():
            yield Path(entry.path)


def find_image(folder: PathLike | None, name: str) -> Path | None:
    """Image of a name in a folder, with the suffix or without.

    Nothing is listed: it is for one file among many.

    Args:
        folder: Folder of images; None finds nothing.
        name: Path of the image below the folder.

    Raises:
        InputError: If the name leads out of the folder.
    """
    if folder is None:
        return None
    path = inside(folder, name)
    names = [path.name] if path.suffix.lower() in SUFFIXES else []
    for suffix in SUFFIXES:
        names += [path.name + suffix, path.name + suffix.upper()]
    return next(
        (found for n in names if (found := path.with_name(n)).is_file()), None
    )


class ImageFolder:
    """Images below a folder, found by id, by name or by path.

    Only files that were found below the folder are ever returned, whatever
    path an annotation file names.

    Args:
        folder: Folder of the images, with folders inside.

    Raises:
        NotADirectoryError: If there is no such folder.
        InputError: If it holds no image.
    """

    def __init__(self, folder: PathLike) -> None:
        self.folder = Path(folder)
        self._found: dict[str, list[Path]] = {}
        self._uw_sizes: dict[Path, Size] = {}
        for path in walk(folder):
            if path.suffix.lower() in SUFFIXES:
                for key in self._keys(path):
                    self._found.setdefault(key, []).append(path)
        if not self._found:
            raise InputError(
                f'{folder} holds no image ({", ".join(sorted(SUFFIXES))})'
            )

    def _keys(self, path: Path) -> set[str]:
        part = path.relative_to(self.folder)
        keys = {path.name, path.stem, str(part.with_suffix('').as_posix())}
        keys.add(part.as_posix())
        if match := _UW_MADISON.search(path.as_posix()):
            keys.add(f'{match[1]}_{match[2]}')
            self._uw_sizes[path] = int(match[4]), int(match[3])
        return keys

    @property
    def paths(self) -> set[Path]:
        """All images that were found."""
        return {path for found in self._found.values() for path in found}

    def path(self, img_id: str, named: PathLike | None = None) -> Path:
        """File of an image.

        Args:
            img_id: Its id: the name of the file with or without suffix, or
                its path below the folder.
            named: Path as an annotation file has it; used where the id finds
                nothing or several.

        Raises:
            InputError: If there is none, or several have that name.
        """
        several = self._search(img_id, named)
        if len(several) == 1:
            return several[0]
        what = (
            f'{len(several)} images of that name, as {several[0]}'
            if several
            else 'no image of that name'
        )
        raise InputError(f'{self.folder} has for {img_id!r} {what}')

    def find(self, img_id: str, named: PathLike | None = None) -> Path | None:
        """File of an image; None where there is none or several."""
        found = self._search(img_id, named)
        return found[0] if len(found) == 1 else None

    def _search(self, img_id: str, named: PathLike | None) -> list[Path]:
        several: list[Path] = []
        for key in (img_id, *_tails(named)):
            several = self._found.get(key, []) or several
            if len(several) == 1:
                break
        return several

    def size(self, img_id: str, named: PathLike | None = None) -> Size:
        """(height, width) of an image in pixels.

        Raises:
            InputError: As :meth:`path`.
            ImageError: If the image cannot be read.
        """
        path = self.path(img_id, named)
        return self._uw_sizes.get(path) or image_size(path)


def _tails(named: PathLike | None) -> Iterator[str]:
    """Path, and what is left of it without one, two, … leading folders."""
    if named is None:
        return
    parts = str(named).replace('\\', '/').split('/')
    for k in range(len(parts)):
        yield '/'.join(parts[k:])


def size_lookup(
    source: PathLike | Size | Mapping[str, Size],
) -> Callable[[str], Size]:
    """Where sizes come from, as one function of the id.

    Args:
        source: (height, width) of all images; or a folder of images; or a
            CSV table with ``id`` and ``width``, ``height`` (also
            ``img_width`` …); or a mapping of ids.

    Raises:
        InputError, FileNotFoundError: If the source cannot be read.
    """
    if isinstance(source, tuple):
        shape = source
        return lambda _: shape
    if isinstance(source, Mapping):
        sizes = source
    elif os.path.isdir(source):
        return ImageFolder(source).size
    else:
        sizes = _sizes_of_table(source)

    def find(img_id: str) -> Size:
        if img_id not in sizes:
            raise InputError(f'the table of sizes has no id {img_id!r}')
        return sizes[img_id]

    return find


def _sizes_of_table(path: PathLike) -> dict[str, Size]:
    rows = read_table(path, ['id'], key='id')
    return {
        row['id']: table_size(row, f'{path} id {row["id"]}') for row in rows
    }


def size_columns(header: Iterable[str]) -> tuple[str, str] | None:
    """Columns of a table that say how large images are.

    Args:
        header: Names of all columns.

    Returns:
        Those of height and width, in capital letters or small ones, also as
        ``img_height`` or ``image_height``; None where one is missing.
    """
    named = {name.lower(): name for name in header}
    height, width = (
        next((named[p + side] for p in _PREFIXES if p + side in named), None)
        for side in ('height', 'width')
    )
    return (height, width) if height and width else None


def table_size(row: Mapping[str, str], where: str) -> Size:
    """(height, width) that a row of a table says, in pixels.

    Args:
        row: Cells by column; see :func:`size_columns`.
        where: File and row, for the message.

    Raises:
        InputError: If there are no such columns, or no numbers above 0.
    """
    columns = size_columns(row)
    cells = [row[name] for name in columns or ()]
    if not cells or not all(
        re.fullmatch('[0-9]{1,9}', c) and int(c) for c in cells
    ):
        raise InputError(
            f'{where}: expected whole numbers in {_PREFIXES[0]}height and '
            f'{_PREFIXES[0]}width, got {cells}; add them, or name a '
            'table that has them (--from-options sizes=FILE)'
        )
    return int(cells[0]), int(cells[1])
