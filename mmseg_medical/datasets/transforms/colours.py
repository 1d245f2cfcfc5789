"""Brightness, contrast and colours as augmentation, in one pass each."""

from typing import Any

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS
from numpy.typing import NDArray

from mmseg_medical.errors import InputError

_LUMINANCE = np.array([0.114, 0.587, 0.299])  # of BGR, ITU-R BT.601


@TRANSFORMS.register_module()
class JitterColours(BaseTransform):
    """Vary brightness, contrast, gamma, saturation and hue.

    Each is drawn anew for every image. The first three become one table of
    256 levels, the last two one matrix, so that an image is gone through
    twice, whatever is varied.

    Args:
        brightness: Levels are multiplied by 1 - brightness … 1 + brightness.
        contrast: Distances from the middle, 127.5, are multiplied by
            1 - contrast … 1 + contrast.
        gamma: Least and greatest exponent of levels of 0 to 1, drawn evenly
            in its logarithm; below 1 is brighter.
        saturation: Distances from the gray of a pixel are multiplied by
            1 - saturation … 1 + saturation.
        hue: Colours are turned round the gray axis by up to so many degrees.
        prob: Probability of changing an image.

    Required keys: img (H, W, C) uint8, BGR where C is 3; saturation and hue
    are left alone with other channels, and have to be 0 for three slices,
    which are no colours. Modified keys: img.

    Raises:
        InputError: If an argument is out of its range, or the image is not
            of 8 bits.

    Example:
        >>> dict(
        ...     type='JitterColours',
        ...     brightness=0.2,
        ...     contrast=0.2,
        ...     gamma=(0.5, 2),
        ...     saturation=0.2,
        ...     hue=10,
        ... )
    """

    def __init__(
        self,
        *,
        brightness: float = 0.0,
        contrast: float = 0.0,
        gamma: tuple[float, float] = (1.0, 1.0),
        saturation: float = 0.0,
        hue: float = 0.0,
        prob: float = 1.0,
    ) -> None:
        shares = dict(
            brightness=brightness,
            contrast=contrast,
            saturation=saturation,
            prob=prob,
        )
        for name, value in shares.items():
            if not 0 <= value <= 1:
                raise InputError(f'{name} is 0 to 1, got {value}')
        if not 0 < gamma[0] <= gamma[1]:
            raise InputError(f'gamma {gamma} must be rising and above 0')
        if not 0 <= hue <= 180:
            raise InputError(f'hue is 0 to 180 degrees, got {hue}')
        self.brightness = brightness
        self.contrast = contrast
        self.gamma = gamma
        self.saturation = saturation
        self.hue = hue
        self.prob = prob

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        if np.random.random() >= self.prob:
            return results
        img = results['img']
        if img.dtype != np.uint8:
            raise InputError(
                f'{results.get("img_path", "image")}: JitterColours takes 8 '
                f'bits, got {img.dtype}; put MapIntensity before it'
            )
        factors = 1 + np.random.uniform(-1, 1, 3) * [
            *(self.brightness, self.contrast, self.saturation)
        ]
        exponent = np.exp(np.random.uniform(*np.log(self.gamma)))
        angle = np.deg2rad(np.random.uniform(-self.hue, self.hue))
        table = level_table(factors[0], factors[1], float(exponent))
        out = cv2.LUT(img, table)
        if img.ndim == 3 and img.shape[2] == 3:
            matrix = colour_matrix(factors[2], float(angle))
            if self.saturation or self.hue:
                out = cv2.transform(out, matrix)
        results['img'] = out.reshape(img.shape)
        return results


def level_table(
    brightness: float, contrast: float, gamma: float
) -> NDArray[np.uint8]:
    """What each of 256 levels becomes: (256,) uint8.

    Args:
        brightness: Factor of the levels.
        contrast: Factor of their distance from 127.5, applied next.
        gamma: Exponent of levels of 0 to 1, applied first.
    """
    levels = (np.arange(256) / 255) ** gamma * 255 * brightness
    levels = (levels - 127.5) * contrast + 127.5
    return np.rint(levels.clip(0, 255)).astype(np.uint8)


def colour_matrix(saturation: float, hue: float) -> NDArray[np.float32]:
    """What colours are multiplied by: (3, 3) of BGR; grays stay as they are.

    Args:
        saturation: Factor of the distance from the gray of a pixel.
        hue: Angle in radians by which colours are turned round the gray axis.
    """
    # Rodrigues' formula for the axis (1, 1, 1).
    axis = np.ones(3) / np.sqrt(3)
    cross = np.cross(np.eye(3), axis)
    turn = (
        np.cos(hue) * np.eye(3)
        + np.sin(hue) * cross
        + (1 - np.cos(hue)) * np.outer(axis, axis)
    )
    fade = saturation * np.eye(3) + (1 - saturation) * _LUMINANCE
    return (fade @ turn).astype(np.float32)
