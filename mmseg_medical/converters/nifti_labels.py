"""NIfTI label volumes, slice by slice and back, where they lie in the body.

A slice is axial and lies as displays show it: rows go to the patient's back,
columns to the patient's left, numbers towards the head, whatever the order of
the axes in the file. Source: nifti.nimh.nih.gov/nifti-1.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmseg_medical._files import new_folder
from mmseg_medical._optional import optional
from mmseg_medical.converters._decoding import ImageError, naming
from mmseg_medical.converters._mask_files import below
from mmseg_medical.converters._sources import list_files
from mmseg_medical.converters._volume import volumes
from mmseg_medical.converters.image_folder import PathLike
from mmseg_medical.converters.label_map import (
    IGNORE,
    IGNORE_INDEX,
    annotations_of_classes,
    class_map,
)
from mmseg_medical.converters.nifti import load_nifti
from mmseg_medical.converters.record import Record, Skipped
from mmseg_medical.errors import InputError

SUFFIXES = ('.nii.gz', '.nii')
_COMMENT = 6  # code of a header extension of plain text
_LPS = ('L', 'P', 'S')  # what columns, rows and slices go to


def read(
    path: PathLike,
    *,
    classes: Sequence[str] | None = None,
    values: Mapping[int, str] | None = None,
    skipped: Skipped | None = None,
) -> Iterator[Record]:
    """Read the slices of one label volume, or of all of a folder.

    Args:
        path: File, or folder of ``.nii`` and ``.nii.gz`` files.
        classes: Names of the labels 1, 2, …; None takes those that
            :func:`write` keeps in the file.
        values: Names of other labels, as ``{17: 'stomach'}``.
        skipped: Where errors go; strict by default.

    Yields:
        Records of axial slices, ``<volume>_0000`` the lowest; ``properties``
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
            labels, affine, names = _load(file)
            if values or classes:
                names = dict(enumerate(classes or (), 1)) | dict(values or {})
            if not names:
                raise InputError(
                    f'{file} does not say what its labels mean; name those of '
                    '1, 2, … (--classes), or each (--from-options '
                    '"values={17: \'NAME\'}")'
                )
            yield from _slices(file, name, labels, affine, names)
        except (InputError, OSError) as error:
            skipped.add(error)


def _slices(
    file: Path,
    name: str,
    labels: NDArray[Any],
    affine: NDArray[Any],
    names: Mapping[int, str],
) -> Iterator[Record]:
    spacing = np.linalg.norm(affine[:3, :3], axis=0).tolist()
    rows = tuple(tuple(row) for row in affine.tolist())
    for k in range(labels.shape[2]):
        plane = labels[:, :, k].T
        yield Record(
            f'{name}_{k:04d}',
            (plane.shape[0], plane.shape[1]),
            annotations_of_classes(plane, names, where=f'{file} slice {k}'),
            properties=dict(
                volume=name,
                slice_index=k,
                spacing=(spacing[1], spacing[0]),
                affine=rows,
            ),
        )


def _load(
    file: Path,
) -> tuple[NDArray[Any], NDArray[np.float64], dict[int, str]]:
    """Labels (columns, rows, slices), their affine, and their names."""
    img = load_nifti(file)
    nibabel = optional('nibabel', extra='volumes')
    shape = tuple(map(int, img.shape))
    while len(shape) > 3 and shape[-1] == 1:
        shape = shape[:-1]
    shape += (1,) * (2 == len(shape))
    if len(shape) != 3:
        raise ImageError(
            f'{file} has the shape {img.shape}; a label volume has three '
            'dimensions'
        )
    with naming(file, 'NIfTI'):
        data = np.asanyarray(img.dataobj).reshape(shape)
        affine = np.asarray(img.affine, np.float64)
        turn = _turn(nibabel, affine)
    labels = nibabel.apply_orientation(_whole_numbers(file, data), turn)
    affine = affine @ nibabel.orientations.inv_ornt_aff(turn, shape)
    return labels, affine, _names(img)


def _whole_numbers(file: Path, data: NDArray[Any]) -> NDArray[Any]:
    if data.dtype.kind in 'ui':
        whole = data
    elif data.dtype.kind == 'f' and np.isfinite(data).all():
        whole = np.rint(data).astype(np.int64)
        if (whole != data).any():
            raise ImageError(
                f'{file} holds numbers that are not whole, as '
                f'{data[whole != data][0]}; is it an image?'
            )
    else:
        raise ImageError(f'{file} holds {data.dtype}, expected whole numbers')
    if whole.min() < 0:
        raise ImageError(f'{file} holds the label {whole.min()}')
    return whole


