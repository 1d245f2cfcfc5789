"""The one place that knows albumentations."""

import os
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS

from mmseg_medical._optional import optional
from mmseg_medical.datasets.transforms._sample import mask_fields
from mmseg_medical.errors import InputError


@TRANSFORMS.register_module()
class ApplyAlbumentations(BaseTransform):
    """Apply albumentations to the image and what lies upon its pixels.

    Colour transforms see RGB, masks are warped with nearest neighbours, and
    each call is seeded from numpy's generator: every worker and every resumed
    run draws what its seed says. (albumentations itself gives all forked
    workers the same draws.)

    Args:
        transforms: Configs of albumentations' classes, nested under
            ``transforms`` for ``OneOf``, ``SomeOf`` and ``Sequential``.

    Required keys: img (H, W, C) BGR uint8, seg_fields (optional).
    Modified keys: img, img_shape, what seg_fields names, seg_weight.

    Raises:
        ImportError: If albumentations is not installed.
        InputError: If a name is no class of albumentations, or its
            arguments do not fit.

    Example:
        >>> dict(
        ...     type='ApplyAlbumentations',
        ...     transforms=[
        ...         dict(type='D4', p=1),
        ...         dict(type='HueSaturationValue', p=0.5),
        ...     ],
        ... )
    """

    def __init__(self, transforms: Sequence[dict[str, Any]]) -> None:
        self.transforms = list(transforms)
        library = _albumentations()
        self.compose = library.Compose(
            [_build(library, t) for t in self.transforms], p=1
        )

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        fields = mask_fields(results)
        img = results['img']
        colour = img.ndim == 3 and img.shape[2] == 3
        if colour:
            img = cv2.cvtColor(img, cv2.COLOR_BGR2RGB)
        self.compose.set_random_seed(np.random.randint(2**31))
        # Masks of one shape: albumentations stacks them to one type.
        parts = [np.atleast_3d(results[f]).transpose(2, 0, 1) for f in fields]
        out = self.compose(
            image=img, masks=[p for part in parts for p in part]
        )
        warped = iter(out['masks'])
        img = out['image']
        results['img'] = (
            cv2.cvtColor(img, cv2.COLOR_RGB2BGR) if colour else img
        )
        results['img_shape'] = img.shape[:2]
        for field, part in zip(fields, parts, strict=True):
            planes = np.stack([next(warped) for _ in part], 2)
            shape = (*planes.shape[:2], *results[field].shape[2:])
            results[field] = planes.astype(part.dtype).reshape(shape)
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(transforms={self.transforms})'


def _albumentations() -> Any:
    # Else the import asks a server on the internet for a newer version.
    os.environ.setdefault('NO_ALBUMENTATIONS_UPDATE', '1')
    return optional('albumentations', extra='albu')


def _build(library: Any, config: dict[str, Any]) -> Any:
    arguments = dict(config)
    name = arguments.pop('type', None)
    kind = getattr(library, str(name), None)
    if not isinstance(kind, type):
        raise InputError(
            f'albumentations {library.__version__} has no transform {name!r}'
        )
    if 'transforms' in arguments:
        arguments['transforms'] = [
            _build(library, t) for t in arguments['transforms']
        ]
    try:
        return kind(**arguments)
    except (TypeError, ValueError) as error:
        raise InputError(f'albumentations.{name}: {error}') from None
