"""LabelMe: one JSON file per image, of versions 2 to 7.

Shapes of one label and one ``group_id`` are one object. A polygon or a
rectangle labelled ``hole`` in a group with other labels is a hole of the
shape around it; LabelMe itself knows no holes.

Before version 3 files have no ``version``, no size of the image and polygons
only; 4 adds ``group_id``, 5 ``description`` and masks, 7 rectangles that are
turned. Lines and points are painted as by version 7, which rounds the joints
of strips.
"""

import base64
import io
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path, PureWindowsPath
from typing import Any

import PIL.Image

from mmseg_medical._files import replacing
from mmseg_medical.converters._json import read_json
from mmseg_medical.converters._labelme_objects import (
    read_objects,
    write_objects,
)
from mmseg_medical.converters._labelme_shapes import ShapePainter
from mmseg_medical.converters._sources import (
    image_name,
    read_each,
    warn_of_empty,
    write_each,
)
from mmseg_medical.converters.image import image_size
from mmseg_medical.converters.image_folder import (
    SUFFIXES,
    PathLike,
    find_image,
)
from mmseg_medical.converters.label_map import shape_of
from mmseg_medical.converters.record import AnnotationError, Record, Skipped

# Version of LabelMe whose files are written.
_VERSION = '5.5.0'


def read(
    path: PathLike,
    *,
    skipped: Skipped | None = None,
    img_dir: PathLike | None = None,
    data_root: PathLike | None = None,
    painter: ShapePainter = 'pil',
) -> Iterator[Record]:
    """Read an image's objects, or those of each image of a folder.

    Args:
        path: JSON file, or a folder of such files and folders.
        skipped: Keeps the errors of files that cannot be read, so that their
            images are left out: without one of its shapes a mask would be
            wrong. None raises the first error.
        img_dir: Folder of the images, where ``imagePath`` does not lead to
            them; they have the name that it ends with, or that of the JSON
            file.
        data_root: Folder that ``imagePath`` must not lead out of, by default
            the one that holds the folder of the JSON files.
        painter: ``'pil'`` takes shapes as LabelMe paints them (lines 10
            pixels wide, points 5 in radius), ``'opencv'`` as OpenCV does.

    Yields:
        One record per file; ``img_id`` is its path below the folder without
        suffix. ``properties`` have ``imagePath`` as ``img_name``, and
        ``flags``; those of an object what the file says of its shape.

    Raises:
        FileNotFoundError: If there is no such file or folder.
        AnnotationError, PolygonError: If a file cannot be read, is no
            LabelMe file, or has a shape that cannot be what it says.
        ImageError: If the image of a file without a size cannot be read.
    """
    if painter not in ('pil', 'opencv'):
        raise ValueError(f"painter is 'pil' or 'opencv', got {painter!r}")
    folder = Path(path) if Path(path).is_dir() else Path(path).parent
    root = Path(os.path.abspath(folder)).parent
    if data_root is not None:
        root = Path(os.path.abspath(data_root))

    def read_file(file: Path, img_id: str) -> Record:
        data = read_json(file)
        if not isinstance(data, dict) or not isinstance(
            data.get('shapes'), list
        ):
            raise AnnotationError(
                f'{file} is no file of LabelMe: expected {{"shapes": […], …}}'
            )
        img_path = _find_image(file, data, root, img_dir)
        shape = _size(file, data, img_path)
        return Record(
            img_id,
            shape,
            read_objects(data['shapes'], shape, painter, file),
            img_path,
            {
                **(
                    {'img_name': data['imagePath']}
                    if data.get('imagePath')
                    else {}
                ),
                **({'flags': data['flags']} if data.get('flags') else {}),
            },
        )

    return read_each(path, ('.json',), read_file, skipped)


def image_bytes(path: PathLike) -> bytes | None:
    """Image that a file embeds, as the file that it was; None without one.

    Raises:
        FileNotFoundError: If there is no such file.
        AnnotationError: If the file cannot be read.
    """
    data = read_json(path)
    return _embedded(data, path) if isinstance(data, dict) else None


