"""OME-TIFF label and probability images, as QuPath and napari open them."""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmseg_medical.converters._ome import describe, write_ome
from mmseg_medical.converters._sources import (
    below,
    read_each,
    write_records,
)
from mmseg_medical.converters.image_folder import PathLike
from mmseg_medical.converters.label_map import (
    IGNORE,
    IGNORE_INDEX,
    annotations_of_classes,
    annotations_of_objects,
    class_map,
    index_of,
    object_map,
    runs_of,
    shape_of,
)
from mmseg_medical.converters.record import Annotation, Record, Skipped
from mmseg_medical.converters.runs import Runs
from mmseg_medical.converters.runs_geometry import pixels
from mmseg_medical.converters.tiff import ImageError, TIFFImage
from mmseg_medical.errors import InputError

SUFFIXES = ('.ome.tiff', '.ome.tif')
CONTENTS = ('classes', 'channels', 'objects')


def write(
    records: Iterable[Record],
    path: PathLike,
    *,
    classes: Sequence[str],
    content: str = 'classes',
    overlap: str = 'refuse',
    skipped: Skipped | None = None,
) -> int:
    """Write one ``<id>.ome.tiff`` for each image.

    Args:
        records: Images; each must say its size. ``pixel_size`` in µm, or
            ``spacing`` in mm, of their properties is kept.
        path: Folder to make; empty or not there.
        classes: Names of the classes without background.
        content: ``'classes'`` writes class indices from 1, ``'channels'`` a
            channel of 0 and 255 for each class, which may overlap,
            ``'objects'`` numbers from 1, in 16 or 32 bits, with the scores
            of predictions.
        overlap: ``'refuse'`` or ``'later'``; see :func:`class_map`.
        skipped: Where errors go; strict by default.

    Returns:
        Number of images written.

    Raises:
        OverlapError: If classes or objects overlap, and ``overlap`` is
            ``'refuse'``.
        InputError: If the folder exists, the content is unknown, the size of
            an image is not known, or a label is none of the classes.
    """
    _check_content(content)

    def write_one(record: Record, folder: Path) -> None:
        file = below(folder, record.img_id, suffix=SUFFIXES[0])
        write_image(
            *(record, file), classes=classes, content=content, overlap=overlap
        )

    return write_records(records, path, write_one=write_one, skipped=skipped)


def write_image(
    record: Record,
    file: Path,
    *,
    classes: Sequence[str],
    content: str = 'classes',
    overlap: str = 'refuse',
    name: str = '',
) -> None:
    """Write one image; arguments and errors as those of :func:`write`.

    Args:
        record: The image.
        file: File to write; the folder is made where it is missing.
        classes: As there.
        content: As there.
        overlap: As there.
        name: Name that the file is going to have; its own by default.
    """
    planes, labels = _planes(record, classes, content, overlap)
    note = dict(content=content, classes=json.dumps(list(classes)))
    if labels is not None:
        note['labels'] = json.dumps(labels)
        scores = [annotation.score for annotation in record.annotations]
        if any(score is not None for score in scores):
            note['scores'] = json.dumps(scores)
    write_ome(
        file,
        planes,
        channels=classes if content == 'channels' else (content,),
        pixel_size=record.pixel_size,
        annotation=note,
        name=name,
    )


def _check_content(content: str) -> None:
    if content not in CONTENTS:
        raise InputError(f'content is one of {CONTENTS}, got {content!r}')


def _planes(
    record: Record, classes: Sequence[str], content: str, overlap: str
) -> tuple[NDArray[Any], list[int] | None]:
    """Pixels of an image; of objects the class index of each as well."""
    if content == 'classes':
        return class_map(record, classes, overlap=overlap), None
    if content == 'objects':
        ids, labels = object_map(record, overlap=overlap)
        return ids, [
            index_of(record, label, classes=classes) for label in labels
        ]
    shape = shape_of(record)
    planes = np.zeros((len(classes), shape[1], shape[0]), np.uint8)
    for annotation in record.annotations:
        plane = planes[index_of(record, annotation.label, classes=classes)]
        plane.reshape(-1)[pixels(runs_of(record, annotation))] = 255
    return np.ascontiguousarray(planes.transpose(0, 2, 1)), None


