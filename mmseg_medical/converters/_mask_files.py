"""What all folders of mask images share: masks of one object, images."""

import os
import re
import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mmseg_medical.converters._sources import below
from mmseg_medical.converters.image import read_image, read_labels
from mmseg_medical.converters.image_folder import ImageFolder
from mmseg_medical.converters.record import Record
from mmseg_medical.converters.runs import Runs
from mmseg_medical.converters.tiff import ImageError
from mmseg_medical.errors import InputError

MASK_SUFFIXES = frozenset('.png .tif .tiff .bmp .gif'.split())


def read_mask(path: Path) -> Runs:
    """Read a mask of one object or class: 0, and one other value.

    Colours are accepted where they are all gray, as some tools save masks.

    Args:
        path: Image of two values.

    Returns:
        Runs down the columns.

    Raises:
        ImageError: If the file cannot be read, has colours or more than two
            values, or two of which none is 0.
    """
    try:
        mask = read_labels(path)
    except ImageError:
        mask = read_image(path)  # says what is wrong with a broken file
        if mask.ndim == 3 and (mask == mask[..., :1]).all():
            mask = mask[..., 0]
    if mask.ndim != 2 or mask.dtype.kind not in 'ui':
        raise ImageError(
            f'{path}: a mask is one channel of integers, this has '
            f'{mask.shape} of {mask.dtype}'
        )
    on = mask != 0
    if on.any() and (mask[on] != mask.max()).any():
        raise ImageError(
            f'{path}: a mask of one object has 0 and one other value, this '
            f'{np.unique(mask)[:5].tolist()} …; is it an image, a label map, '
            'or saved with losses?'
        )
    return Runs.from_mask(on, 'F')


def write_png(path: Path, pixels: NDArray[Any]) -> None:
    """Write a gray PNG; the folder is made where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    done, data = cv2.imencode('.png', pixels)
    if not done:
        raise InputError(f'{path}: {pixels.shape} of {pixels.dtype} is no PNG')
    path.write_bytes(data.tobytes())


def write_mask(path: Path, runs: Runs) -> None:
    """Write a mask as PNG of 0 and 255."""
    write_png(path, runs.to_mask() * np.uint8(255))


def place_image(
    record: Record,
    images: ImageFolder,
    *,
    folder: Path,
    name: str,
    suffix: str,
) -> None:
    """Put the image of a record beside its mask.

    Images of the wanted suffix are copied byte for byte, others written
    anew; bits and channels are kept.

    Args:
        record: Image to look for.
        images: Where to look.
        folder: Folder to write to.
        name: Name of the new file without suffix.
        suffix: Suffix of all images.

    Raises:
        InputError: If the image is not found or cannot be read, or its size
            is not the record's.
    """
    source = images.path(record.img_id, record.img_path)
    target = below(folder, name, suffix=suffix)
    size = images.size(record.img_id, record.img_path)
    if record.shape not in (None, size):
        raise InputError(
            f'{record.img_id}: annotations of {record.shape} pixels (height, '
            f'width), and {source} has {size}'
        )
    if source.suffix == suffix:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        return
    pixels = read_image(source)
    if pixels.ndim == 3 and pixels.shape[2] != 3:
        raise InputError(
            f'{source} has {pixels.shape[2]} channels; {suffix} images have 1 '
            'or 3'
        )
    if pixels.ndim == 3:
        pixels = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    if pixels.dtype not in (np.uint8, np.uint16):
        raise InputError(
            f'{source} has pixels of {pixels.dtype}; PNG holds 8 or 16 bits'
        )
    done, data = cv2.imencode(suffix, pixels)
    if not done:
        raise InputError(f'{source} cannot be written as {suffix}')
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data.tobytes())


def mask_files(folder: Path) -> list[Path]:
    """Visible images directly in a folder, in the order of their numbers."""
    with os.scandir(folder) as entries:
        found = [
            Path(entry.path)
            for entry in entries
            if entry.is_file()
            and not entry.name.startswith('.')
            and Path(entry.name).suffix.lower() in MASK_SUFFIXES
        ]
    return sorted(found, key=_by_number)


def _by_number(path: Path) -> list[Any]:
    words = re.split(r'(\d+)', path.name)
    return [int(w) if w.isdecimal() else w for w in words]
