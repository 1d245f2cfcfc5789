"""Images of any common format as the array that their file holds."""

import os
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
        (H, W) or (H, W, C) array of the stored type, channels as RGB(A).

    Raises:
        FileNotFoundError: If there is no such file.
        ImageError: If the file cannot be decoded.
        ValueError: If the region leaves the image.
    """
    path = Path(path)
    if path.suffix.lower() in _TIFF_SUFFIXES:
        return TIFFImage.open(path).read(region)
    if not path.is_file():
        raise FileNotFoundError(_MISSING.format(path))
    data = np.fromfile(path, np.uint8)
    img = cv2.imdecode(data, cv2.IMREAD_UNCHANGED) if data.size else None
    if img is None:
        raise ImageError(
            f'{path} ({data.size} bytes) cannot be decoded as an image; copy '
            'or download it again'
        )
    if region is not None:
        img = img[region.check(img.shape, path).slices]
    if img.ndim == 3:
        code = {3: cv2.COLOR_BGR2RGB, 4: cv2.COLOR_BGRA2RGBA}[img.shape[2]]
        img = cv2.cvtColor(img, code)
    return np.ascontiguousarray(img)


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
        with PIL.Image.open(path) as img:
            return img.height, img.width
    except FileNotFoundError:
        raise FileNotFoundError(_MISSING.format(path)) from None
    except PIL.UnidentifiedImageError:
        height, width = read_image(path).shape[:2]  # a format of OpenCV alone
        return height, width
