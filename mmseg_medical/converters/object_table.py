"""Tables of objects, as nuclei: how large, where, of what form and stain."""

import contextlib
import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmseg_medical._files import replacing
from mmseg_medical._optional import optional
from mmseg_medical.converters._sources import refuse_twice, warn_of_empty
from mmseg_medical.converters.image import read_image
from mmseg_medical.converters.image_folder import ImageFolder, PathLike
from mmseg_medical.converters.label_map import runs_of, shape_of
from mmseg_medical.converters.record import Record, Skipped
from mmseg_medical.converters.shapes import Pixels
from mmseg_medical.errors import InputError
from mmseg_medical.stain.separation import separate_stains

# Kind of each column in a Parquet file.
COLUMNS = {
    'image': 'string',
    'id': 'int32',
    'label': 'string',
    'score': 'float32',
    'area': 'int32',
    'centroid_x': 'float32',
    'centroid_y': 'float32',
    'perimeter': 'float32',
    'eccentricity': 'float32',
}
STAINS = {
    'mean_od': 'float32',
    'haematoxylin_od': 'float32',
    'eosin_od': 'float32',
}
_DIGITS = 4  # after the point
_AT_ONCE = 1000  # objects

Columns = dict[str, Sequence[Any]]


def write(
    records: Iterable[Record],
    path: PathLike,
    *,
    img_dir: PathLike | None = None,
    skipped: Skipped | None = None,
) -> int:
    """Write a row for each object.

    ``id`` counts the objects of an image from 1 on. Areas, perimeters and
    centroids are in pixels, as :class:`Shapes` has them. With images there are
    the means of the optical density, ``-log10(I / 255)``: ``mean_od`` of red,
    green and blue, and of the stains that
    :func:`mmseg_medical.stain.separate_stains` finds.

    Args:
        records: Images; each must say its size.
        path: CSV file, or Parquet where it ends in ``.parquet``; whole or not
            at all.
        img_dir: Folder of the images, RGB or RGBA of 8 bits; None leaves
            stains out.
        skipped: Where errors go; strict by default.

    Returns:
        Number of images written.

    Raises:
        ImportError: If PyArrow is missing for Parquet.
        InputError: If the size of an image is not known, or it is not found,
            not in colour of 8 bits, or of another size.
    """
    skipped = Skipped() if skipped is None else skipped
    source = None if img_dir is None else ImageFolder(img_dir)
    kinds = COLUMNS | (STAINS if source else {})
    done: set[str] = set()
    with replacing(path) as temporary, _writer(path)(temporary, kinds) as add:
        for record in records:
            try:
                refuse_twice(record, done)
                for cells in _rows(record, source):
                    add(cells)
            except InputError as error:
                skipped.add(error)
            else:
                done.add(record.img_id)
    return len(done)


def _rows(record: Record, source: ImageFolder | None) -> Iterator[Columns]:
    """Cells by column, of some objects of an image at a time."""
    shape_of(record)
    img = None if source is None else _read_rgb(record, source)
    empty = 0
    for first in range(0, len(record.annotations), _AT_ONCE):
        some = record.annotations[first : first + _AT_ONCE]
        objects = [runs_of(record, annotation) for annotation in some]
        there = [k for k, runs in enumerate(objects) if runs.starts.size]
        empty += len(objects) - len(there)
        found = Pixels([objects[k] for k in there])
        shapes = found.shapes()
        cells: Columns = dict(
            image=[record.img_id] * len(there),
            id=[first + k + 1 for k in there],
            label=[some[k].label for k in there],
            score=[some[k].score for k in there],
            area=shapes.areas.tolist(),
            centroid_x=_short(shapes.centroids[:, 1]),
            centroid_y=_short(shapes.centroids[:, 0]),
            perimeter=_short(shapes.perimeters),
            eccentricity=_short(shapes.eccentricities),
        )
        if img is not None:
            cells |= _stains(found, img[found.rows, found.columns])
        yield cells
    warn_of_empty(record, empty)


def _stains(found: Pixels, rgb: NDArray[np.uint8]) -> Columns:
    """Means of each object, from the colours (N, 3) of its pixels."""
    density = -np.log10(np.maximum(np.arange(256), 1) / 255)
    # Separated stains have the unit of rgb2hed: density / 6 decades.
    stains = 6 * separate_stains(rgb[None])[0]
    return dict(
        mean_od=_short(found.mean(density[rgb].mean(1))),
        haematoxylin_od=_short(found.mean(stains[:, 0])),
        eosin_od=_short(found.mean(stains[:, 1])),
    )


def _short(values: NDArray[Any]) -> list[float]:
    return [round(value, _DIGITS) for value in values.tolist()]


def _read_rgb(record: Record, source: ImageFolder) -> NDArray[np.uint8]:
    named = record.img_path or record.properties.get('img_name')
    path = source.path(record.img_id, named)
    img = read_image(path)
    if img.dtype != np.uint8 or img.ndim != 3 or img.shape[2] not in (3, 4):
        raise InputError(
            f'{path}: stains need RGB of 8 bits, this has {img.shape} of '
            f'{img.dtype}; leave --images out for a table without them'
        )
    if img.shape[:2] != record.shape:
        raise InputError(
            f'{record.img_id}: its objects are of {record.shape} pixels '
            f'(height, width), {path} has {img.shape[:2]}'
        )
    return np.ascontiguousarray(img[..., :3])


def _writer(path: PathLike) -> Callable[..., Any]:
    return _parquet if Path(path).suffix.lower() == '.parquet' else _csv


@contextlib.contextmanager
def _csv(
    path: Path, kinds: dict[str, str]
) -> Iterator[Callable[[Columns], None]]:
    with path.open('w', newline='', encoding='utf-8') as file:
        writer = csv.writer(file, lineterminator='\n')
        writer.writerow(kinds)
        yield lambda cells: writer.writerows(
            zip(*(cells[name] for name in kinds), strict=True)
        )


@contextlib.contextmanager
def _parquet(
    path: Path, kinds: dict[str, str]
) -> Iterator[Callable[[Columns], None]]:
    arrow = optional('pyarrow', extra='parquet')
    parquet = optional('pyarrow.parquet', extra='parquet')
    schema = arrow.schema(
        [(name, getattr(arrow, kind)()) for name, kind in kinds.items()]
    )
    with parquet.ParquetWriter(path, schema) as writer:
        yield lambda cells: writer.write_table(
            arrow.table({name: cells[name] for name in kinds}, schema)
        )
