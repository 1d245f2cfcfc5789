"""Folders of NIfTI masks: ``<volume>/<class>.nii.gz``, which may overlap."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mmseg_medical.converters._nifti_volumes import (
    SUFFIXES,
    Note,
    load_labels,
    place_of,
    write_labels,
)
from mmseg_medical.converters._sources import below, list_files
from mmseg_medical.converters._volume import write_volumes
from mmseg_medical.converters.image_folder import PathLike
from mmseg_medical.converters.label_map import index_of, runs_of, shape_of
from mmseg_medical.converters.record import Annotation, Record, Skipped
from mmseg_medical.converters.runs import Runs
from mmseg_medical.errors import InputError


def read(
    path: PathLike,
    *,
    classes: Sequence[str] | None = None,
    skipped: Skipped | None = None,
) -> Iterator[Record]:
    """Read the slices of each folder of masks.

    Labels are the names of the files; a voxel that is not 0 belongs to the
    class. How slices lie says
    :mod:`mmseg_medical.converters._nifti_volumes`.

    Args:
        path: Folder of the folders of volumes.
        classes: Names of the files to read; others are errors. None reads
            all.
        skipped: Where errors go; strict by default.

    Yields:
        Records of axial slices, the lowest first, with the ids and
        properties of :func:`mmseg_medical.converters.nifti_labels.read`.

    Raises:
        ImportError: If nibabel is not installed.
        FileNotFoundError: If there is no such folder.
        ImageError: If a file cannot be read, or is no volume of whole
            numbers.
        InputError: If there are no masks, a label is none of the classes, or
            masks of a volume differ in shape or place.
    """
    skipped = Skipped() if skipped is None else skipped
    found: dict[str, dict[str, Path]] = {}
    for file, name in list_files(path, SUFFIXES):
        volume, _, label = name.rpartition('/')
        if not volume:
            raise InputError(
                f'{file} stands in no folder of its volume; expected '
                f'{path}/VOLUME/CLASS{SUFFIXES[0]}'
            )
        found.setdefault(volume, {})[label] = file
    for volume, files in found.items():
        try:
            yield from _slices(volume, files, classes)
        except (InputError, OSError) as error:
            skipped.add(error)


def _slices(
    volume: str, files: dict[str, Path], classes: Sequence[str] | None
) -> Iterator[Record]:
    """Slices of one volume, of which only the runs are kept."""
    shape: tuple[int, ...] = ()
    where = np.eye(4)
    slices: list[list[Annotation]] = []
    note = Note({}, [])
    for label, file in files.items():
        if classes is not None:
            index_of(Record(volume, None, ()), label, classes=classes)
        labels, affine, note = load_labels(file)
        if not slices:
            shape, where = labels.shape, affine
            slices = [[] for _ in range(shape[2])]
        if labels.shape != shape or not np.allclose(affine, where, atol=1e-3):
            raise InputError(
                f'{file} has another shape or place than the other masks of '
                f'its volume: {labels.shape} and {shape} (columns, rows, '
                'slices)'
            )
        for k in np.flatnonzero((labels != 0).any((0, 1))).tolist():
            runs = Runs.from_mask(labels[:, :, k].T, 'F')
            slices[k].append(Annotation(label, runs))
    for k, annotations in enumerate(slices):
        yield Record(
            note.id_of(volume, k, count=len(slices)),
            (shape[1], shape[0]),
            tuple(annotations),
            properties=place_of(volume, k, affine=where),
        )


def write(
    records: Iterable[Record],
    path: PathLike,
    *,
    classes: Sequence[str],
    spacing: Sequence[float] | None = None,
    like: PathLike | None = None,
    skipped: Skipped | None = None,
) -> int:
    """Write a mask of 0 and 1 for every class of every volume.

    Args:
        records: Slices, as for
            :func:`mmseg_medical.converters.nifti_labels.write`, and so are
            the other arguments and errors.
        path: Folder to make; empty or not there.
        classes: Names of the classes; those that a volume lacks get a mask
            without foreground.
        spacing: (depth, height, width) of a voxel in mm.
        like: Image volume, or folder of ``<volume>.nii.gz``.
        skipped: Where errors go; strict by default.

    Returns:
        Number of slices written.

    Raises:
        ImportError: If nibabel is not installed.
        InputError: If the folder exists, a label is none of the classes or no
            file name, a volume lacks slices, its slices differ in size, its
            spacing is not known, or it has another shape than the image
            volume.
    """
    wrong = [label for label in classes if '/' in label]
    if wrong:
        raise InputError(f'{wrong[0]!r} is no name of a file')

    def write_one(folder: Path, name: str, slices: list[Record]) -> None:
        for record in slices:
            for annotation in record.annotations:
                index_of(record, annotation.label, classes=classes)
        for label in classes:
            write_labels(
                below(below(folder, name), label, suffix=SUFFIXES[0]),
                _mask(slices, label),
                name=name,
                slices=slices,
                names={1: label},
                spacing=spacing,
                like=like,
            )

    return write_volumes(records, path, write_one=write_one, skipped=skipped)


def _mask(slices: Sequence[Record], label: str) -> NDArray[np.uint8]:
    """Mask (columns, rows, slices) of a class."""
    height, width = shape_of(slices[0])
    mask = np.zeros((width, height, len(slices)), np.uint8)
    for k, record in enumerate(slices):
        for annotation in record.annotations:
            if annotation.label == label:
                runs = runs_of(record, annotation)
                mask[:, :, k] |= runs.to_mask().T
    return mask
