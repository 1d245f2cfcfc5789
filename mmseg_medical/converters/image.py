"""Images of any common format as the array that their file holds."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import PIL
import PIL.Image
import PIL.ImageOps
from numpy.typing import NDArray

from mmseg_medical.converters._decoding import (
    ImageError,
    PathLike,
    check_frame,
    existing,
    parsed,
)
from mmseg_medical.converters.dicom import DICOMImage, DICOMOptions
from mmseg_medical.converters.nifti import NIfTIImage, Plane
from mmseg_medical.converters.tiff import Region, TIFFImage

_FORMATS = {
    **dict.fromkeys(('.tif', '.tiff', '.svs'), 'tiff'),
    **dict.fromkeys(('.dcm', '.dicom', '.ima'), 'dicom'),
    **dict.fromkeys(('.png', '.jpg', '.jpeg', '.bmp', '.webp'), 'photo'),
    '.nii': 'nifti',
}
_TIFF = (b'II*\0', b'MM\0*', b'II+\0', b'MM\0+')
_ORIENTATION = 274  # tag of EXIF
_SPREAD = {'L;2': 85, 'L;4': 17}  # what Pillow multiplies few bits with


def _format(path: Path) -> str:
    """Format of a file by its suffix, or by how it begins."""
    known = _FORMATS.get(path.suffix.lower())
    if known is not None:
        return known
    if path.name.lower().endswith('.nii.gz'):
        return 'nifti'
    with open(existing(path), 'rb') as file:
        start = file.read(132)
    if start[128:] == b'DICM':
        return 'dicom'
    return 'tiff' if start[:4] in _TIFF else 'photo'


def read_image(
    path: PathLike,
    region: Region | None = None,
    *,
    frame: int | None = None,
    plane: Plane = 'axial',
    dicom: DICOMOptions | None = None,
) -> NDArray[Any]:
    """Read an image, or a window of it.

    TIFF files are read by region, volumes by slice; of other formats the
    whole image is decoded and cut.

    Args:
        path: TIFF, DICOM (also without suffix), NIfTI, PNG, JPEG or another
            format of OpenCV.
        region: Window in pixels; it must lie inside the image.
        frame: Page, frame or slice from 0, of files that hold several.
        plane: Across which axis slices of NIfTI are taken, see
            :class:`NIfTIImage`.
        dicom: Arguments ``rescale``, ``invert`` and ``window`` of
            :meth:`DICOMImage.read`.

    Returns:
        (H, W) or (H, W, C) array of the stored type, channels as RGB.
        Transparency is dropped whatever it is: RGBA gives RGB, gray with
        alpha gives (H, W). Photographs are turned upright as their EXIF data
        say, which is how annotation tools show them.

    Raises:
        FileNotFoundError: If there is no such file.
        ImportError: If what reads the format is not installed.
        ImageError: If the file cannot be decoded, or has no such frame.
        ValueError: If the region leaves the image.
    """
    path = Path(path)
    kind = _format(path)
    if kind == 'tiff':
        tiff = TIFFImage.open(path, frame)
        pixels = tiff.read(region)
        if tiff.has_alpha:
            pixels = pixels[..., 0 if pixels.shape[2] == 2 else slice(-1)]
        return np.ascontiguousarray(pixels)
    if kind == 'dicom':
        return DICOMImage.open(path).read(region, frame=frame, **dicom or {})
    if kind == 'nifti':
        return NIfTIImage.open(path, plane).read(region, frame=frame)
    check_frame(path, frame, 1)
    return _read_photo(path, region)


def _read_photo(path: Path, region: Region | None) -> NDArray[Any]:
    """Read what OpenCV decodes."""
    data = np.fromfile(existing(path), np.uint8)
    try:
        img = cv2.imdecode(data, cv2.IMREAD_ANYDEPTH | cv2.IMREAD_ANYCOLOR)
    except cv2.error:  # empty, or too large for OpenCV
        img = None
    if img is None:
        raise ImageError(
            f'{path} ({data.size} bytes) cannot be decoded as an image; copy '
            'or download it again'
        )
    if region is not None:
        img = img[region.check(img.shape, path).slices]
    if img.ndim == 3:
        # The colour type of a PNG: OpenCV spreads gray with transparency.
        gray = data[:4].tobytes() == b'\x89PNG' and data[25] == 4
        img = img[..., 0] if gray else cv2.cvtColor(img, cv2.COLOR_BGR2RGB)
    return np.ascontiguousarray(img)


def read_labels(
    path: PathLike,
    region: Region | None = None,
    *,
    frame: int | None = None,
    plane: Plane = 'axial',
) -> NDArray[Any]:
    """Read an image of class indices, or a window of it.

    Palettes are for looking at: their indices are the labels. 1 bit is 0 and
    1, and gray is taken as stored, also where 0 stands for white.

    Args:
        path: TIFF, DICOM, NIfTI, PNG or another format of Pillow.
        region: Window in pixels; it must lie inside the image.
        frame: Page, frame or slice from 0, of files that hold several.
        plane: Across which axis slices of NIfTI are taken.

    Returns:
        (H, W) array of integers; whole numbers that a NIfTI file keeps as
        floats or in 64 bits become the smallest type that holds them.

    Raises:
        FileNotFoundError: If there is no such file.
        ImportError: If what reads the format is not installed.
        ImageError: If the file cannot be decoded, has no such frame, or has
            colours.
        ValueError: If the region leaves the image.
    """
    path = Path(path)
    kind = _format(path)
    if kind == 'tiff':
        labels = TIFFImage.open(path, frame).read(region, raw=True)
    elif kind == 'dicom':
        labels = DICOMImage.open(path).read(region, frame=frame, raw=True)
    elif kind == 'nifti':
        labels = _whole(NIfTIImage.open(path, plane).read(region, frame=frame))
    else:
        check_frame(path, frame, 1)
        with _pillow(path) as img:
            labels = _stored(img)
        if region is not None:
            labels = labels[region.check(labels.shape, path).slices]
    if labels.ndim != 2 or labels.dtype.kind not in 'ui':
        raise ImageError(
            f'{path}: a mask is one channel of class indices (gray or '
            f'palette), this has {labels.shape} of {labels.dtype}'
        )
    return np.ascontiguousarray(labels)


def _stored(img: PIL.Image.Image) -> NDArray[Any]:
    """Numbers of an image, those of few bits not spread over 255."""
    tiles = getattr(img, 'tile', ())  # filled by some formats, until loaded
    factor = max((_SPREAD.get(str(t.args), 1) for t in tiles), default=1)
    if _is_turned(img):
        PIL.ImageOps.exif_transpose(img, in_place=True)
    labels = np.asarray(img)
    if labels.dtype == bool:
        return labels.astype(np.uint8)
    return labels // np.uint8(factor) if factor > 1 else labels


def _is_turned(img: PIL.Image.Image) -> bool:
    """Whether EXIF data turn a photograph; those of PNG are not looked at."""
    jpeg = img.format in ('JPEG', 'MPO')
    return jpeg and img.getexif().get(_ORIENTATION, 1) != 1


def _whole(labels: NDArray[Any]) -> NDArray[Any]:
    """Whole numbers in the smallest type; others as they are."""
    if labels.dtype.kind == 'f':
        whole = np.isfinite(labels) & (np.rint(labels) == labels)
        if not whole.all():
            return labels
    if labels.dtype.kind == 'f' or labels.dtype.itemsize > 2:
        low, high = int(labels.min()), int(labels.max())
        kind = np.result_type(
            np.min_scalar_type(low), np.min_scalar_type(high)
        )
        return labels.astype(kind)
    return labels


@contextlib.contextmanager
def _pillow(path: Path) -> Iterator[PIL.Image.Image]:
    """Open an image; one error that names the file where that fails."""
    limit, PIL.Image.MAX_IMAGE_PIXELS = PIL.Image.MAX_IMAGE_PIXELS, None
    try:
        with PIL.Image.open(path) as img:
            yield img
    except FileNotFoundError:
        existing(path)
        raise
    except (PIL.UnidentifiedImageError, OSError, SyntaxError) as error:
        raise ImageError(
            f'{path} cannot be decoded as an image ({error}); copy or '
            'download it again'
        ) from None
    finally:
        PIL.Image.MAX_IMAGE_PIXELS = limit


def image_size(
    path: PathLike, *, frame: int | None = None, plane: Plane = 'axial'
) -> tuple[int, int]:
    """Height and width of an image in pixels, from its header.

    Args:
        path: File that :func:`read_image` reads.
        frame: Page of TIFF files that hold several.
        plane: Across which axis slices of NIfTI are taken.

    Raises:
        FileNotFoundError: If there is no such file.
        ImportError: If what reads the format is not installed.
        ImageError: If the file is no image.
    """
    path = Path(path)
    kind = _format(path)
    if kind == 'photo':
        return parsed(_photo_size, path)
    if kind == 'tiff':
        shape = TIFFImage.open(path, frame).shape
    elif kind == 'dicom':
        shape = DICOMImage.open(path).shape
    else:
        shape = NIfTIImage.open(path, plane).shape
    return shape[0], shape[1]


def _photo_size(path: Path) -> tuple[int, int]:
    try:
        with _pillow(path) as img:
            height, width = img.height, img.width
            if _is_turned(img) and img.getexif()[_ORIENTATION] >= 5:
                return width, height
    except ImageError:  # a format of OpenCV alone
        height, width = _read_photo(path, None).shape[:2]
    return height, width


def image_spacing(
    path: PathLike, *, frame: int | None = None, plane: Plane = 'axial'
) -> tuple[float, float] | None:
    """Distance of pixels (height, width) in mm; None where not told.

    Of DICOM, see :meth:`DICOMImage.spacing`, and of NIfTI; other formats tell
    none.

    Args:
        path: File that :func:`read_image` reads.
        frame: Frame from 0, of files that hold several.
        plane: Across which axis slices of NIfTI are taken.

    Raises:
        FileNotFoundError: If there is no such file.
        ImportError: If what reads the format is not installed.
        ImageError: If the file cannot be read.
    """
    path = Path(path)
    kind = _format(path)
    if kind == 'dicom':
        return DICOMImage.open(path).spacing(frame or 0)
    if kind == 'nifti':
        _, height, width = NIfTIImage.open(path, plane).spacing
        return height, width
    return None
