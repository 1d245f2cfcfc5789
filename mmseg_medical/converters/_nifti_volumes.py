"""NIfTI volumes of labels: turned to lie as slices do, and back.

A slice is axial and lies as displays show it: rows go to the patient's back,
columns to the patient's left, numbers towards the head, whatever the order of
the axes in the file. Source: nifti.nimh.nih.gov/nifti-1.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mmseg_medical._optional import optional
from mmseg_medical.converters._decoding import ImageError, naming
from mmseg_medical.converters._sources import below
from mmseg_medical.converters.image_folder import PathLike
from mmseg_medical.converters.nifti import load_nifti
from mmseg_medical.converters.record import Record
from mmseg_medical.errors import InputError

SUFFIXES = ('.nii.gz', '.nii')
_COMMENT = 6  # code of a header extension of plain text
_LPS = ('L', 'P', 'S')  # what columns, rows and slices go to
_TO_MM = {'meter': 1000.0, 'micron': 0.001}


class Note(NamedTuple):
    """What this package keeps in a file of labels.

    Attributes:
        labels: Name of each label.
        ids: Ids of the slices, from the lowest on.
    """

    labels: dict[int, str]
    ids: list[str]

    @classmethod
    def of(cls, img: Any) -> 'Note':
        """Read the note of nibabel's image; an empty one where none is."""
        for extension in img.header.extensions:
            if extension.get_code() != _COMMENT:
                continue
            content = extension.get_content()
            try:
                text = (
                    content if isinstance(content, str) else content.decode()
                )
                data = json.loads(text.rstrip('\0 '))
                labels = {int(k): str(v) for k, v in data['labels'].items()}
                return cls(labels, [str(k) for k in data['ids']])
            except (ValueError, KeyError, TypeError, AttributeError):
                continue  # a comment of somebody else
        return cls({}, [])

    def id_of(self, volume: str, number: int, *, count: int) -> str:
        """Id of a slice of a volume of ``count`` slices."""
        if len(self.ids) == count:
            return self.ids[number]
        return f'{volume}_{number:04d}'


def load_labels(
    file: Path,
) -> tuple[NDArray[Any], NDArray[np.float64], Note]:
    """Read a volume of whole numbers.

    Args:
        file: NIfTI file.

    Returns:
        Labels (columns, rows, slices), the affine from these to mm, and what
        :func:`write_labels` has kept in the file.

    Raises:
        FileNotFoundError: If there is no such file.
        ImportError: If nibabel is not installed.
        ImageError: If the file cannot be read, is no volume, or holds numbers
            that are not whole or below 0.
    """
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
    affine[:3] *= _TO_MM.get(img.header.get_xyzt_units()[0], 1)
    return labels, affine, Note.of(img)


def _whole_numbers(file: Path, data: NDArray[Any]) -> NDArray[Any]:
    if data.dtype.kind in 'ui':
        whole = data
    elif data.dtype.kind == 'f':
        # nan, and what 64 bits cannot hold, are not equal to theirs.
        with np.errstate(invalid='ignore'):
            whole = data.astype(np.int64)
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


def place_of(
    volume: str, number: int, *, affine: NDArray[np.float64]
) -> dict[str, Any]:
    """Say where a slice lies, as properties of its record.

    Args:
        volume: Name of the volume.
        number: Number of the slice in it, from 0.
        affine: From (column, row, slice) of the volume to mm.

    Returns:
        dict of ``volume``, ``slice_index``, ``spacing`` (height, width) in
        mm, and ``affine`` as a tuple of rows.
    """
    width, height, _ = np.linalg.norm(affine[:3, :3], axis=0).tolist()
    return dict(
        volume=volume,
        slice_index=number,
        spacing=(height, width),
        affine=tuple(tuple(row) for row in affine.tolist()),
    )


def write_labels(
    file: Path,
    labels: NDArray[Any],
    *,
    name: str,
    slices: Sequence[Record],
    names: Mapping[int, str],
    spacing: Sequence[float] | None,
    like: PathLike | None,
) -> None:
    """Write a volume; the folder is made where it is missing.

    Args:
        file: NIfTI file to write.
        labels: (columns, rows, slices) of whole numbers.
        name: Name of the volume.
        slices: Records of the slices, of which the first may know the affine.
        names: Name of each label, kept in the file with the ids of slices.
        spacing: (depth, height, width) of a voxel in mm.
        like: Image volume, or folder of ``<volume>.nii.gz``, that the labels
            belong to; comes first.

    Raises:
        ImportError: If nibabel is not installed.
        InputError: If nothing says how large voxels are, or the image volume
            is missing or has another shape.
    """
    nibabel = optional('nibabel', extra='volumes')
    if like is not None:
        img = _alike(nibabel, name, labels, Path(like))
    else:
        affine = _affine(name, slices[0], spacing)
        img = nibabel.Nifti1Image(labels, affine)
        img.header.set_xyzt_units('mm')
    note = dict(labels=dict(names), ids=[record.img_id for record in slices])
    img.header.extensions.append(
        nibabel.nifti1.Nifti1Extension(_COMMENT, json.dumps(note).encode())
    )
    file.parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(img, file)


def _affine(
    name: str, first: Record, spacing: Sequence[float] | None
) -> NDArray[np.float64]:
    """From (column, row, slice) to mm."""
    known = first.properties.get('affine')
    if spacing is None and known is None:
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
        return np.diag([-width, -height, depth, 1])
    affine = np.array(known, np.float64)
    # The volume may begin above the one that the affine is of.
    affine[:3, 3] += (
        int(first.properties.get('slice_index', 0)) * affine[:3, 2]
    )
    return affine


def _alike(nibabel: Any, name: str, labels: NDArray[Any], like: Path) -> Any:
    """NIfTI image of labels that lies as an image volume does."""
    file = like
    if like.is_dir():
        found = [
            f for s in SUFFIXES if (f := below(like, name, suffix=s)).is_file()
        ]
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
