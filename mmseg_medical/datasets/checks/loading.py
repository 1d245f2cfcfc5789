"""Load images and masks of samples as the pipeline does, in bands if large."""

import contextlib
import copy
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmseg_medical.converters.image import read_image
from mmseg_medical.converters.tiff import Region
from mmseg_medical.datasets.checks.facts import count_values
from mmseg_medical.datasets.transforms import LoadImageRegion, LoadMaskRegion
from mmseg_medical.datasets.transforms._sample import true_size

Sample = dict[str, Any]
Array = NDArray[Any]
_MASK_LOADERS = ('LoadMask', 'LoadAnnotations')
# What makes labels other than the values that the file stores.
_CHANGES = ('rle', 'reduce_zero_label', 'label_map', 'colours')
_BAND = 1 << 26  # pixels that are in memory at a time
_ROWS = 1024  # bands end at a multiple of this, as tiles do


class Unreadable(Exception):
    """Whatever a transform or a codec raised."""

    @property
    def reason(self) -> BaseException:
        """What it raised."""
        assert self.__cause__ is not None
        return self.__cause__


class Loader:
    """The transforms of a pipeline that load.

    Args:
        transforms: Transforms of the pipeline; an image is read without one
            that loads images, a mask is not.

    Attributes:
        told: Whether the pipeline says what the values of masks mean.
    """

    def __init__(self, transforms: Sequence[Callable[..., Any]]) -> None:
        self.load_image = _first(transforms, ('LoadImage',))
        self.load_mask = _first(transforms, _MASK_LOADERS)
        self.told = False
        if isinstance(self.load_mask, LoadMaskRegion):
            step = self.load_mask = copy.copy(self.load_mask)
            self.told = step.values is not None or step.value_thr is not None
            if step.values is None:
                step.values = {}  # as stored: checks say what is wrong

    def images(self, sample: Sample) -> Iterator[Array]:
        """Bands of the image of a sample, (H, W, C) as stored.

        Raises:
            Unreadable: If it cannot be read.
        """
        with _naming():
            parts = list(self.bands(sample))
        for part in parts:
            with _naming():
                if self.load_image is None:
                    img = read_image(part['img_path'])
                else:
                    img = self.load_image(dict(part))['img']
            yield img

    def labels(self, sample: Sample) -> Iterator[Array]:
        """Bands of the mask of a sample, (H, W) or (H, W, C); none is none.

        Raises:
            Unreadable: If it cannot be read.
        """
        with _naming():
            parts = list(self.bands(sample)) if self.load_mask else []
        for part in parts:
            with _naming():
                labels = self.load_mask(dict(part)).get('gt_seg_map')
            if labels is not None:
                yield labels

    def mended(self, sample: Sample) -> Iterator[Array]:
        """Bands of a mask whose run lengths are mended."""
        other = copy.copy(self)
        other.load_mask = copy.copy(self.load_mask)
        other.load_mask.repair = True
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            yield from other.labels(sample)

    def bands(self, sample: Sample) -> Iterator[Sample]:
        """Sample, or its windows from top to bottom."""
        if not isinstance(self.load_image, LoadImageRegion):
            yield sample
            return
        height, width = true_size(sample)
        if height * width <= _BAND or 'region' in sample:
            yield sample
            return
        rows = max(_BAND // width // _ROWS, 1) * _ROWS
        for top in range(0, height, rows):
            region = Region(top, 0, min(rows, height - top), width)
            yield dict(sample, region=region)

    def stored(self, sample: Sample) -> bool:
        """Whether labels are the values of a file as they stand."""
        return (
            not self.told
            and isinstance(sample.get('seg_map_path'), str)
            and not any(sample.get(key) for key in _CHANGES)
        )

    def shown(self, sample: Sample) -> tuple[Array, Array | None]:
        """Image and mask of a sample for people; of a large one the middle.

        Raises:
            Unreadable: If the image cannot be read.
        """
        with _naming():
            parts = list(self.bands(sample))
        part = parts[len(parts) // 2]
        img, labels = next(self.images(part)), None
        with contextlib.suppress(Unreadable):
            labels = next(self.labels(part), None)
        if labels is not None and self.stored(sample):
            values = set(count_values(labels))
            if 255 in values and values <= {0, 255}:
                labels = (labels == 255).astype(np.uint8)
        return img, labels


@contextlib.contextmanager
def _naming() -> Iterator[None]:
    try:
        yield
    except Exception as error:  # whatever a codec raises
        raise Unreadable from error


def _first(
    transforms: Sequence[Callable[..., Any]], names: tuple[str, ...]
) -> Any:
    for transform in transforms:
        if type(transform).__name__.startswith(names):
            return transform
    return None
