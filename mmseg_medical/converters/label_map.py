"""Label images: annotations where every pixel has one value."""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmseg_medical.converters.coco_polygon import coco_runs
from mmseg_medical.converters.polygon import check_near
from mmseg_medical.converters.record import Annotation, Record
from mmseg_medical.converters.runs import Order, Runs
from mmseg_medical.converters.runs_geometry import (
    nothing,
    pixels,
    rescan,
    runs_of_labels,
    union,
)
from mmseg_medical.errors import InputError, ToleratedWarning

IGNORE = 'ignore'  # label of pixels that do not count
IGNORE_INDEX = 255
_MOST = 2**34  # pixels; the largest slides have fewer


class OverlapError(InputError):
    """Annotations overlap, and the format has one value for each pixel."""


class OverlapWarning(ToleratedWarning):
    """Says how many pixels of an image the later annotation took."""


def shape_of(record: Record) -> tuple[int, int]:
    """(height, width) of a record in pixels.

    Raises:
        InputError: If its file does not say.
    """
    if record.shape is None:
        raise InputError(
            f'{record.img_id}: its file does not say how large the image is; '
            'give the folder of the images (--images)'
        )
    return record.shape


def index_of(record: Record, label: str, *, classes: Sequence[str]) -> int:
    """Index of a label in the classes.

    Raises:
        InputError: If it is none of them.
    """
    if label not in classes:
        raise InputError(
            f'{record.img_id}: label {label!r} is none of the classes '
            f'{list(classes)}; add it to them (--classes)'
        )
    return list(classes).index(label)


def runs_of(
    record: Record, annotation: Annotation, *, order: Order = 'F'
) -> Runs:
    """Pixels of an annotation as runs.

    Args:
        record: Image that the annotation is of; it must say its size.
        annotation: Known by its pixels or by outlines.
        order: Scan order of the runs.

    Raises:
        InputError: If the size is not known, and as :meth:`Annotation.mask`;
            the message names the image.
    """
    shape = shape_of(record)
    try:
        return _runs_of(annotation, shape, order)
    except InputError as error:
        raise type(error)(f'{record.img_id}: {error}') from None


def _runs_of(
    annotation: Annotation, shape: tuple[int, int], order: Order
) -> Runs:
    runs = annotation.runs
    if runs is not None:
        if runs.shape != tuple(shape):
            annotation.mask(shape)  # says so
        return rescan(runs, order)
    check_near(annotation.polygons, shape, annotation.label)
    if annotation.painter == 'coco' and annotation.polygons:
        parts = [coco_runs(rings, shape) for rings in annotation.polygons]
        return rescan(union(parts), order)
    box = annotation.box(shape)
    if box is None:
        return nothing(shape, order)
    part = Runs.from_mask(annotation.mask(shape, box), order)
    return part.place(box.top, box.left, shape)


def class_map(
    record: Record, classes: Sequence[str], *, overlap: str = 'refuse'
) -> NDArray[Any]:
    """Paint the classes of an image.

    Args:
        record: The image; it must say its size.
        classes: Names of the classes without the background; the first has
            index 1, ``'ignore'`` index 255.
        overlap: Of pixels of several classes: ``'refuse'`` raises,
            ``'later'`` gives them to the later annotation, with an
            :class:`OverlapWarning`.

    Returns:
        (H, W) uint8, or uint16 for more than 254 classes.

    Raises:
        OverlapError: If classes overlap and ``overlap`` is ``'refuse'``.
        InputError: If the size is not known, a label is none of the classes,
            or a polygon lies far outside.
    """
    names = [name for name in classes if name != IGNORE]
    values = [
        IGNORE_INDEX
        if a.label == IGNORE
        else 1 + index_of(record, a.label, classes=names)
        for a in record.annotations
    ]
    if len(names) >= IGNORE_INDEX and IGNORE_INDEX in values:
        raise InputError(
            f'{record.img_id}: {len(names)} classes need the value 255, '
            'which stands for pixels to ignore'
        )
    dtype = np.uint8 if len(names) < IGNORE_INDEX else np.uint16
    return _paint(record, values, dtype, overlap)


