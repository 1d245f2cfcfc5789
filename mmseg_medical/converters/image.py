"""Images of any common format as the array that their file holds."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import PIL
import PIL.Image
from numpy.typing import NDArray

from mmseg_medical.converters.tiff import ImageError, Region, TIFFImage

PathLike = str | os.PathLike[str]
_MISSING = '{} does not exist; check data_root and data_prefix'
_TIFF_SUFFIXES = {'.tif', '.tiff', '.svs'}


def read_image(path: PathLike, region: Region | None = None) -> NDArray[Any]:
    """Read an image, or a window of it.

    TIFF files are read by region; of other formats the whole image is
    decoded and cut.

    Args:
        path: TIFF, PNG, JPEG or another format of OpenCV.
        region: Window in pixels; it must lie inside the image.

    Returns:
        (H, W) or (H, W, C) array of the stored type, channels as RGB;
        transparency is dropped.

    Raises:
        FileNotFoundError: If there is no such file.
        ImageError: If the file cannot be decoded.
        ValueError: If the region leaves the image.
    """
    path = Path(path)
    if path.suffix.lower() in _TIFF_SUFFIXES:
        tiff = TIFFImage.open(path)
        pixels = tiff.read(region)
        if tiff.has_alpha:
            pixels = pixels[..., 0 if pixels.shape[2] == 2 else slice(-1)]
        return np.ascontiguousarray(pixels)
    if not path.is_file():
        raise FileNotFoundError(_MISSING.format(path))
    data = np.fromfile(path, np.uint8)
    img = None
    if data.size:
        img = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    if img is None:
        raise ImageError(
            f'{path} ({data.size} bytes) cannot be decoded as an image; copy '
            'or download it again'
        )
    if region is not None:
        img = img[region.check(img.shape, path).slices]
    if img.ndim == 3:
        code = {3: cv2.COLOR_BGR2RGB, 4: cv2.COLOR_BGRA2RGB}[img.shape[2]]
        img = cv2.cvtColor(img, code)
    return np.ascontiguousarray(img)


def read_labels(path: PathLike, region: Region | None = None) -> NDArray[Any]:
    """Read an image of class indices, or a window of it.

    Palettes are for looking at: their indices are the labels. 1 bit is 0 and
    1, and gray is taken as stored, also where 0 stands for white.

    Args:
        path: TIFF, PNG or another format of Pillow.
        region: Window in pixels; it must lie inside the image.

    Returns:
        (H, W) array of integers.

    Raises:
        FileNotFoundError: If there is no such file.
        ImageError: If the file cannot be decoded, or has colours.
        ValueError: If the region leaves the image.
    """
    path = Path(path)
    if path.suffix.lower() in _TIFF_SUFFIXES:
        labels = TIFFImage.open(path).read(region, raw=True)
    else:
        with _pillow(path) as img:
            labels = np.asarray(img)
        if labels.dtype == bool:
            labels = labels.astype(np.uint8)
        if region is not None:
            labels = labels[region.check(labels.shape, path).slices]
    if labels.ndim != 2 or labels.dtype.kind not in 'ui':
        raise ImageError(
            f'{path}: a mask is one channel of class indices (gray or '
            f'palette), this has {labels.shape} of {labels.dtype}'
        )
    return np.ascontiguousarray(labels)


@contextlib.contextmanager
def _pillow(path: Path) -> Iterator[PIL.Image.Image]:
    """Open an image; one error that names the file where that fails."""
    limit, PIL.Image.MAX_IMAGE_PIXELS = PIL.Image.MAX_IMAGE_PIXELS, None
    try:
        with PIL.Image.open(path) as img:
            yield img
    except FileNotFoundError:
        raise FileNotFoundError(_MISSING.format(path)) from None
    except (PIL.UnidentifiedImageError, OSError, SyntaxError) as error:
        raise ImageError(
            f'{path} cannot be decoded as an image ({error}); copy or '
            'download it again'
        ) from None
    finally:
        PIL.Image.MAX_IMAGE_PIXELS = limit


def image_size(path: PathLike) -> tuple[int, int]:
    """Height and width of an image in pixels, from its header.

    Raises:
        FileNotFoundError: If there is no such file.
        ImageError: If the file is no image.
    """
    path = Path(path)
    if path.suffix.lower() in _TIFF_SUFFIXES:
        height, width = TIFFImage.open(path).shape[:2]
        return height, width
    try:
        with _pillow(path) as img:
            return img.height, img.width
    except ImageError:
        height, width = read_image(path).shape[:2]  # a format of OpenCV alone
        return height, width
