"""Symmetries of the square as augmentation."""

from typing import Any

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS

from mmseg_medical.datasets.transforms._sample import mask_fields
from mmseg_medical.errors import InputError

_OPENCV = ('uint8', 'uint16', 'int16', 'int32', 'float32', 'float64')


@TRANSFORMS.register_module()
class ApplySymmetry(BaseTransform):
    """Flip and turn image and masks: one of the eight symmetries, at random.

    Args:
        turns: Also turn by 90 degrees, which swaps height and width; else
            one of the four that keep the shape.
        prob: Probability of drawing one; all are as likely then, the image
            as it is among them.

    Required keys: img (H, W, C) of any type.
    Modified keys: img, img_shape, what seg_fields names, seg_weight.

    Raises:
        InputError: If ``prob`` is not within 0 to 1.

    Example:
        >>> dict(type='ApplySymmetry')
    """

    def __init__(self, *, turns: bool = True, prob: float = 1.0) -> None:
        if not 0 <= prob <= 1:
            raise InputError(f'prob is 0 to 1, got {prob}')
        self.turns = turns
        self.prob = prob

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        if np.random.random() >= self.prob:
            return results
        number = int(np.random.randint(8 if self.turns else 4))
        for field in ('img', *mask_fields(results)):
            results[field] = apply_symmetry(results[field], number)
        results['img_shape'] = results['img'].shape[:2]
        return results


def apply_symmetry(array: Any, number: int) -> Any:
    """One of the eight symmetries of the square.

    Args:
        array: (H, W) or (H, W, C).
        number: 0 to 7: bit 1 turns it upside down, bit 2 left to right, bit 4
            swaps rows and columns first.

    Returns:
        (H, W, …), or (W, H, …) where rows and columns were swapped;
        contiguous, ``array`` itself for 0.
    """
    channels = array.shape[2] if array.ndim == 3 else 1
    if array.dtype not in _OPENCV or channels > 4:  # slower, and of any type
        turned = array.swapaxes(0, 1) if number & 4 else array
        down = -1 if number & 1 else 1
        right = -1 if number & 2 else 1
        return np.ascontiguousarray(turned[::down, ::right])
    out = cv2.transpose(array) if number & 4 else array
    if number & 3:
        # OpenCV: 0 upside down, 1 left to right, -1 both.
        out = cv2.flip(out, {1: 0, 2: 1, 3: -1}[number & 3])
    return out.reshape(*out.shape[:2], *array.shape[2:])
