"""NIfTI label volumes, slice by slice: one label for each voxel."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from mmseg_medical.converters._nifti_volumes import (
    SUFFIXES,
    load_labels,
    place_of,
    write_labels,
)
from mmseg_medical.converters._sources import below, list_files
from mmseg_medical.converters._volume import write_volumes
from mmseg_medical.converters.image_folder import PathLike
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
    skipped: Skipped | None = None,
) -> Iterator[Record]:
    """Read the slices of one label volume, or of all of a folder.

    Files that :func:`write` made say the names of their labels and the ids of
    their slices.

    How slices lie says :mod:`mmseg_medical.converters._nifti_volumes`.

    Args:
        path: File, or folder of ``.nii`` and ``.nii.gz`` files.
        classes: Names of the labels 1, 2, …; None takes those that
            :func:`write` keeps in the file.
        values: Names of other labels, as ``{17: 'stomach'}``.
        skipped: Where errors go; strict by default.

    Yields:
        Records of axial slices, the lowest first, else ``<volume>_0000``;
        ``properties``
        have ``volume``, ``slice_index``, ``spacing`` (height, width) in mm,
        and ``affine`` from (column, row, slice) to mm, as a tuple of rows.

    Raises:
        ImportError: If nibabel is not installed.
        FileNotFoundError: If there is no such file or folder.
        ImageError: If a file cannot be read, is no volume, or holds numbers
            that are not whole.
        InputError: If labels have no names.
    """
    skipped = Skipped() if skipped is None else skipped
    for file, name in list_files(path, SUFFIXES):
        try:
            labels, affine, note = load_labels(file)
            names = note.labels
            if values or classes:
                names = dict(enumerate(classes or (), 1)) | dict(values or {})
            if not names:
                raise InputError(
                    f'{file} does not say what its labels mean; name those of '
                    '1, 2, … (--from-classes), or each (--from-options '
                    '"values={17: \'NAME\'}")'
                )
            for k in range(labels.shape[2]):
                plane = labels[:, :, k].T
                where = f'{file} slice {k}'
                yield Record(
                    note.id_of(name, k, count=labels.shape[2]),
                    (plane.shape[0], plane.shape[1]),
                    annotations_of_classes(plane, names, where=where),
                    properties=place_of(name, k, affine=affine),
                )
        except (InputError, OSError) as error:
            skipped.add(error)


def write(
    records: Iterable[Record],
    path: PathLike,
    *,
    classes: Sequence[str],
    spacing: Sequence[float] | None = None,
    like: PathLike | None = None,
    overlap: str = 'refuse',
    skipped: Skipped | None = None,
) -> int:
    """Write one ``<volume>.nii.gz`` for the slices of each volume.

    Args:
        records: Slices; those of a volume stand together. Which volume and
            which slice says :func:`slice_of`.
        path: Folder to make; empty or not there.
        classes: Names of the classes; the first has the label 1, ``'ignore'``
            255.
        spacing: (depth, height, width) of a voxel in mm; needed where neither
            ``like`` nor the records know it.
        like: Folder of the image volumes ``<volume>.nii.gz``, or the only
            one: labels get their affine, axes and units.
        overlap: ``'refuse'`` or ``'later'``; see :func:`class_map`.
        skipped: Where errors go; strict by default. A slice that cannot be
            written leaves out its volume.

    Returns:
        Number of slices written.

    Raises:
        ImportError: If nibabel is not installed.
        OverlapError: If classes overlap and ``overlap`` is ``'refuse'``.
        InputError: If the folder exists, a volume lacks slices, its slices
            differ in size, its spacing is not known, or it has another shape
            than the image volume.
    """
    indices = [name for name in classes if name != IGNORE]
    names = dict(enumerate(indices, 1))
    if IGNORE in classes:
        names[IGNORE_INDEX] = IGNORE

    def write_one(folder: Path, name: str, slices: list[Record]) -> None:
        planes = [class_map(s, classes, overlap=overlap).T for s in slices]
        write_labels(
            *(below(folder, name, suffix=SUFFIXES[0]), np.stack(planes, 2)),
            name=name,
            slices=slices,
            names=names,
            spacing=spacing,
            like=like,
        )

    return write_volumes(records, path, write_one=write_one, skipped=skipped)