def _embedded(data: dict[str, Any], path: PathLike) -> bytes | None:
    text = data.get('imageData')
    if text is None:
        return None
    try:
        return base64.b64decode(text, validate=True)
    except (TypeError, ValueError) as error:
        raise AnnotationError(
            f'{path}: imageData is no base64 ({error}); was it cut short?'
        ) from None


def _find_image(
    file: Path, data: dict[str, Any], root: Path, img_dir: PathLike | None
) -> Path | None:
    """Image of a file, inside of the data root or the folder of images."""
    text = data.get('imagePath') or ''
    if not isinstance(text, str) or '\0' in text:
        raise AnnotationError(
            f'{file}: imagePath is a name, got {str(text)[:60]!r}'
        )
    named = PureWindowsPath(text)  # takes both \ and /
    path = Path(os.path.abspath(file.parent / named.as_posix()))
    if (
        path.is_relative_to(root)
        and path.suffix.lower() in SUFFIXES
        and path.is_file()
    ):
        return path
    for folder in (img_dir, file.parent):
        for name in (named.name, named.stem, file.stem):
            found = find_image(folder, name) if name else None
            if found:
                return found
    return None


def _size(
    file: Path, data: dict[str, Any], img_path: Path | None
) -> tuple[int, int]:
    """Height and width: of the file, the embedded image or the image file."""
    height, width = data.get('imageHeight'), data.get('imageWidth')
    if height is not None or width is not None:
        for side in (height, width):
            if type(side) is not int or not 0 < side < 10**6:
                raise AnnotationError(
                    f'{file}: imageHeight and imageWidth are numbers of '
                    f'pixels, got {height!r} and {width!r}'
                )
        return height, width  # type: ignore[return-value]
    embedded = _embedded(data, file)
    if embedded is not None:
        try:
            with PIL.Image.open(io.BytesIO(embedded)) as img:
                return img.height, img.width
        except (
            *(OSError, SyntaxError, ValueError),
            PIL.Image.DecompressionBombError,
        ) as error:
            raise AnnotationError(
                f'{file}: imageData is no image ({error})'
            ) from None
    if img_path is None:
        raise AnnotationError(
            f'{file} says no size of its image, and there is no image '
            f'{data.get("imagePath")!r}; give the folder of the images '
            '(--images)'
        )
    return image_size(img_path)


def write(
    records: Iterable[Record],
    path: PathLike,
    *,
    skipped: Skipped | None = None,
) -> int:
    """Write the objects of images, in the style of LabelMe 5.

    Outlines are written as they are where they are meant for LabelMe's way
    of painting. Other objects are written as polygons where LabelMe paints
    exactly their pixels, else as masks. Scores are lost, and objects without
    pixels are left out, with an :class:`EmptyObjectWarning`.

    Args:
        records: What to write; may be a generator.
        path: New folder for ``<img_id>.json``, or one such file for one
            image.
        skipped: Where errors of the images of a folder go; strict by default.

    Returns:
        Number of images written.

    Raises:
        InputError: If the size of an image is not known, or names are
            repeated.
    """
    return write_each(records, path, ('.json',), _write_file, skipped)


def _write_file(record: Record, path: Path) -> None:
    shape = shape_of(record)
    name = image_name(record)
    if record.img_path is not None and record.img_path.is_file():
        name = os.path.relpath(record.img_path, path.parent)
    shapes, empty = write_objects(record.annotations, shape)
    data = dict(
        version=_VERSION,
        flags=record.properties.get('flags', {}),
        shapes=shapes,
        imagePath=name.replace(os.sep, '/'),
        imageData=None,
        imageHeight=shape[0],
        imageWidth=shape[1],
    )
    with replacing(path) as temporary:
        text = json.dumps(data, ensure_ascii=False, indent=2)
        temporary.write_text(text, encoding='utf-8')
    warn_of_empty(record, empty)
