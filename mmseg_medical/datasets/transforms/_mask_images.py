"""Images of masks: indices, grays or colours as labels of classes."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mmseg_medical.converters.image import image_size, read_image, read_labels
from mmseg_medical.converters.tiff import Region
from mmseg_medical.datasets.transforms._sample import mask_frame
from mmseg_medical.errors import InputError

Labels = NDArray[Any]


class Asked(NamedTuple):
    """What a mask is painted for, and how.

    Attributes:
        size: (height, width) of the image in pixels.
        region: Window of it.
        repair: Whether run lengths are mended.
        values: Labels by the values of an image of masks.
        value_thr: Least value of its foreground, where it is gray.
        painter: How outlines become pixels; None as their file means them.
    """

    size: tuple[int, int]
    region: Region
    repair: bool = False
    values: dict[int, int] | None = None
    value_thr: int | None = None
    painter: Any = None


def read_mask(path: str, results: dict[str, Any], asked: Asked) -> Labels:
    """Window of an image of masks: (H, W), grays and colours as labels.

    Raises:
        ImageError: If it cannot be read.
        InputError: If it has not the size of the image, or a colour that is
            of no class.
    """
    where: Any = dict(
        frame=mask_frame(results), plane=results.get('plane', 'axial')
    )
    found = image_size(path, **where)
    if found != asked.size:
        raise InputError(
            f'{path} has {found[0]} x {found[1]} pixels (height x '
            f'width), its image {asked.size[0]} x {asked.size[1]}'
        )
    if colours := results.get('colours'):
        img = read_image(path, asked.region, **where)
        return _of_colours(img, colours, path)
    if asked.value_thr is not None:
        img = read_image(path, asked.region, **where)
        gray = img if img.ndim == 2 else img.mean(2)
        return (gray >= asked.value_thr).astype(np.uint8)
    labels = read_labels(path, asked.region, **where)
    # Pillow's arrays cannot be written to, tensors can.
    return np.require(labels, requirements='W')


def _of_colours(img: Labels, palette: Any, path: str) -> Labels:
    """Class indices of an RGB image whose colours are those of classes."""
    if img.ndim != 3 or img.shape[2] != 3:
        raise InputError(
            f'{path} is gray; a mask whose classes are colours has three '
            'channels (without colours=True it holds class indices)'
        )
    codes = _codes(np.array(palette))
    order = np.argsort(codes)
    pixels = _codes(img)
    found = np.searchsorted(codes, pixels, sorter=order) % len(codes)
    labels = order[found]
    if (bad := codes[labels] != pixels).any():
        colours = np.unique(img[bad], axis=0)
        raise InputError(
            f'{path}: {bad.sum()} pixels have colours that are of no class, '
            f'as {colours[0].tolist()} (R, G, B), {len(colours)} in all; '
            "name them in metainfo['palette'], and use no JPEG"
        )
    return labels.astype(np.uint8)


def _codes(colours: Labels) -> Labels:
    """One number per colour of (…, 3)."""
    return colours.astype(np.int32) @ np.array([1 << 16, 1 << 8, 1], np.int32)


def as_told(labels: Labels, results: dict[str, Any], asked: Asked) -> Labels:
    """Stored values as class indices, as transform and data set say.

    Raises:
        InputError: If 255 is the only foreground, and nothing says whether
            that is a class or left out.
    """
    if asked.values is not None:
        labels = mapped(labels, asked.values)
    elif 255 in labels and not labels[labels != 255].any():
        raise InputError(
            f'{results["seg_map_path"]} holds 255 and no other '
            'foreground: LoadMaskRegion(values={255: 1}) makes that '
            'a mask, LoadMaskRegion(values={255: 255}) leaves those '
            'pixels out'
        )
    if results.get('reduce_zero_label'):
        labels = np.where(labels == 0, 255, labels - 1).astype(labels.dtype)
    if label_map := results.get('label_map'):
        labels = mapped(labels, {k: v % 256 for k, v in label_map.items()})
    return labels


def mapped(labels: Labels, values: dict[int, int]) -> Labels:
    """Labels replaced by others, those not named left as they are."""
    out = labels.copy()
    for old, new in values.items():
        out[labels == old] = new
    return out
