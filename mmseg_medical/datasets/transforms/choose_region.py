"""The window of an image that training reads, chosen before reading."""

from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS

from mmseg_medical.converters import rle
from mmseg_medical.converters.tiff import Region
from mmseg_medical.datasets.transforms._sample import load_runs, true_size
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
        foreground: Probability that the window holds a pixel of foreground,
            where the mask is known as run lengths.

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
    ) -> None:
        if not 0 < scale[0] <= scale[1] <= 1:
            raise InputError(f'scale {scale} must be rising within (0, 1]')
        if not 0 < ratio[0] <= ratio[1]:
            raise InputError(f'ratio {ratio} must be rising and above 0')
        self.scale = scale
        self.ratio = ratio
        self.prob = prob
        self.foreground = foreground

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        if np.random.random() >= self.prob:
            return results
        size = np.array(true_size(results))
        scale = np.random.uniform(*self.scale)
        stretch = np.exp(np.random.uniform(*np.log(self.ratio)) / 2)
        window = np.round(size * scale * [1 / stretch, stretch]).astype(int)
        window = np.clip(window, 1, size)
        low, high = np.zeros(2, int), size - window
        if np.random.random() < self.foreground:
            pixel = self._pixel(results, size)
            if pixel is not None:
                low = np.maximum(pixel - window + 1, 0)
                high = np.minimum(pixel, high)
        top, left = np.random.randint(low, high + 1)
        results['region'] = Region(int(top), int(left), *map(int, window))
        return results

    @staticmethod
    def _pixel(results: dict[str, Any], size: Any) -> Any:
        """Row and column of a random foreground pixel, or None."""
        if 'rle' not in results:
            return None
        try:
            masks = load_runs(results, tuple(size))
        except rle.RLEError:
            return None  # LoadMaskRegion mends it, or says what is wrong
        filled = [mask for mask in masks if mask.area]
        if not filled:
            return None
        runs = filled[np.random.randint(len(filled))]
        before = np.cumsum(runs.ends - runs.starts)
        nth = np.random.randint(runs.area)
        k = np.searchsorted(before, nth, side='right')
        flat = runs.ends[k] - (before[k] - nth)
        return np.array(np.unravel_index(flat, size, order=runs.order))
