"""Where a slide shows tissue and where the lamp."""

import cv2
import numpy as np

from mmseg_medical.stain.density import Image


def tissue_mask(img: Image, *, luminosity: float = 0.8) -> Image:
    """Mark pixels darker than unstained background.

    Args:
        img: (H, W, 3) uint8 RGB.
        luminosity: Lightness of CIELAB, 0 to 1, from which on a pixel is
            background.

    Returns:
        (H, W) uint8 of 0 and 255.

    Source: the luminosity threshold of StainTools (Byfield, 2019).
    """
    lightness = cv2.cvtColor(img, cv2.COLOR_RGB2LAB)[..., 0]
    return np.uint8(255) * (lightness < luminosity * 255).astype(np.uint8)
