"""From the path of an image to its pixels, no more of them than needed."""

from typing import Any

import cv2
from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS

from mmseg_medical.converters.image import read_image
from mmseg_medical.datasets.transforms._sample import true_size


@TRANSFORMS.register_module()
class LoadImageRegion(BaseTransform):
    """Read the image, or the region that was chosen.

    Args:
        to_bgr: Reverse the channels of colour images, which files keep as
            RGB, to the BGR of mmcv.

    Required keys: img_path, region (optional).
    Added keys: img (H, W, C) of the stored type; img_shape, ori_shape
    (height, width) of what was read. Transparency is dropped.

    Raises:
        FileNotFoundError: If there is no such file.
        ImageError: If the file cannot be decoded.
        InputError: If its size differs from the owner's table.
    """

    def __init__(self, *, to_bgr: bool = True) -> None:
        self.to_bgr = to_bgr

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        true_size(results)
        img = read_image(results['img_path'], results.get('region'))
        if img.ndim == 3 and img.shape[2] == 3 and self.to_bgr:
            img = cv2.cvtColor(img, cv2.COLOR_RGB2BGR)
        if img.ndim == 2:
            img = img[..., None]
        results['img'] = img
        results['img_shape'] = results['ori_shape'] = img.shape[:2]
        return results
