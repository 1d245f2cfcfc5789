"""Slices of NIfTI volumes, read without the rest of the volume."""

import math
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mmseg_medical._optional import optional
from mmseg_medical.converters._decoding import (
    ImageError,
    PathLike,
    check_frame,
    existing,
    naming,
    parsed,
)
from mmseg_medical.converters.tiff import Region

Array = NDArray[Any]
Plane = Literal['axial', 'coronal', 'sagittal']

# Of each plane: the axes of the body (0 left, 1 back, 2 head) along which the
# slices, the rows and the columns are counted; and which of them run against
# the axis, as displays show them with the head up.
_PLANES = {
    'axial': ((2, 1, 0), ()),
    'coronal': ((1, 2, 0), (2,)),
    'sagittal': ((0, 2, 1), (2,)),
}
_GZIP_RATIO = 1032  # zlib cannot do better


def load_nifti(path: PathLike) -> Any:
    """Read the header of a file, and compare it with what the file has.

    Args:
        path: NIfTI file, 1 or 2.

    Returns:
        nibabel's image, its voxels not read yet.

    Raises:
        FileNotFoundError: If there is no such file.
        ImportError: If nibabel is not installed.
        ImageError: If the file is no NIfTI, is cut short, or has fewer than
            two dimensions.
    """
    path = existing(path)
    nibabel = optional('nibabel', extra='volumes')
    with naming(path, 'NIfTI'):
        img = nibabel.load(path)
        if not isinstance(img, nibabel.Nifti1Image):  # 1 and 2
            raise ValueError(f'it is {type(img).__name__}')
        data = img.dataobj
        extent = tuple(map(int, data.shape))
        if not 2 <= len(extent) <= 7 or min(extent) < 1:
            raise ValueError(f'its shape is {extent}')
        needed = math.prod(extent) * data.dtype.itemsize + data.offset
        size = path.stat().st_size
        packed = path.name.lower().endswith('.gz')
        if needed > size * (_GZIP_RATIO if packed else 1):
            raise ValueError(
                f'it is cut short: shape {extent} of {data.dtype} needs '
                f'{needed} bytes, the file has {size}; copy or download it '
                'again'
            )
    return img


class NIfTIImage:
    """One NIfTI file (.nii, .nii.gz), read slice by slice.

    A slice lies as displays show it, whatever the order of the axes in the
    file, by the file's affine to the nearest right angle:

    ============  =====================  ==============  ==================
    plane         index rises            rows go         columns go
    ============  =====================  ==============  ==================
    ``axial``     towards the head       to the back     to patient's left
    ``coronal``   towards the back       to the feet     to patient's left
    ``sagittal``  towards patient's left to the feet     to the back
    ============  =====================  ==============  ==================

    An axial slice so lies as that of a DICOM series. Of a plain file only the
    slice is read; a compressed one is decompressed up to its end, without
    being kept.

    Args:
        path: NIfTI file.
        plane: Across which axis slices are taken.

    Attributes:
        frames: Number of slices.
        shape: (H, W), or (H, W, C) of a slice in pixels; C are the further
            dimensions of the volume, as time or kinds of images, or RGB.
        spacing: Distance of voxels (slices, rows, columns) in mm.

    Raises:
        FileNotFoundError: If there is no such file.
        ImportError: If nibabel is not installed.
        ImageError: If the file is no NIfTI, is cut short, or its axes are
            not of two or more dimensions.
    """

    def __init__(self, path: PathLike, plane: Plane = 'axial') -> None:
        if plane not in _PLANES:
            raise ImageError(
                f'plane is one of {sorted(_PLANES)}, got {plane!r}'
            )
        self.path = Path(path)
        self.plane = plane
        self._img = load_nifti(path)
        with naming(self.path, 'NIfTI'):
            self._orient(optional('nibabel', extra='volumes'))

    @classmethod
    def open(cls, path: PathLike, plane: Plane = 'axial') -> 'NIfTIImage':
        """Parse a file, or take what this process has parsed before."""
        return parsed(cls, path, plane)

    def _orient(self, nibabel: Any) -> None:
        """Find out which axis of the file is which of the body."""
        affine = np.asarray(self._img.affine, np.float64)
        ornt = nibabel.io_orientation(affine)
        if not np.isfinite(affine).all() or not np.isfinite(ornt).all():
            raise ValueError('its affine leaves out an axis')
        sizes = nibabel.affines.voxel_sizes(affine)
        unit = self._img.header.get_xyzt_units()[0]
        factor = {'meter': 1000, 'micron': 0.001}.get(unit, 1)
        extent = (*self._img.shape, 1)[: max(3, self._img.ndim)]
        axes, against = _PLANES[self.plane]
        # Axes of the file for slices, rows, columns; which are reversed.
        self._axes = [int(np.flatnonzero(ornt[:, 0] == a)[0]) for a in axes]
        self._reversed = [
            # nibabel counts to the right and to the front.
            bool(ornt[f, 1] < 0) ^ (a in (0, 1)) ^ (a in against)
            for a, f in zip(axes, self._axes, strict=True)
        ]
        depth, rows, columns = (float(sizes[f] * factor) for f in self._axes)
        self.spacing = (depth, rows, columns)
        self.frames, height, width = (extent[f] for f in self._axes)
        channels = math.prod(extent[3:])
        if self._img.dataobj.dtype.names:
            if channels > 1:
                raise ValueError(f'it holds {channels} volumes of colours')
            channels = 3
        self.shape: tuple[int, ...] = (height, width)
        self.shape += (channels,) * (channels > 1)

    def read(
        self, region: Region | None = None, *, frame: int | None = None
    ) -> Array:
        """Read a slice, or a window of it.

        Args:
            region: Window in pixels; it must lie inside the slice.
            frame: Number of the slice from 0; needed where there are several.

        Returns:
            (H, W) or (H, W, C) of the stored type; float32 where the file
            has a slope or an intercept, which are applied. RGB without its
            transparency.

        Raises:
            ImageError: If there is no such slice, or it cannot be decoded.
            ValueError: If the region leaves the slice.
        """
        number = check_frame(self.path, frame, self.frames)
        region = Region(*(region or (0, 0, *self.shape[:2])))
        region.check(self.shape, self.path)
        across, down, along = self._axes
        if self._reversed[0]:
            number = self.frames - 1 - number
        data = self._img.dataobj
        index: list[Any] = [slice(None)] * max(3, data.ndim)
        index[across] = slice(number, number + 1)
        with naming(self.path, 'NIfTI'):
            block = np.asarray(data[tuple(index[: data.ndim])])
        block = block.reshape(*block.shape[:2], *block.shape[2:] or (1,))
        block = np.moveaxis(block, (across, down, along), (0, 1, 2))[0]
        pixels = block.reshape(*block.shape[:2], -1)
        pixels = pixels[
            :: -1 if self._reversed[1] else 1,
            :: -1 if self._reversed[2] else 1,
        ][region.slices]
        if pixels.dtype.names:  # (H, W, 1) of records
            pixels = np.stack([pixels[..., 0][k] for k in 'RGB'], 2)
        if (data.slope, data.inter) != (1, 0):
            pixels = pixels.astype(np.float32)
        native = pixels.dtype.newbyteorder('=')
        if len(self.shape) == 2:
            pixels = pixels[..., 0]
        return np.ascontiguousarray(pixels, native)
