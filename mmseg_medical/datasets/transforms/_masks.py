"""Every way in which a sample may know its mask, painted in a window."""

import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from mmseg_medical.converters._mask_files import read_mask as read_object
from mmseg_medical.converters.pseudo_labels import (
    read_mask as read_pseudo_label,
)
from mmseg_medical.converters.runs import Runs
from mmseg_medical.converters.runs_geometry import nothing, union
from mmseg_medical.datasets.transforms._mask_images import (
    Asked,
    Labels,
    as_told,
    read_mask,
)
from mmseg_medical.datasets.transforms._mask_objects import (
    IGNORE_INDEX,
    Part,
    annotation_file,
    annotations,
    first_class,
    overlapping,
)
from mmseg_medical.datasets.transforms._sample import load_runs
from mmseg_medical.errors import InputError


def _run_lengths(results: dict[str, Any], asked: Asked) -> Iterator[Part]:
    runs = load_runs(results, asked.size, repair=asked.repair)
    for index, mask in enumerate(runs, first_class(results)):
        yield index, mask.crop(*asked.region).to_mask(), asked.region


def _files(results: dict[str, Any], asked: Asked) -> Iterator[Part]:
    """One image of masks per class."""
    paths = results['seg_map_path']
    for index, path in enumerate(paths, first_class(results)):
        if path is not None:
            yield index, read_mask(path, results, asked), asked.region


def _object_files(results: dict[str, Any], asked: Asked) -> Iterator[Part]:
    """One image of masks per object, all of the only class."""
    runs = _object_runs(tuple(results['object_paths']), asked.size)
    yield (
        first_class(results),
        runs.crop(*asked.region).to_mask(),
        asked.region,
    )


@functools.lru_cache(maxsize=256)
def _object_runs(paths: tuple[str, ...], size: tuple[int, int]) -> Runs:
    """All objects of an image; its hundreds of files are read once."""
    return union([nothing(size), *read_objects(paths, size)])


def read_objects(
    paths: tuple[str, ...], size: tuple[int, int]
) -> Iterator[Runs]:
    """Runs of each object of an image, from a file each.

    Raises:
        ImageError: If a file is no mask of an object.
        InputError: If it has not the size of the image.
    """
    for path in paths:
        runs = read_object(Path(path))
        if runs.shape != size:
            raise InputError(
                f'{path} has {runs.shape[0]} x {runs.shape[1]} pixels (height '
                f'x width), its image {size[0]} x {size[1]}'
            )
        yield runs


def _pseudo_labels(results: dict[str, Any], asked: Asked) -> Labels:
    """Class indices or planes as they are stored, 255 where not sure."""
    path = results['pseudo_path']
    labels = read_pseudo_label(path, asked.size, asked.region)
    if overlapping(results):
        return labels.reshape(*labels.shape[:2], -1)
    return labels


# By the key of a sample that tells where its mask is; the first counts.
SOURCES: dict[str, Callable[[dict[str, Any], Asked], Any]] = {
    'rle': _run_lengths,
    'annotations': annotations,
    'annotation_path': annotation_file,
    'object_paths': _object_files,
    'seg_map_path': _files,
    'pseudo_path': _pseudo_labels,
}


def load_mask(source: str, results: dict[str, Any], asked: Asked) -> Labels:
    """Paint the window of a mask.

    Args:
        source: One of :data:`SOURCES`.
        results: Sample.
        asked: Window and options.

    Returns:
        (H, W) uint8 of labels, or as stored; (H, W, C) uint8 of 0 and 1 for
        classes that overlap.

    Raises:
        InputError: As :class:`LoadMaskRegion`.
    """
    told = results[source]
    if source == 'pseudo_path':
        return _pseudo_labels(results, asked)
    if source == 'seg_map_path' and isinstance(told, str):
        return as_told(read_mask(told, results, asked), results, asked)
    parts = SOURCES[source](results, asked)
    if source == 'rle' and isinstance(told, str):
        return next(parts)[1]
    top, left, height, width = asked.region
    several = overlapping(results)
    count = len(results.get('classes') or told) if several else 1
    planes = np.zeros((count, height, width), np.uint8)
    for index, mask, place in parts:
        at = place._replace(top=place.top - top, left=place.left - left)
        window = planes[(slice(None), *at.slices)]
        if index == IGNORE_INDEX:
            window[:, mask != 0] = IGNORE_INDEX
        elif several:
            window[index] |= mask != 0
        else:
            window[0, mask != 0] = index
    if not several:
        return planes[0]
    return np.ascontiguousarray(planes.transpose(1, 2, 0))
