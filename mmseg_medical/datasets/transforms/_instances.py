"""Objects of a sample, painted one by one in a window."""

import dataclasses
import functools
import itertools
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mmseg_medical.converters import rle
from mmseg_medical.converters.record import Annotation
from mmseg_medical.converters.runs_geometry import pixels, rescan
from mmseg_medical.converters.tiff import Region
from mmseg_medical.datasets.transforms._mask_images import Asked, read_mask
from mmseg_medical.datasets.transforms._mask_objects import (
    IGNORE_INDEX,
    class_of,
    objects_of_file,
)
from mmseg_medical.datasets.transforms._masks import read_objects
from mmseg_medical.errors import InputError

IntArray = NDArray[np.int32]
UNKNOWN = -1  # id of pixels that are to be ignored


class Objects(NamedTuple):
    """Objects of an image, in the order of their file.

    Attributes:
        ids: (N,) ids from 1 on, or -1.
        objects: N objects.
        boxes: (N, 4) top, left, height and width in pixels; 0 where nothing
            lies in the image.
    """

    ids: IntArray
    objects: list[Annotation]
    boxes: IntArray

    @classmethod
    def of(
        cls, known: Iterable[tuple[int, Annotation]], size: tuple[int, int]
    ) -> 'Objects':
        """Find the boxes of objects in an image of (height, width)."""
        pairs = list(known)
        boxes = [one.box(size) or Region(0, 0, 0, 0) for _, one in pairs]
        return cls(
            np.array([number for number, _ in pairs], np.int32),
            [one for _, one in pairs],
            np.array(boxes, np.int32).reshape(-1, 4),
        )


def load_instances(
    source: str, results: dict[str, Any], asked: Asked
) -> IntArray:
    """Paint the objects of a sample in a window; later ones lie above.

    Args:
        source: One of :data:`SOURCES`, a key of the sample.
        results: Sample.
        asked: Window and options.

    Returns:
        (H, W) ids by the place of an object in its file, from 1 on; 0 in the
        background, -1 where pixels are to be ignored.

    Raises:
        InputError: As :class:`LoadInstancesRegion`.
    """
    if source == 'seg_map_path':
        return read_mask(results[source], results, asked).astype(np.int32)
    ids, objects, boxes = SOURCES[source](results, asked)
    top, left, height, width = asked.region
    inst_map = np.zeros((height, width), np.int32)
    low = np.maximum(boxes[:, :2], (top, left))
    high = np.minimum(
        boxes[:, :2] + boxes[:, 2:], (top + height, left + width)
    )
    hits = np.flatnonzero((low < high).all(1)).tolist()

    def known_by_runs(k: int) -> bool:
        return objects[k].runs is not None

    for by_runs, group in itertools.groupby(hits, known_by_runs):
        several = list(group)
        if by_runs:
            chosen = [objects[k] for k in several]
            _paint_runs(inst_map, chosen, ids[several], asked, results)
            continue
        for k in several:
            place = Region(*low[k].tolist(), *(high[k] - low[k]).tolist())
            at = place._replace(top=place.top - top, left=place.left - left)
            mask = objects[k].mask(asked.size, place)
            inst_map[at.slices][mask != 0] = ids[k]
    return inst_map


def _paint_runs(
    inst_map: IntArray,
    objects: list[Annotation],
    ids: IntArray,
    asked: Asked,
    results: dict[str, Any],
) -> None:
    """Paint objects that are known by their pixels, all at once."""
    flat = []
    for one in objects:
        runs: Any = one.runs
        if runs.shape != asked.size:
            raise InputError(
                f'{results.get("where", results["img_path"])}: an object is a '
                f'mask of {runs.shape} for an image of {asked.size} (height, '
                'width)'
            )
        flat.append(pixels(rescan(runs, 'F')))
    owner = np.repeat(ids, [len(one) for one in flat])
    columns, rows = np.divmod(np.concatenate(flat), asked.size[0])
    rows -= asked.region.top
    columns -= asked.region.left
    height, width = inst_map.shape
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    # Of a pixel that is there twice the last one counts.
    inst_map[rows[inside], columns[inside]] = owner[inside]


def _of_files(results: dict[str, Any], asked: Asked) -> Objects:
    return _read_files(tuple(results['object_paths']), asked.size)


@functools.lru_cache(maxsize=256)
def _read_files(paths: tuple[str, ...], size: tuple[int, int]) -> Objects:
    """Objects of an image; its hundreds of files are read once."""
    runs = read_objects(paths, size)
    known = ((k, Annotation('object', one)) for k, one in enumerate(runs, 1))
    return Objects.of(known, size)


def _of_rows(results: dict[str, Any], asked: Asked) -> Objects:
    texts = []
    for item in results['rle']:
        texts += item if isinstance(item, list) else [item]
    where = results.get('where', '')
    return _load_rows(tuple(texts), asked.size, results['rle_dialect'], where)


@functools.lru_cache(maxsize=256)
def _load_rows(
    texts: tuple[str, ...], size: tuple[int, int], dialect: str, where: str
) -> Objects:
    """Objects of an image, from the run lengths of each."""
    loaded = (rle.load(text, size, dialect, where=where) for text in texts)
    known = ((k, Annotation('object', one)) for k, one in enumerate(loaded, 1))
    return Objects.of(known, size)


def _of_annotations(results: dict[str, Any], asked: Asked) -> Objects:
    where = results.get('where', results['img_path'])
    found = [(results['annotations'], where)]
    return _of_classes(found, results, asked)


def _of_annotation_file(results: dict[str, Any], asked: Asked) -> Objects:
    return _of_classes(objects_of_file(results, asked), results, asked)


def _of_classes(
    found: Iterable[tuple[Iterable[Annotation], str]],
    results: dict[str, Any],
    asked: Asked,
) -> Objects:
    """Objects whose label is that of a class, or is to be ignored."""
    known, number = [], 0
    for annotations, where in found:
        for one in annotations:
            number += 1
            index = class_of(one.label, where, results)
            if index is None:
                continue
            if asked.painter and one.runs is None:
                one = dataclasses.replace(one, painter=asked.painter)
            ignored = index == IGNORE_INDEX
            known.append((UNKNOWN if ignored else number, one))
    return Objects.of(known, asked.size)


# By the key of a sample that tells where its objects are; the first counts.
SOURCES: dict[str, Callable[[dict[str, Any], Asked], Objects]] = {
    'rle': _of_rows,
    'annotations': _of_annotations,
    'annotation_path': _of_annotation_file,
    'object_paths': _of_files,
}
