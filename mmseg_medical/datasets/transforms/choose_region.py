"""The window of an image that training reads, chosen before reading."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS

from mmseg_medical.converters.tiff import Region
from mmseg_medical.datasets.transforms._foreground import random_foreground
from mmseg_medical.datasets.transforms._sample import true_size
from mmseg_medical.errors import InputError


@TRANSFORMS.register_module()
class ChooseRandomRegion(BaseTransform):
    """Choose the window that the loading transforms read.

    Comes before the loading transforms, so that only the window is decoded.

    Args:
        scale: Least and greatest side of the window as a share of the
            image's, 0 to 1.
        ratio: Least and greatest width divided by height, relative to the
            image's.
        prob: Probability of choosing a window; else the whole image is read.
        foreground: Probability that the window holds a pixel of foreground:
            of a class of those that the image has, then of a pixel of it.
        classes: How often each class is chosen then, as ``{1: 1, 3: 2}``,
            others never; None for all alike. A class is its place among
            those of the data set; in an image of masks the stored value.
        crop_size: (height, width) of the window in pixels instead of
            ``scale`` and ``ratio``; an image that is smaller is read whole
            along that side.

    Masks other than run lengths are read whole once by each worker, which
    keeps 1,024 pixels of each class of the last 1,024 images.

    Raises:
        InputError: If a range is empty or out of bounds.

    Required keys: img_path. Added keys: region.
    """

    def __init__(
        self,
        scale: tuple[float, float] = (0.3, 1.0),
        ratio: tuple[float, float] = (0.75, 1.33),
        *,
        prob: float = 1.0,
        foreground: float = 0.0,
        classes: Mapping[int, float] | None = None,
        crop_size: tuple[int, int] | None = None,
    ) -> None:
        if not 0 < scale[0] <= scale[1] <= 1:
            raise InputError(f'scale {scale} must be rising within (0, 1]')
        if not 0 < ratio[0] <= ratio[1]:
            raise InputError(f'ratio {ratio} must be rising and above 0')
        if crop_size is not None and min(crop_size) < 1:
            raise InputError(f'crop_size {crop_size} must be 1 or more')
        if classes is not None and not (
            any(classes.values()) and min(classes.values()) >= 0
        ):
            raise InputError(
                f'classes {classes} must be >= 0 and not all of them 0'
            )
        self.scale = scale
        self.ratio = ratio
        self.prob = prob
        self.foreground = foreground
        self.classes = classes
        self.crop_size = crop_size

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        if np.random.random() >= self.prob:
            return results
        size = np.array(true_size(results))
        window = self._window(size)
        low, high = np.zeros(2, int), size - window
        if np.random.random() < self.foreground:
            pixel = random_foreground(results, tuple(size), self.classes)
            if pixel is not None:
                low = np.maximum(pixel - window + 1, 0)
                high = np.minimum(pixel, high)
        top, left = np.random.randint(low, high + 1)
        results['region'] = Region(int(top), int(left), *map(int, window))
        return results

    def _window(self, size: Any) -> Any:
        """Height and width of the window."""
        if self.crop_size is not None:
            return np.minimum(self.crop_size, size)
        scale = np.random.uniform(*self.scale)
        stretch = np.exp(np.random.uniform(*np.log(self.ratio)) / 2)
        window = np.round(size * scale * [1 / stretch, stretch]).astype(int)
        return np.clip(window, 1, size)
