"""Local contrast."""

from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS

from mmseg_medical.contrast import clahe


@TRANSFORMS.register_module()
class ApplyCLAHE(BaseTransform):
    """Contrast-limited adaptive histogram equalisation.

    Args:
        clip_limit: Greatest slope of the equalisation, relative to a flat
            histogram.
        tile_grid: Number of tiles (rows, columns).
        occupied_range: For 16 bit: equalise 256 levels between the least and
            greatest value of the image, instead of all 65,536.
        prob: Probability of changing an image.

    Required keys: img (H, W), (H, W, 1) or (H, W, 3) BGR, uint8 or uint16.
    Modified keys: img; type and shape stay.

    Source: Zuiderveld, Graphics Gems IV, 1994; OpenCV's implementation.

    Example:
        >>> dict(type='ApplyCLAHE', clip_limit=2.0, tile_grid=(8, 8))
    """

    def __init__(
        self,
        clip_limit: float = 2.0,
        tile_grid: tuple[int, int] = (8, 8),
        *,
        occupied_range: bool = False,
        prob: float = 1.0,
    ) -> None:
        self.clip_limit = clip_limit
        self.tile_grid = tile_grid
        self.occupied_range = occupied_range
        self.prob = prob

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        if np.random.random() < self.prob:
            results['img'] = clahe(
                results['img'],
                self.clip_limit,
                self.tile_grid,
                occupied_range=self.occupied_range,
                bgr=True,
            )
        return results