def _turn(nibabel: Any, affine: NDArray[np.float64]) -> NDArray[Any]:
    """Order and direction of axes that make a volume lie as slices do."""
    found = nibabel.io_orientation(affine)
    if not (np.isfinite(affine).all() and np.isfinite(found).all()):
        raise ValueError('its affine leaves out an axis')
    wanted = nibabel.orientations.axcodes2ornt(_LPS)
    turn: NDArray[Any] = nibabel.orientations.ornt_transform(found, wanted)
    return turn


def _names(img: Any) -> dict[int, str]:
    """Names of the labels that :func:`write` has kept in a file."""
    for extension in img.header.extensions:
        if extension.get_code() != _COMMENT:
            continue
        try:
            content = extension.get_content()
            text = content if isinstance(content, str) else content.decode()
            labels = json.loads(text.rstrip('\0 '))['labels']
            return {int(value): str(name) for value, name in labels.items()}
        except (ValueError, KeyError, TypeError, AttributeError):
            continue  # a comment of somebody else
    return {}


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
    nibabel = optional('nibabel', extra='volumes')
    skipped = Skipped() if skipped is None else skipped
    names = {k: n for k, n in enumerate(_without_ignore(classes), 1)}
    if IGNORE in classes:
        names[IGNORE_INDEX] = IGNORE
    note = json.dumps(dict(labels=names)).encode()
    count = 0
    with new_folder(path) as folder:
        for name, slices in volumes(records, skipped):
            try:
                file = below(folder, name, SUFFIXES[0])
                planes = [
                    class_map(record, classes, overlap=overlap).T
                    for record in slices
                ]
                labels = np.stack(planes, 2)
                img = _image(nibabel, name, labels, slices[0], spacing, like)
            except InputError as error:
                skipped.add(error)
                continue
            img.header.extensions.append(
                nibabel.nifti1.Nifti1Extension(_COMMENT, note)
            )
            file.parent.mkdir(parents=True, exist_ok=True)
            nibabel.save(img, file)
            count += len(slices)
    return count


def _without_ignore(classes: Sequence[str]) -> list[str]:
    return [name for name in classes if name != IGNORE]


def _image(
    nibabel: Any,
    name: str,
    labels: NDArray[Any],
    record: Record,
    spacing: Sequence[float] | None,
    like: PathLike | None,
) -> Any:
    """NIfTI image of labels (columns, rows, slices)."""
    if like is not None:
        return _alike(nibabel, name, labels, Path(like))
    affine = record.properties.get('affine')
    if spacing is None and affine is None:
        raise InputError(
            f'volume {name!r}: nothing says how large its voxels are; give '
            '--to-options "spacing=(depth, height, width)" in mm, or the '
            'image volumes by like=FOLDER'
        )
    if spacing is not None:
        if len(spacing) != 3 or not min(spacing) > 0:
            raise InputError(
                f'spacing is (depth, height, width) in mm, got {spacing}'
            )
        depth, height, width = map(float, spacing)
        affine = np.diag([-width, -height, depth, 1])
    img = nibabel.Nifti1Image(labels, np.asarray(affine, np.float64))
    img.header.set_xyzt_units('mm')
    return img


def _alike(nibabel: Any, name: str, labels: NDArray[Any], like: Path) -> Any:
    """NIfTI image of labels that lies as an image volume does."""
    file = like
    if like.is_dir():
        found = [f for s in SUFFIXES if (f := below(like, name, s)).is_file()]
        if not found:
            raise InputError(f'{like} has no volume {name!r}')
        file = found[0]
    image = load_nifti(file)
    with naming(file, 'NIfTI'):
        affine = np.asarray(image.affine, np.float64)
        turn = _turn(nibabel, affine)
        extent = tuple(map(int, image.shape[:3]))
    there = np.empty(3, int)
    there[turn[:, 0].astype(int)] = extent
    if tuple(there) != labels.shape:
        raise InputError(
            f'volume {name!r} has {labels.shape[::-1]} voxels (slices, '
            f'height, width), and {file} {tuple(there[::-1].tolist())}'
        )
    back = nibabel.orientations.ornt_transform(
        nibabel.orientations.axcodes2ornt(_LPS),
        nibabel.io_orientation(affine),
    )
    img = nibabel.Nifti1Image(nibabel.apply_orientation(labels, back), affine)
    img.header.set_xyzt_units(*image.header.get_xyzt_units())
    return img
