"""Objects of annotation files: their classes, and their pixels in a window."""

import functools
import itertools
import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from mmseg_medical.converters.formats import get_format
from mmseg_medical.converters.polygon import check_near
from mmseg_medical.converters.record import Annotation, Record
from mmseg_medical.converters.runs_geometry import union
from mmseg_medical.converters.tiff import Region
from mmseg_medical.datasets.transforms._mask_images import Asked, Labels
from mmseg_medical.errors import InputError

IGNORE_INDEX = 255
# Class index, mask, and the window of the image that it fills.
Part = tuple[int, Labels, Region]


def annotations(results: dict[str, Any], asked: Asked) -> Iterator[Part]:
    """Objects that travel with the sample."""
    where = results.get('where', results['img_path'])
    return _objects(results['annotations'], where, results, asked)


def annotation_file(results: dict[str, Any], asked: Asked) -> Iterator[Part]:
    """Objects of the file of the image."""
    for found, path in objects_of_file(results, asked):
        yield from _objects(found, path, results, asked)


def objects_of_file(
    results: dict[str, Any], asked: Asked
) -> Iterator[tuple[Iterable[Annotation], str]]:
    """Objects of the annotation file of an image, and where they are from.

    Raises:
        AnnotationError: If the file cannot be read.
        InputError: If it is of an image of another size.
    """
    path, name = results['annotation_path'], results['annotation_format']
    folder = os.path.dirname(results['img_path'])
    changed = os.path.getmtime(path)
    for record in _read(path, name, folder, asked.painter, changed):
        if record.shape not in (None, asked.size):
            raise InputError(
                f'{path} is of an image of {record.shape[0]} x '
                f'{record.shape[1]} pixels (height x width), '
                f'{results["img_path"]} has {asked.size[0]} x {asked.size[1]}'
            )
        yield record.annotations, path


@functools.lru_cache(maxsize=16)
def _read(
    path: str, name: str, folder: str, painter: str | None, _mtime: float
) -> list[Record]:
    """Records of a file; those of slides are large, and read for each crop."""
    known = get_format(name)
    # Lines and points of LabelMe differ by the painter.
    options = dict(img_dir=folder, painter=painter)
    if painter not in ('pil', 'opencv'):
        del options['painter']
    taken = known.read_options & options.keys()
    return list(known.read(path, **{k: options[k] for k in taken}))


def _objects(
    annotations: Iterable[Annotation],
    where: str,
    results: dict[str, Any],
    asked: Asked,
) -> Iterator[Part]:
    """Objects in the order of their file; of planes, class by class."""

    def how(item: tuple[int, Annotation]) -> tuple[int, str]:
        index, annotation = item
        if annotation.runs is not None:
            return index, ''
        return index, asked.painter or annotation.painter

    known = [
        (index, annotation)
        for annotation in annotations
        if (index := class_of(annotation.label, where, results)) is not None
    ]
    if overlapping(results):
        known.sort(key=how)
    for (index, painter), group in itertools.groupby(known, how):
        objects = [annotation for _, annotation in group]
        place = _window(objects, where, asked)
        if place is None:
            continue
        if painter:
            areas = tuple(area for one in objects for area in one.polygons)
            joined = Annotation('objects', polygons=areas, painter=painter)
            try:
                mask = joined.mask(asked.size, place)
            except InputError as error:
                raise type(error)(f'{where}: {error}') from None
        else:
            mask = _of_runs(objects, place, where, asked)
        yield index, mask, place


def _of_runs(
    objects: list[Annotation], place: Region, where: str, asked: Asked
) -> Labels:
    for one in objects:
        if one.runs.shape != asked.size:
            raise InputError(
                f'{where}: {one.label!r} is a mask of {one.runs.shape} for an '
                f'image of {asked.size} (height, width)'
            )
    return union([one.runs for one in objects]).crop(*place).to_mask()


def _window(
    objects: list[Annotation], where: str, asked: Asked
) -> Region | None:
    """Part of the asked window in which objects can lie.

    Raises:
        PolygonError: If an object lies far outside of the image.
    """
    boxes = []
    for one in objects:
        if (box := one.box(asked.size)) is not None:
            boxes.append(box)
        else:
            check_near(one.polygons, asked.size, where)
    if not boxes:
        return None
    low = np.array([box[:2] for box in boxes])
    high = low + [box[2:] for box in boxes]
    start = np.array(asked.region[:2])
    low = np.maximum(low.min(0), start)
    high = np.minimum(high.max(0), start + asked.region[2:])
    if (low >= high).any():
        return None
    return Region(*low.tolist(), *(high - low).tolist())


def class_of(label: str, where: str, results: dict[str, Any]) -> int | None:
    """Class index of the label of a file; None leaves the object out.

    Raises:
        InputError: If the label is that of no class.
    """
    labels: Mapping[str, Any] = results.get('labels') or {}
    name = labels.get(label, labels.get('*', label))
    if name is None or name == IGNORE_INDEX:
        return name
    classes = list(results.get('classes') or ())
    if name not in classes:
        raise InputError(
            f'{where}: label {name!r} is none of the classes {classes}; '
            f'labels={{{label!r}: …}} of the data set names its class, None '
            f'leaves it out, {IGNORE_INDEX} its pixels as well'
        )
    return classes.index(name)


def overlapping(results: dict[str, Any]) -> bool:
    """Whether classes may share pixels, as the data set of a sample says."""
    listed = any(
        isinstance(results.get(key), list) for key in ('rle', 'seg_map_path')
    )
    return bool(results.get('overlapping', listed))


def first_class(results: dict[str, Any]) -> int:
    """Index of the first class that is no background."""
    return 0 if overlapping(results) else 1
