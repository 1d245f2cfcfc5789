"""A random pixel of foreground, from wherever a sample keeps its mask."""

import functools
import os
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mmseg_medical.converters import rle
from mmseg_medical.converters.image import read_labels
from mmseg_medical.converters.runs import Runs
from mmseg_medical.converters.tiff import Region
from mmseg_medical.datasets.transforms._mask_images import Asked
from mmseg_medical.datasets.transforms._mask_objects import first_class
from mmseg_medical.datasets.transforms._masks import SOURCES, load_mask
from mmseg_medical.datasets.transforms._sample import load_runs, mask_frame

IntArray = NDArray[np.int64]
Pixel = tuple[int, int]

_CANDIDATES = 1024  # pixels kept of a class of a file
_MOST_CLASSES = 64  # more are objects, which count as one class
_IGNORED = 255


def random_foreground(
    results: dict[str, Any],
    size: Pixel,
    weights: Mapping[int, float] | None = None,
) -> Pixel | None:
    """Row and column of a pixel of foreground, a class first, then a pixel.

    Args:
        results: Sample with a mask of any kind.
        size: (height, width) of the image in pixels.
        weights: How often each class is chosen among those that the image
            has; None for all alike. A class is its place among the classes
            of the data set, of an image of masks the value that is stored.

    Returns:
        None where there is no foreground, or what is there is not
        well-formed: the loading transform says so.
    """
    found: Mapping[int, Any]
    if 'rle' in results:
        found = _of_runs(results, size)
    elif isinstance(results.get('seg_map_path'), str):
        found = _of_image(results, size)
    else:
        found = _of_parts(results, size)
    classes = [k for k in found if weights is None or weights.get(k, 0) > 0]
    if not classes:
        return None
    shares = np.array(
        [1.0 if weights is None else weights[k] for k in classes]
    )
    chosen = found[np.random.choice(classes, p=shares / shares.sum())]
    if isinstance(chosen, Runs):
        flat, order = _nth_pixel(chosen, np.random.randint(chosen.area))
    else:
        flat, order = int(chosen[np.random.randint(len(chosen))]), 'C'
    row, column = np.unravel_index(flat, size, order=order)
    return int(row), int(column)


def _of_runs(results: dict[str, Any], size: Pixel) -> dict[int, Runs]:
    try:
        runs = load_runs(results, size)
    except rle.RLEError:
        return {}
    known = enumerate(runs, first_class(results))
    return {k: r for k, r in known if r.starts.size}


def _nth_pixel(runs: Runs, nth: int) -> tuple[int, Any]:
    """Flat index of the nth pixel of a mask, and its order."""
    before = np.cumsum(runs.ends - runs.starts)
    k = np.searchsorted(before, nth, side='right')
    return int(runs.ends[k] - (before[k] - nth)), runs.order


def _of_image(results: dict[str, Any], size: Pixel) -> dict[int, IntArray]:
    path = results['seg_map_path']
    plane = results.get('plane', 'axial')
    try:
        stat = os.stat(path)
        shape, found = _candidates(
            path,
            mask_frame(results),
            plane,
            stat.st_mtime_ns,
            stat.st_size,
        )
    except (OSError, ValueError):
        return {}
    return found if shape == tuple(size) else {}


# Candidates of the last images whose masks are painted, by what paints them.
_painted: OrderedDict[str, dict[int, IntArray]] = OrderedDict()
_PAINTED_BY = (
    *('img_path', 'frame', 'plane', 'annotation_path', 'seg_map_path'),
    *('pseudo_path', 'seg_frame', 'where', 'classes', 'labels'),
)


def _of_parts(results: dict[str, Any], size: Pixel) -> dict[int, IntArray]:
    """Pixels of objects, or of files of classes, painted whole once."""
    source = next((key for key in SOURCES if key in results), None)
    if source is None:
        return {}
    name = repr([source, *(results.get(key) for key in _PAINTED_BY)])
    if name not in _painted:
        asked = Asked(size, Region(0, 0, *size))
        try:
            mask = load_mask(source, results, asked)
        except (OSError, ValueError):
            return {}
        if mask.ndim == 3:
            found = {k: mask[..., k] == 1 for k in range(mask.shape[2])}
        else:
            values = [v for v in np.unique(mask) if v not in (0, _IGNORED)]
            found = {int(v): mask == v for v in values}
        _painted[name] = {
            k: _some(np.flatnonzero(pixels))
            for k, pixels in found.items()
            if pixels.any()
        }
        if len(_painted) > 1024:
            _painted.popitem(last=False)
    return _painted[name]


def _some(pixels: IntArray) -> IntArray:
    """At most as many as are kept, the same in every worker."""
    if len(pixels) <= _CANDIDATES:
        return pixels
    random = np.random.default_rng(0)
    return pixels[random.integers(0, len(pixels), _CANDIDATES)]


@functools.lru_cache(maxsize=1024)
def _candidates(
    path: str, frame: int | None, plane: Any, _mtime: int, _size: int
) -> tuple[Pixel, dict[int, IntArray]]:
    """Size of a mask, and flat indices of some pixels of each class.

    The file is read whole once per worker; what is kept are a few kB.
    """
    labels = read_labels(path, frame=frame, plane=plane)
    shape = labels.shape
    flat = labels.reshape(-1)
    if flat.dtype.itemsize > 2 or flat.dtype.kind == 'i':
        values = np.unique(flat)
    else:
        bins = int(flat.max()) + 1
        values = np.flatnonzero(
            cv2.calcHist([flat.reshape(-1, 1)], [0], None, [bins], [0, bins])
        )
    classes = [int(v) for v in values if v != 0]
    if len(classes) > 1:
        classes = [v for v in classes if v != _IGNORED]
    if len(classes) > _MOST_CLASSES:
        flat, classes = (flat != 0).astype(np.uint8), [1]
    found = {v: _some(np.flatnonzero(flat == v)) for v in classes}
    return (shape[0], shape[1]), found
