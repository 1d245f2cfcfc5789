"""Fully connected CRF, by a library that has to be installed by hand."""

import importlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmseg_medical.errors import InputError
from mmseg_medical.postprocessing._planes import Mask, Plane, levels_of


def dense_crf(
    planes: Plane,
    img: NDArray[np.uint8] | None,
    *,
    iterations: int = 5,
    position_width: float = 3.0,
    position_weight: float = 3.0,
    colour_width: float = 13.0,
    colour_distance: float = 80.0,
    colour_weight: float = 0.0,
) -> Mask:
    """Masks by a conditional random field over all pairs of pixels.

    Classes exclude each other; where probabilities have no background, it is
    what is missing to 1 (nothing where they overlap).

    Args:
        planes: (K, H, W) probabilities, without a background.
        img: (H, W, 3) RGB image, for the colours; None where it is not known.
        iterations: Of the mean field.
        position_width: Pixels over which labels are alike.
        position_weight: Of that; 0 leaves it out.
        colour_width: Pixels over which labels of one colour are alike.
        colour_distance: Difference of such colours, of 255.
        colour_weight: Of that; 0 leaves it out, and needs no image.

    Returns:
        (K, H, W) bool.

    Raises:
        InputError: If ``pydensecrf`` is not installed, or colours count and
            there is no image.

    Reference: Kraehenbuehl & Koltun, NeurIPS 2011, arXiv:1210.5644
    """
    try:
        library: Any = importlib.import_module('pydensecrf.densecrf')
    except ImportError:
        raise InputError(
            'the step dense_crf needs pydensecrf, which is not kept up and '
            'has no wheels:  pip install '
            'git+https://github.com/lucasb-eyer/pydensecrf  (with a compiler '
            'and Cython<3), or take the step out'
        ) from None
    if colour_weight and img is None:
        raise InputError(
            'dense_crf has colour_weight above 0 and gets no image here; set '
            'it to 0'
        )
    probs = planes / levels_of(planes)
    everything = np.concatenate([1 - probs.sum(0, keepdims=True), probs])
    everything = np.clip(everything, 1e-6, 1)
    everything /= everything.sum(0)
    count, height, width = everything.shape
    field = library.DenseCRF2D(width, height, count)
    unary = -np.log(everything).reshape(count, -1)
    field.setUnaryEnergy(np.ascontiguousarray(unary, np.float32))
    if position_weight:
        field.addPairwiseGaussian(sxy=position_width, compat=position_weight)
    if colour_weight:
        field.addPairwiseBilateral(
            sxy=colour_width,
            srgb=colour_distance,
            rgbim=np.ascontiguousarray(img),
            compat=colour_weight,
        )
    labels = np.argmax(field.inference(iterations), 0)
    labels = labels.reshape(height, width)
    found: Mask = labels == np.arange(1, count)[:, None, None]
    return found