def write_probabilities(
    records: Iterable[Record],
    path: PathLike,
    *,
    skipped: Skipped | None = None,
) -> int:
    """Write the probability maps of predictions, a channel for each class.

    Args:
        records: Images of :func:`mmseg_medical.converters.predictions.read`,
            whose probabilities are stored as they are.
        path: Folder to make; empty or not there.
        skipped: Where errors go; strict by default.

    Returns:
        Number of images written.

    Raises:
        InputError: If the folder exists, or a record has no probabilities.
    """

    def write_one(record: Record, folder: Path) -> None:
        if 'seg_probs' not in record.properties:
            raise InputError(
                f'{record.img_id} has no probabilities; only the folders of '
                'tools/test.py --out have'
            )
        write_ome(
            below(folder, record.img_id, suffix=SUFFIXES[0]),
            record.properties['seg_probs'],
            channels=record.properties['channels'],
            pixel_size=record.pixel_size,
        )

    return write_records(records, path, write_one=write_one, skipped=skipped)


def read(
    path: PathLike,
    *,
    content: str | None = None,
    classes: Sequence[str] | None = None,
    skipped: Skipped | None = None,
) -> Iterator[Record]:
    """Read label images: one file, or all of a folder.

    Args:
        path: File, or folder of ``.ome.tiff`` and ``.ome.tif`` files.
        content: What the images hold, as in :func:`write`; None takes what
            this package has written there.
        classes: Names of the classes or channels; None takes those in the
            file. Objects of files of others have the first one.
        skipped: Where errors go; strict by default.

    Yields:
        Records, with ``pixel_size`` (height, width) in µm where the file says
        it. Ids are paths below the folder without the suffix.

    Raises:
        FileNotFoundError: If there is no such file or folder.
        InputError: If there are no such files, or one does not say what it
            holds, or holds a value without a name.
        ImageError: If a file cannot be read.
    """
    if content is not None:
        _check_content(content)
    return read_each(
        path,
        SUFFIXES,
        lambda file, img_id: _read_one(file, img_id, content, classes),
        skipped,
    )


def _read_one(
    file: Path,
    img_id: str,
    content: str | None,
    classes: Sequence[str] | None,
) -> Record:
    planes = TIFFImage.open(file).read(raw=True)
    note, pixel_size, names = describe(file)
    content = content or note.get('content')
    if content not in CONTENTS:
        raise InputError(
            f'{file} ({planes.shape} of {planes.dtype}) does not say that it '
            f'holds labels; if it does, say which: --from-options '
            f'content=… of {CONTENTS}'
        )
    if planes.dtype.kind not in 'ui':
        raise ImageError(
            f'{file}: labels are whole numbers, this has {planes.dtype}'
        )
    labels: list[int] | None = None
    scores: list[float | None] = []
    try:
        if classes is None and 'classes' in note:
            classes = [str(name) for name in json.loads(note['classes'])]
        if 'labels' in note:
            labels = [int(k) for k in json.loads(note['labels'])]
        for score in json.loads(note.get('scores', '[]')):
            scores.append(None if score is None else float(score))
    except (ValueError, TypeError) as error:
        raise ImageError(f'{file}: its classes are broken: {error}') from None
    classes = classes or names
    if not classes:
        raise InputError(
            f'{file} does not name its classes; do so (--from-classes)'
        )
    found: tuple[Annotation, ...]
    if content == 'channels':
        found = _of_channels(file, np.atleast_3d(planes), classes)
    elif planes.ndim != 2:
        raise ImageError(
            f'{file}: labels are one channel, this has {planes.shape}'
        )
    elif content == 'objects':
        if labels is not None and not all(
            0 <= k < len(classes) for k in labels
        ):
            raise ImageError(f'{file}: its labels are none of {classes}')
        each = classes[:1] if labels is None else [classes[k] for k in labels]
        found = annotations_of_objects(
            *(planes, each), scores=scores, where=file
        )
    else:
        values = dict(enumerate((c for c in classes if c != IGNORE), 1))
        if IGNORE in classes:
            values[IGNORE_INDEX] = IGNORE
        found = annotations_of_classes(planes, values, where=file)
    return Record(
        img_id,
        (planes.shape[0], planes.shape[1]),
        found,
        properties={'pixel_size': pixel_size} if pixel_size else {},
    )


def _of_channels(
    file: Path, planes: NDArray[Any], classes: Sequence[str]
) -> tuple[Annotation, ...]:
    if planes.shape[2] != len(classes):
        raise ImageError(
            f'{file} has {planes.shape[2]} channels, and the classes are '
            f'{list(classes)}'
        )
    masks = [Runs.from_mask(planes[..., k], 'F') for k in range(len(classes))]
    return tuple(
        Annotation(name, runs)
        for name, runs in zip(classes, masks, strict=True)
        if runs.starts.size
    )
