"""Stain normalisation and stain augmentation in a pipeline."""

from typing import Any

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS

from mmseg_medical.converters.image import read_image
from mmseg_medical.errors import InputError
from mmseg_medical.stain import build_normalizer, jitter_stains


def _to_rgb(results: dict[str, Any]) -> Any:
    img = results['img']
    if img.ndim != 3 or img.shape[2] != 3 or img.dtype != np.uint8:
        raise InputError(
            f'{results.get("img_path", "image")}: stains are those of 8-bit '
            f'colour images, got {img.shape} of {img.dtype}'
        )
    return cv2.cvtColor(img, cv2.COLOR_BGR2RGB)


@TRANSFORMS.register_module()
class StainNormalize(BaseTransform):
    """Give H&E images the colours of a target.

    Images with too little tissue or only one colour pass unchanged; each
    sample says so in ``stain_normalized``, which the per-image table of the
    metric counts.

    Args:
        method: ``'macenko'``, ``'reinhard'``, ``'vahadane'``, or a ``.json``
            file with a saved target.
        target: Image file to fit to, where ``method`` is a name; ``macenko``
            has the authors' reference as default.
        prob: Probability of normalising an image; below 1 the rest keeps its
            own colours, as augmentation.
        options: Arguments of the normaliser.

    Required keys: img (H, W, 3) uint8 BGR.
    Modified keys: img. Added keys: stain_normalized (bool), False where the
    image had to pass unchanged.

    Raises:
        InputError: If there is no target, or the image is not 8-bit colour.

    Example:
        >>> dict(type='StainNormalize', method='work_dirs/target.json')
    """

    def __init__(
        self,
        method: str = 'macenko',
        target: str | None = None,
        *,
        prob: float = 1.0,
        options: dict[str, Any] | None = None,
    ) -> None:
        self.normalizer = build_normalizer(method, **(options or {}))
        if target is not None:
            self.normalizer.fit(read_image(target)[..., :3])
        if self.normalizer.target is None:
            raise InputError(
                f'{method} needs a target: an image file as target=, or a '
                'saved .json as method='
            )
        self.prob = prob

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        if np.random.random() >= self.prob:
            return results
        rgb = _to_rgb(results)
        normalized = self.normalizer.normalize(rgb)
        results['stain_normalized'] = normalized is not rgb
        if normalized is not rgb:
            results['img'] = cv2.cvtColor(normalized, cv2.COLOR_RGB2BGR)
        return results


@TRANSFORMS.register_module()
class StainJitter(BaseTransform):
    """Vary the strength of haematoxylin, eosin and DAB.

    Args:
        gain: Concentrations are multiplied by 1 - gain … 1 + gain.
        shift: -shift … shift is added to them, in optical density.
        prob: Probability of changing an image.

    Required keys: img (H, W, 3) uint8 BGR. Modified keys: img.

    Source: Tellez et al., IEEE Transactions on Medical Imaging 37, 2018.

    Example:
        >>> dict(type='StainJitter', gain=0.1, shift=0.02, prob=0.5)
    """

    def __init__(
        self, gain: float = 0.1, shift: float = 0.02, *, prob: float = 0.5
    ) -> None:
        if not 0 <= gain < 1 or shift < 0:
            raise InputError(
                f'gain {gain} must lie in [0, 1), shift {shift} be >= 0'
            )
        self.gain = gain
        self.shift = shift
        self.prob = prob

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        if np.random.random() >= self.prob:
            return results
        gain = 1 + np.random.uniform(-self.gain, self.gain, 3)
        shift = np.random.uniform(-self.shift, self.shift, 3)
        rgb = _to_rgb(results)
        changed = jitter_stains(rgb, gain, shift)
        results['img'] = cv2.cvtColor(changed, cv2.COLOR_RGB2BGR)
        return results
