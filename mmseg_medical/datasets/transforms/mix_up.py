"""Two images of the same group, one shining through the other."""

from typing import Any

import numpy as np
from mmseg.registry import TRANSFORMS

from mmseg_medical.datasets.transforms._group import MixWithinGroup
from mmseg_medical.errors import InputError


@TRANSFORMS.register_module()
class MixUpWithinGroup(MixWithinGroup):
    """Add two images, and let the losses count both masks.

    img = s a + (1 - s) b. Of masks there are no sums: the sample keeps both,
    and :class:`MedicalSegmentor` takes each pixel twice, with the mask of a
    and a weight of s, and with that of b and 1 - s. That is MixUp for cross
    entropy; the losses of regions become those of the soft mask
    s y_a + (1 - s) y_b. It holds for every task and for pixels to be ignored.

    The segmentor refuses what would be wrong: losses with ``batch=False``,
    which average images whatever their weight, losses of MMSegmentation,
    heads with a loss of their own, and ``image_heads``.

    Args:
        key: What both samples have in common, as ``'organ'`` or
            ``'data_source'``; None takes any two.
        prob: Probability of mixing.
        alpha: s is drawn from Beta(alpha, alpha): the less, the fainter is
            one of the two.

    Required keys: img, gt_seg_map, the one that ``key`` names; both samples
    of one size. Modified keys: img, seg_fields. Added keys: mixed_seg_map,
    the mask of the other one, and mix_share.

    Raises:
        InputError: As :class:`CutMixWithinGroup`; if a sample has
            ``seg_weight``, masks beside ``gt_seg_map``, or is mixed already.

    Reference: Zhang et al., ICLR 2018, arXiv:1710.09412

    Example:
        >>> dict(type='MixUpWithinGroup', key='organ', prob=0.3)
    """

    def __init__(
        self,
        key: str | None = None,
        *,
        prob: float = 0.5,
        alpha: float = 0.4,
    ) -> None:
        super().__init__(key, prob=prob, alpha=alpha)

    def mix(
        self, results: dict[str, Any], other: dict[str, Any], share: float
    ) -> dict[str, Any]:
        for sample in (results, other):
            masks = list(sample.get('seg_fields', ()))
            if masks != ['gt_seg_map'] or 'seg_weight' in sample:
                masks += ['seg_weight'] * ('seg_weight' in sample)
                raise InputError(
                    f'{sample.get("img_path")} has {masks}; MixUpWithinGroup '
                    'takes samples with gt_seg_map and nothing else that lies '
                    'upon the pixels'
                )
        kind = results['img'].dtype
        mixed = results['img'] * np.float32(share)
        mixed += other['img'] * np.float32(1 - share)
        if kind.kind != 'f':
            np.rint(mixed, out=mixed)
        results['img'] = mixed.astype(kind)
        results['mixed_seg_map'] = other['gt_seg_map']
        results['seg_fields'] = ['gt_seg_map', 'mixed_seg_map']
        results['mix_share'] = share
        return results
