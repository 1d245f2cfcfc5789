"""Slices of a scan, put together to the volume that they were cut from."""

import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mmseg_medical.converters._decoding import PathLike
from mmseg_medical.converters.dicom import (
    DICOMImage,
    DICOMOptions,
    is_dicom,
)
from mmseg_medical.errors import InputError

Array = NDArray[Any]


class VolumeError(InputError):
    """Slices that make no volume."""


@dataclasses.dataclass(frozen=True, slots=True)
class Volume:
    """Slices on top of each other.

    Attributes:
        array: (depth, height, width) or (depth, height, width, channels).
        spacing: Distance of voxels (depth, height, width) in mm; nan where
            it is not known.
        names: Which slice each layer is.
    """

    array: Array
    spacing: tuple[float, float, float]
    names: tuple[str, ...]


def slice_order(
    positions: ArrayLike,
    names: Sequence[str],
    *,
    step: float | None = None,
    tolerance: float = 0.05,
) -> tuple[NDArray[np.int64], float]:
    """Sort slices, and make sure that none is missing and none is twice there.

    Args:
        positions: (n,) places of the slices, in mm or by number.
        names: Names of the slices, for the message.
        step: Distance of neighbours in the unit of ``positions``; None takes
            the most frequent one.
        tolerance: How much a distance may differ, as a share of the step.

    Returns:
        (n,) indices that sort the slices by rising position, and the mean
        distance; nan of a single slice.

    Raises:
        VolumeError: If a position is not finite, two are the same, or
            distances differ; the message names the slices.

    Example:
        >>> slice_order([6, 0, 3], ['c', 'a', 'b'])
        (array([1, 2, 0]), 3.0)
    """
    places = np.asarray(positions, np.float64)
    if len(places) != len(names) or not len(names):
        raise VolumeError(f'{len(places)} positions of {len(names)} slices')
    if not np.isfinite(places).all():
        bad = names[int(np.argmin(np.isfinite(places)))]
        raise VolumeError(f'{bad}: its position is not finite')
    order = np.argsort(places, kind='stable')
    gaps = np.diff(places[order])
    if not gaps.size:
        return order, float('nan') if step is None else step
    usual = float(np.median(gaps)) if step is None else step
    for k in np.flatnonzero(gaps <= tolerance * usual)[:1]:
        first, second = (names[order[k + i]] for i in (0, 1))
        raise VolumeError(
            f'{first} and {second} lie at the same place '
            f'({places[order[k]]:g}); is one of them a copy, or of another '
            'series?'
        )
    for k in np.flatnonzero(np.abs(gaps - usual) > tolerance * usual)[:1]:
        first, second = (names[order[k + i]] for i in (0, 1))
        raise VolumeError(
            f'{first} and {second} are {gaps[k]:g} apart, other slices '
            f'{usual:g}: {round(gaps[k] / usual) - 1} slices are missing, or '
            'the distances differ'
        )
    return order, float(gaps.mean())


def assemble(
    slices: Sequence[Array],
    positions: ArrayLike,
    *,
    spacing: tuple[float, float] | None = None,
    names: Sequence[str] = (),
    step: float | None = None,
    depth: float | None = None,
    tolerance: float = 0.05,
) -> Volume:
    """Put slices together in the order of their positions.

    Args:
        slices: (H, W) or (H, W, C) arrays of one size and type.
        positions: Place of each, in mm or by number.
        spacing: Distance of pixels (height, width) in mm.
        names: Names of the slices, for messages; numbers by default.
        step: As :func:`slice_order`.
        depth: Distance of slices in mm, where ``positions`` are numbers.
        tolerance: As :func:`slice_order`.

    Raises:
        VolumeError: As :func:`slice_order`; or if sizes or types differ.

    Example:
        >>> layers = [np.ones((2, 2)), np.zeros((2, 2))]
        >>> assemble(layers, [2, 1], step=1, depth=3.0).array[:, 0, 0]
        array([0., 1.])
    """
    names = tuple(names) or tuple(f'slice {k}' for k in range(len(slices)))
    order, found = slice_order(
        positions, names, step=step, tolerance=tolerance
    )
    first = slices[0]
    for name, layer in zip(names, slices, strict=True):
        if layer.shape != first.shape or layer.dtype != first.dtype:
            raise VolumeError(
                f'{name} is {layer.shape} of {layer.dtype}, {names[0]} is '
                f'{first.shape} of {first.dtype}; slices of one volume are '
                'alike'
            )
    height, width = spacing or (float('nan'), float('nan'))
    return Volume(
        np.stack([slices[k] for k in order]),
        (found if depth is None else depth, height, width),
        tuple(names[k] for k in order),
    )


