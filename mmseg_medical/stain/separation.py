"""Fixed stain vectors: separate haematoxylin, eosin and DAB, and vary them."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mmseg_medical.stain.density import Density, Image, project, recolor

# Optical density of red, green and blue for haematoxylin, eosin and DAB;
# Ruifrok & Johnston, Analytical and Quantitative Cytology 23, 2001.
HED_VECTORS = np.array(
    [[0.65, 0.70, 0.29], [0.07, 0.99, 0.11], [0.27, 0.57, 0.78]]
)


def separate_stains(img: Image) -> NDArray[Any]:
    """Separate haematoxylin, eosin and DAB.

    Args:
        img: (H, W, 3) uint8 RGB.

    Returns:
        (H, W, 3) float32 concentrations >= 0 of haematoxylin, eosin and DAB,
        in the unit of ``skimage.color.rgb2hed``: density / ln(10^6).

    Raises:
        ValueError: If ``img`` is not (H, W, 3) uint8.
    """
    level = np.maximum(np.arange(256) / 255, 1e-6)
    unmix = np.linalg.inv(HED_VECTORS.T)
    stains = project(img, unmix, np.log(level) / np.log(1e-6))
    return np.maximum(stains, 0, out=stains)


def jitter_stains(img: Image, gain: ArrayLike, shift: ArrayLike) -> Image:
    """Strengthen, weaken and shift the stains of an image.

    Args:
        img: (H, W, 3) uint8 RGB.
        gain: (3,) factors of haematoxylin, eosin and DAB, or one for all.
        shift: (3,) or one, added to the concentrations, in optical density.

    Returns:
        (H, W, 3) uint8 RGB; the same values for gain 1 and shift 0.

    Raises:
        ValueError: If ``img`` is not (H, W, 3) uint8.

    Source: Tellez et al., IEEE Transactions on Medical Imaging 37, 2018.
    """
    unmix = np.linalg.inv(HED_VECTORS.T)
    matrix = HED_VECTORS.T * gain @ unmix
    shift = HED_VECTORS.T @ np.broadcast_to(shift, 3)
    return recolor(img, matrix, shift, Density(255, 1))
