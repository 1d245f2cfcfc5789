"""Files that samples name and that are not there, and why that may be."""

import os
from collections.abc import Iterable, Mapping
from typing import Any

# Keys of a sample that name files: one, or a list with None for no file.
_FILES = ('img_path', 'seg_map_path', 'annotation_path', 'pseudo_path')
_ARCHIVES = ('.zip', '.7z', '.rar', '.tar', '.tgz', '.tar.gz')


def missing_files(samples: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The first missing file of each sample that lacks one, by its id.

    Each folder is listed once.

    Args:
        samples: Samples of a data set.
    """
    folders: dict[str, set[str]] = {}
    missing: dict[str, str] = {}
    for sample in samples:
        for path in _files_of(sample):
            folder, name = os.path.split(path)
            if folder not in folders:
                found = os.path.isdir(folder) and os.listdir(folder)
                folders[folder] = set(found or ())
            if name not in folders[folder]:
                missing.setdefault(sample['img_id'], path)
    return missing


def _files_of(sample: Mapping[str, Any]) -> Iterable[str]:
    for key in _FILES:
        paths = sample.get(key) or ()
        yield from filter(None, [paths] if isinstance(paths, str) else paths)


def archives(folder: str) -> list[str]:
    """Names of archives in a folder, sorted."""
    names = os.listdir(folder)
    return sorted(n for n in names if n.lower().endswith(_ARCHIVES))
