"""Polygons of HuBMAP 2022: a JSON list of lists of [x, y] per image."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from mmseg_medical._files import replacing
from mmseg_medical.converters._json import read_json
from mmseg_medical.converters._sources import (
    read_each,
    refuse_classes,
    warn_of_empty,
    write_each,
)
from mmseg_medical.converters.image import image_size
from mmseg_medical.converters.image_folder import PathLike, find_image
from mmseg_medical.converters.polygon import (
    Painter,
    Rings,
    check_near,
    to_numbers,
    to_ring,
)
from mmseg_medical.converters.record import (
    Annotation,
    AnnotationError,
    Record,
    Skipped,
)


def read(
    path: PathLike,
    *,
    skipped: Skipped | None = None,
    img_dir: PathLike | None = None,
    label: str = 'functional tissue unit',
    painter: Painter = 'opencv',
) -> Iterator[Record]:
    """Read the objects of an image, or of each image of a folder.

    Args:
        path: ``<id>.json``, or a folder of such files.
        skipped: Keeps the errors of files that cannot be read; None raises
            the first one.
        img_dir: Folder of the images, for their sizes, which the files do
            not have.
        label: Class of all polygons.
        painter: Which pixels a polygon holds; the files do not say.

    Yields:
        One record per file, with one annotation per polygon.

    Raises:
        FileNotFoundError: If there is no such file or folder.
        AnnotationError, PolygonError: If a file cannot be read.
    """

    def read_file(file: Path, img_id: str) -> Record:
        areas = read_polygons(file)
        img_path = find_image(img_dir, img_id)
        shape = image_size(img_path) if img_path else None
        if shape is not None:
            check_near(areas, shape, file)
        return Record(
            img_id,
            shape,
            tuple(
                Annotation(label, polygons=(area,), painter=painter)
                for area in areas
            ),
            img_path,
        )

    return read_each(path, ('.json',), read_file, skipped)


def read_polygons(path: PathLike) -> list[Rings]:
    """Read the polygons of an image.

    Args:
        path: JSON file with a list of polygons, each a list of [x, y] in
            pixels, x to the right and y down.

    Returns:
        Areas without holes, each of one (N, 2) float64 ring; coordinates may
        lie outside of the image by a few pixels.

    Raises:
        FileNotFoundError: If there is no such file.
        AnnotationError: If it is no such list.
        PolygonError: If a polygon has fewer than three points, or a
            coordinate is not finite or beyond 10^6.
    """
    data = read_json(path)
    if not isinstance(data, list):
        raise AnnotationError(
            f'{path}: expected a list of polygons [[[x, y], …], …], got '
            f'{type(data).__name__}'
        )
    return [
        (to_ring(points, f'{path} polygon {k}'),)
        for k, points in enumerate(data, 1)
    ]


def write(
    records: Iterable[Record],
    path: PathLike,
    *,
    skipped: Skipped | None = None,
) -> int:
    """Write the objects of images; the label and scores are lost.

    Outlines that are meant for ``cv2.fillPoly`` are written as they are,
    others by way of their pixels. Objects without pixels are left out, with
    an :class:`EmptyObjectWarning`.

    Args:
        records: What to write; may be a generator.
        path: New folder for ``<img_id>.json``, or one such file for one
            image.
        skipped: Where errors of the images of a folder go; strict by default.

    Returns:
        Number of images written.

    Raises:
        AnnotationError: If objects have several classes or one has a hole,
            which the format cannot say, outlines must become pixels and the
            size of the image is not known, or names are repeated.
    """
    labels: set[str] = set()

    def write_file(record: Record, file: Path) -> None:
        refuse_classes(record, labels)
        polygons = []
        empty = 0
        for k, areas in enumerate(record.outlines('opencv'), 1):
            empty += not areas
            if any(len(area) > 1 for area in areas):
                raise AnnotationError(
                    f'{record.img_id}: object {k} has a hole, which this '
                    'format cannot say; write GeoJSON or RLE'
                )
            polygons += [to_numbers(outline) for (outline,) in areas]
        with replacing(file) as temporary:
            temporary.write_text(json.dumps(polygons), encoding='utf-8')
        warn_of_empty(record, empty)

    return write_each(records, path, ('.json',), write_file, skipped)
