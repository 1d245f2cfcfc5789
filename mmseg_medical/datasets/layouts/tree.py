"""The names below a folder, listed once and asked many times."""

import csv
import fnmatch
import os
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from mmseg_medical.converters.image_folder import walk
from mmseg_medical.datasets._paired import IMAGE_SUFFIXES

# Said of a data set by whoever unpacked it, not by its owner.
_ASIDE = {'readme.md', 'readme.txt', 'license', 'license.txt', 'sha256sums'}

_TABLES = ('.csv', '.json', '.xml', '.geojson')


class Tree:
    """Files below a folder.

    Args:
        folder: Folder; hidden files and links to folders are passed over.

    Attributes:
        root: The folder.
        files: Paths below it with ``/``, in order.
        broken: What is wrong with annotation files, by their paths.

    Raises:
        NotADirectoryError: If there is no such folder.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.root = Path(folder)
        self.broken: dict[str, str] = {}
        self.files = [
            path.relative_to(self.root).as_posix()
            for path in walk(folder)
            if path.name.lower() not in _ASIDE
        ]
        self.folders: dict[str, list[str]] = defaultdict(list)
        for name in self.files:
            folder_name, _, base = name.rpartition('/')
            self.folders[folder_name].append(base)
        self._images = sorted(
            name
            for name in self.files
            if name.lower().endswith(IMAGE_SUFFIXES)
        )

    def match(self, pattern: str) -> list[str]:
        """Files whose path fits a pattern of the shell; ``*`` spans ``/``."""
        return fnmatch.filter(self.files, pattern)

    def images(self, folder: str = '') -> list[str]:
        """Images below a folder, as paths below the root."""
        if not folder:
            return list(self._images)
        ends = (f'{folder}/', f'{folder}0')  # 0 comes after /
        return self._images[
            slice(*(bisect_left(self._images, e) for e in ends))
        ]

    def images_in(self, folder: str) -> list[str]:
        """Names of the images that lie in a folder itself."""
        names = self.folders.get(folder, [])
        return [n for n in names if n.lower().endswith(IMAGE_SUFFIXES)]

    def columns(self, name: str) -> list[str]:
        """First line of a CSV file; [] where it is none."""
        try:
            with open(
                self.root / name, newline='', encoding='utf-8-sig'
            ) as file:
                return [c.strip() for c in next(csv.reader(file), [])]
        except (OSError, ValueError, csv.Error):
            return []

    def beside(self, used: Iterable[str]) -> dict[str, int]:
        """What lies beside the files of a data set.

        Args:
            used: Files and folders that belong to it.

        Returns:
            Files by folder of the root, 0 for tables that lie there.
        """
        root = os.path.abspath(self.root)
        inside = (os.path.relpath(os.path.abspath(p), root) for p in used)
        read = {name.split(os.sep)[0] for name in inside}
        found: dict[str, int] = {}
        for name in self.files:
            top, below, _ = name.partition('/')
            if top not in read and (below or name.lower().endswith(_TABLES)):
                found[top] = found.get(top, 0) + bool(below)
        return found

    def kinds(self) -> str:
        """What lies there: ``'30 .png, 2 .csv'``."""
        suffixes = Counter(
            PurePosixPath(name).suffix.lower() or 'without suffix'
            for name in self.files
        )
        found = suffixes.most_common(6)
        return ', '.join(f'{n} {suffix}' for suffix, n in found) or 'nothing'