def object_map(
    record: Record, *, overlap: str = 'refuse'
) -> tuple[NDArray[Any], list[str]]:
    """Paint the objects of an image, numbered from 1 in their order.

    Args:
        record: The image; it must say its size.
        overlap: As in :func:`class_map`, for pixels of several objects.

    Returns:
        (H, W) uint16, or uint32 for more than 65,535 objects, and the label
        of each object.

    Raises:
        OverlapError, InputError: As :func:`class_map`.
    """
    count = len(record.annotations)
    dtype = np.uint16 if count <= 65_535 else np.uint32
    ids = _paint(record, range(1, count + 1), dtype, overlap)
    return ids, [a.label for a in record.annotations]


def _paint(
    record: Record, values: Iterable[int], dtype: Any, overlap: str
) -> NDArray[Any]:
    if overlap not in ('refuse', 'later'):
        raise InputError(f"overlap is 'refuse' or 'later', got {overlap!r}")
    shape = shape_of(record)
    if shape[0] * shape[1] > _MOST:
        raise InputError(
            f'{record.img_id}: {shape[0]} x {shape[1]} pixels (height x '
            'width) are too many for a label image'
        )
    flat = np.zeros(shape[0] * shape[1], dtype)
    lost = 0
    for annotation, value in zip(record.annotations, values, strict=True):
        at = pixels(runs_of(record, annotation))
        below = flat[at]
        clash = (below != 0) & (below != value)
        if clash.any() and overlap == 'refuse':
            column, row = divmod(int(at[clash.argmax()]), shape[0])
            raise OverlapError(
                f'{record.img_id}: {annotation.label!r} overlaps an earlier '
                f'annotation in {clash.sum()} pixels, first row {row} column '
                f'{column}, and this format has one value for each pixel; '
                "choose another format, or overlap='later' (--overlap later)"
            )
        lost += int(clash.sum())
        flat[at] = value
    if lost:
        warnings.warn(
            f'{record.img_id}: {lost} pixels of overlaps went to the later '
            'annotation',
            OverlapWarning,
            stacklevel=3,
        )
    return np.ascontiguousarray(flat.reshape(shape[::-1]).T)


def annotations_of_classes(
    labels: NDArray[Any], names: Mapping[int, str], *, where: object
) -> tuple[Annotation, ...]:
    """One annotation for each class that a label image holds.

    Args:
        labels: (H, W) of integers >= 0.
        names: Label of each value; 0 may be missing and is background.
        where: File, for the message.

    Raises:
        InputError: If the image holds a value that has no name, or one below
            0.
    """
    found = _found(labels, where)
    unknown = [value for value in found if value not in names]
    if unknown:
        cure = (
            '; say what 255 stands for: a class, or ignore '
            '(--from-options "values={255: \'NAME\'}")'
            if unknown == [IGNORE_INDEX]
            else '; name it (values={…}), or give all classes'
        )
        raise InputError(
            f'{where} holds the value {unknown[0]}'
            + (f' and {len(unknown) - 1} more' if unknown[1:] else '')
            + f' that stand(s) for none of {dict(names)}'
            + cure
        )
    return tuple(Annotation(names[v], runs) for v, runs in found.items())


def annotations_of_objects(
    ids: NDArray[Any],
    labels: Sequence[str],
    *,
    scores: Sequence[float | None] = (),
    where: object,
) -> tuple[Annotation, ...]:
    """One annotation for each object of a map of numbered objects.

    Args:
        ids: (H, W) of integers >= 0; 0 is background.
        labels: Label of each object, the first of number 1; a single one
            holds for all.
        scores: Of each object; () where there are none.
        where: File, for the message.

    Raises:
        InputError: If an object has no label or no score, or a number below
            0.
    """
    found = _found(ids, where)
    last = max(found, default=0)
    for name, known in (
        ('labels', len(labels) if len(labels) != 1 else last),
        ('scores', len(scores) or last),
    ):
        if last > known:
            raise InputError(
                f'{where} holds object {last}, and {name} of {known}'
            )
    return tuple(
        Annotation(
            labels[0] if len(labels) == 1 else labels[v - 1],
            runs,
            score=scores[v - 1] if scores else None,
        )
        for v, runs in found.items()
    )


def _found(labels: NDArray[Any], where: object) -> dict[int, Runs]:
    """Runs of each value; errors name the file."""
    try:
        return runs_of_labels(labels)
    except ValueError as error:
        raise InputError(f'{where}: {error}') from None