def read_dicom_volume(
    paths: PathLike | Sequence[PathLike],
    *,
    tolerance: float = 0.05,
    **options: Unpack[DICOMOptions],
) -> Volume:
    """Read the slices of one DICOM series as a volume.

    Slices are sorted by where they lie in the body, along the direction that
    their rows and columns span (axial ones from the feet to the head); where
    the files do not tell, by their number in the series, and the distance is
    that of ``SpacingBetweenSlices`` or of ``SliceThickness``.

    Args:
        paths: Folder whose files are those of the series, whatever their
            names (files that are no DICOM stay aside); or the files, or one
            file with several frames.
        tolerance: As :func:`slice_order`.
        **options: ``rescale``, ``invert`` and ``window`` of
            :meth:`DICOMImage.read`.

    Raises:
        FileNotFoundError: If there is no such file, or no DICOM in the
            folder.
        ImageError: If a file cannot be read.
        VolumeError: If the files are of several series, or of slices that
            differ in direction or pixel spacing; or as :func:`assemble`.
    """
    images = [DICOMImage(path) for path in _files(paths)]
    frames = [(img, k) for img in images for k in range(img.frames)]
    names = [
        f'{img.path} (frame {k})' if img.frames > 1 else str(img.path)
        for img, k in frames
    ]
    _check_same(images, frames, names)
    places, depth = _places(frames)
    return assemble(
        [img.read(frame=k, **options) for img, k in frames],
        places,
        spacing=images[0].spacing(),
        names=names,
        depth=depth,
        step=None if depth is None else 1,
        tolerance=tolerance,
    )


def _files(paths: PathLike | Sequence[PathLike]) -> list[PathLike]:
    if not isinstance(paths, (str, os.PathLike)):
        return list(paths)
    folder = Path(paths)
    if not folder.is_dir():
        return [folder]
    files = [
        path
        for path in sorted(folder.iterdir())
        if path.is_file() and path.name != 'DICOMDIR' and is_dicom(path)
    ]
    if not files:
        raise FileNotFoundError(
            f'{folder} holds no DICOM files; are they in a folder below?'
        )
    return list(files)


def _places(
    frames: list[tuple[DICOMImage, int]],
) -> tuple[list[float], float | None]:
    """Places of slices in mm; or their numbers, and the distance in mm."""
    first, _ = frames[0]
    direction = first.orientation()
    corners = [img.position(k) for img, k in frames]
    known = [corner for corner in corners if corner is not None]
    if direction is not None and len(known) == len(frames):
        normal = np.cross(*direction)
        return [float(corner @ normal) for corner in known], None
    numbers = [
        float(img.header.get('InstanceNumber') or 0) + k for img, k in frames
    ]
    told = (
        first.header.get(key)
        for key in ('SpacingBetweenSlices', 'SliceThickness')
    )
    return numbers, next((abs(float(v)) for v in told if v), float('nan'))


def _check_same(
    images: list[DICOMImage],
    frames: list[tuple[DICOMImage, int]],
    names: list[str],
) -> None:
    """Make sure that slices are of one series, direction and pixel size."""
    if not frames:
        raise VolumeError('no files make no volume')
    series = {str(img.header.get('SeriesInstanceUID')): img for img in images}
    if len(series) > 1:
        one, other = list(series.values())[:2]
        raise VolumeError(
            f'{len(series)} series are mixed, first {one.path} and '
            f'{other.path}; give the files of one of them'
        )
    first = frames[0][0]
    direction, spacing = first.orientation(), first.spacing()
    for (img, k), name in zip(frames, names, strict=True):
        found = img.orientation(k)
        same = (found is None) == (direction is None)
        if same and found is not None and direction is not None:
            same = bool(np.abs(found - direction).max() < 1e-3)
        if not same or not _close(img.spacing(k), spacing):
            raise VolumeError(
                f'{name} lies in another direction or has another pixel '
                f'spacing ({img.spacing(k)}) than {names[0]} ({spacing}); '
                'is it of another scan?'
            )


def _close(
    one: tuple[float, float] | None, other: tuple[float, float] | None
) -> bool:
    if one is None or other is None:
        return one is other
    return bool(np.allclose(one, other, rtol=1e-3))
