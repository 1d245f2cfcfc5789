"""Folders with one label image per image: indices, 0 and 255, or colours."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmseg_medical.converters._label_images import (
    Color,
    read_manifest,
    write_labels,
    write_manifest,
)
from mmseg_medical.converters._mask_files import MASK_SUFFIXES
from mmseg_medical.converters._sources import (
    below,
    read_records,
    write_records,
)
from mmseg_medical.converters.image import read_image, read_labels
from mmseg_medical.converters.image_folder import PathLike, walk
from mmseg_medical.converters.label_map import (
    IGNORE,
    IGNORE_INDEX,
    annotations_of_classes,
    class_map,
)
from mmseg_medical.converters.record import Record, Skipped
from mmseg_medical.errors import InputError


def read(
    path: PathLike,
    *,
    classes: Sequence[str] | None = None,
    values: Mapping[int, str] | None = None,
    colors: Mapping[str, Color] | None = None,
    suffix: str | None = None,
    skipped: Skipped | None = None,
) -> Iterator[Record]:
    """Read label images below a folder; ids are their paths in it.

    Args:
        path: Folder of PNG or TIFF images: gray, palette, or colours.
        classes: Names of the values 1, 2, …; None takes them from the
            ``classes.json`` that :func:`write` leaves.
        values: Names of other values, as ``{255: 'lung'}``.
        colors: (R, G, B) of each class in images of colours; black is
            background unless it is the colour of a class.
        suffix: End of the names of the label images, left out of the ids, as
            ``'_mask.png'``; other files are passed over.
        skipped: Where errors go; strict by default.

    Yields:
        Records with one annotation for each class of an image. Pixels of 255
        that stand beside other foreground are of the label ``'ignore'``.

    Raises:
        NotADirectoryError: If there is no such folder.
        InputError: If there are no label images, nothing says what values
            mean, two images have one id, or an image holds another value or
            colour.
        ImageError: If an image cannot be read.
    """
    root = Path(path)
    names = None if colors is not None else _names(root, classes, values)
    yield from read_records(
        label_files(root, suffix).items(),
        lambda item: _read_one(*item, names, colors),
        skipped=skipped,
    )


def label_files(root: Path, suffix: str | None = None) -> dict[str, Path]:
    """Label images below a folder by the ids of their images.

    Args:
        root: Folder to look in.
        suffix: End of their names; None takes all images.

    Raises:
        NotADirectoryError: If there is no such folder.
        InputError: If there are none, or two of one id.
    """
    files: dict[str, Path] = {}
    for file in walk(root):
        end = suffix or file.suffix
        if suffix is None and end.lower() not in MASK_SUFFIXES:
            continue
        if not file.name.endswith(end):
            continue
        img_id = file.relative_to(root).as_posix().removesuffix(end)
        if img_id in files:
            raise InputError(f'{file} and {files[img_id]} are of one image')
        files[img_id] = file
    if not files:
        raise InputError(
            f'{root} holds no label image ({suffix or sorted(MASK_SUFFIXES)})'
        )
    return files


def _names(
    root: Path,
    classes: Sequence[str] | None,
    values: Mapping[int, str] | None,
) -> dict[int, str]:
    """Label of each value."""
    if classes is None and values is None:
        return read_manifest(root)
    return dict(enumerate(classes or (), 1)) | dict(values or {})


def _read_one(
    img_id: str,
    file: Path,
    names: dict[int, str] | None,
    colors: Mapping[str, Color] | None,
) -> Record:
    if names is None:
        assert colors is not None
        labels = _indices(file, colors)
        names = dict(enumerate(colors, 1))
    else:
        labels = read_labels(file)
        beside = labels[labels != IGNORE_INDEX].any()
        if IGNORE_INDEX not in names and beside:
            names = {**names, IGNORE_INDEX: IGNORE}
    found = annotations_of_classes(labels, names, where=file)
    return Record(img_id, (labels.shape[0], labels.shape[1]), found)


def _indices(file: Path, colors: Mapping[str, Color]) -> NDArray[Any]:
    """Class indices from 1 of an image of colours."""
    img = read_image(file)
    if img.ndim != 3 or img.shape[2] != 3 or img.dtype != np.uint8:
        raise InputError(
            f'{file}: expected 8-bit colours (height, width, 3), got '
            f'{img.shape} of {img.dtype}'
        )
    weights = np.array([1 << 16, 1 << 8, 1])
    packed = img.astype(np.int64) @ weights
    codes = np.array(list(colors.values()), np.int64).reshape(-1, 3) @ weights
    labels = np.zeros(packed.shape, np.uint16)
    known = packed == 0
    for k, code in enumerate(codes, 1):
        labels[packed == code] = k
        known |= packed == code
    if not known.all():
        row, column = np.argwhere(~known)[0].tolist()
        raise InputError(
            f'{file}: {(~known).sum()} pixels have colours of no class, first '
            f'{img[row, column].tolist()} in row {row} column {column}; add '
            'it to colors, or was the image saved with losses?'
        )
    return labels


def write(
    records: Iterable[Record],
    path: PathLike,
    *,
    classes: Sequence[str],
    values: Mapping[int, str] | None = None,
    colors: Mapping[str, Color] | None = None,
    overlap: str = 'refuse',
    skipped: Skipped | None = None,
) -> int:
    """Write one PNG for each image, and ``classes.json``.

    Args:
        records: Images; each must say its size.
        path: Folder to make; empty or not there.
        classes: Names of the classes; the first has the value 1, ``'ignore'``
            255. Up to 254 classes have a palette.
        values: Other values of classes, 1 to 65,535, as ``{255: 'lung'}``.
        colors: (R, G, B) of each class, to write images of colours.
        overlap: ``'refuse'`` or ``'later'``; see :func:`class_map`.
        skipped: Where errors go; strict by default.

    Returns:
        Number of images written.

    Raises:
        OverlapError: If classes overlap and ``overlap`` is ``'refuse'``.
        InputError: If the folder exists, the size of an image is not known,
            or a label has no value or colour.
    """
    kinds: dict[str, Any] = {}
    names = [name for name in classes if name != IGNORE]
    if values is not None:
        value_of = {name: value for value, name in values.items()}
        if len(value_of) < len(values) or not {*values} <= {*range(1, 2**16)}:
            raise InputError(
                f'values are 1 to 65535, one for each class, got {values}'
            )
        kinds['values'] = [0, *_each(names, value_of, 'values')]
    elif colors is not None:
        kinds['colors'] = [(0, 0, 0), *_each(names, colors, 'colors')]
    if kinds and IGNORE in classes:
        raise InputError(f'{IGNORE!r} has a value among class indices only')

    def write_one(record: Record, folder: Path) -> None:
        file = below(folder, record.img_id, suffix='.png')
        labels = class_map(record, classes, overlap=overlap)
        write_labels(file, labels, **kinds)

    def finish(folder: Path) -> None:
        write_manifest(folder, classes, kinds.get('values'))

    return write_records(
        *(records, path), write_one=write_one, skipped=skipped, finish=finish
    )


def _each(
    names: Sequence[str], table: Mapping[str, Any], argument: str
) -> list[Any]:
    missing = [name for name in names if name not in table]
    if missing:
        raise InputError(f'{argument} lack {missing}, one for each class')
    return [table[name] for name in names]
