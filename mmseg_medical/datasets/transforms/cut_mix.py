"""A window of another image of the same group."""

from typing import Any

import numpy as np
from mmseg.registry import TRANSFORMS

from mmseg_medical.datasets.transforms._group import MixWithinGroup
from mmseg_medical.datasets.transforms._sample import INSTANCES, mask_fields


@TRANSFORMS.register_module()
class CutMixWithinGroup(MixWithinGroup):
    """Paste a window of another sample of the group, image and masks.

    Works for every task and loss. The window has the shape of the image and
    a share of 1 - Beta(alpha, alpha) of its area, less where it leaves it.

    Args:
        key: What both samples have in common, as ``'organ'`` or
            ``'data_source'``; None takes any two.
        prob: Probability of mixing.
        alpha: 1 draws the area evenly; less prefers hardly any and nearly
            all of it.

    Required keys: img, seg_fields, the one that ``key`` names; both samples
    of one size. Modified keys: img, what seg_fields names, seg_weight.

    Raises:
        InputError: If an argument is out of its range, samples have no such
            key or are of different sizes, or this is no pipeline of
            ``MultiImageMixDataset``.

    Reference: Yun et al., ICCV 2019, arXiv:1905.04899; within an organ as in
        the third place of HuBMAP + HPA 2022

    Example:
        >>> dataset = dict(
        ...     type='MultiImageMixDataset',
        ...     dataset=dict(type='HuBMAPDataset', pipeline=load),
        ...     pipeline=[
        ...         dict(type='CutMixWithinGroup', key='organ', prob=0.5),
        ...         dict(type='PackMedicalInputs'),
        ...     ],
        ... )
    """

    def __init__(
        self,
        key: str | None = None,
        *,
        prob: float = 0.5,
        alpha: float = 1.0,
    ) -> None:
        super().__init__(key, prob=prob, alpha=alpha)

    def mix(
        self, results: dict[str, Any], other: dict[str, Any], share: float
    ) -> dict[str, Any]:
        size = np.array(results['img'].shape[:2])
        center = np.random.randint(0, size)
        half = np.rint(size * np.sqrt(1 - share) / 2).astype(int)
        top, left = np.maximum(center - half, 0)
        bottom, right = np.minimum(center + half, size)
        window = (slice(top, bottom), slice(left, right))
        for field in ('img', *mask_fields(results)):
            mixed = results[field].copy()
            pasted = other[field][window]
            if field == INSTANCES:  # other objects, which have other ids
                last = max(mixed.max(), 0)
                pasted = np.where(pasted > 0, pasted + last, pasted)
            mixed[window] = pasted
            results[field] = mixed
        return results
