"""Images that were mixed from two, and count with both of their masks."""

from collections.abc import Iterable, Sequence

import torch
from mmseg.structures import SegDataSample
from torch import Tensor, nn

from mmseg_medical.errors import InputError
from mmseg_medical.models.losses._loss import ChannelLoss

Samples = Sequence[SegDataSample]


def is_mixed(sample: SegDataSample) -> bool:
    """Whether :class:`MixUpWithinGroup` mixed a sample."""
    return 'mixed_sem_seg' in sample


def check_mixed(modules: Iterable[nn.Module], samples: Samples) -> None:
    """Refuse what cannot count two masks of one image.

    Args:
        modules: What computes a loss: losses, or heads that do so themselves.
        samples: Batch in which an image is mixed.

    Raises:
        InputError: If one of them is no loss of this package, or averages
            images whatever their weight; or if pixels have weights.
    """
    wrong = [
        type(module).__name__
        for module in modules
        if not isinstance(module, ChannelLoss) or not module.batch
    ]
    if 'seg_weight' in samples[0]:
        wrong.append('seg_weight')
    if wrong:
        raise InputError(
            'MixUpWithinGroup needs losses of mmseg_medical with batch=True, '
            'no image_heads, map_heads and seg_weight; remove it, or change '
            f'{", ".join(wrong)}'
        )


def pad_planes(planes: Tensor, gt: Tensor, value: float = 0) -> Tensor:
    """Planes (C, h, w) with a value up to the size of masks (…, H, W)."""
    height, width = (gt.shape[k] - planes.shape[k] for k in (-2, -1))
    return nn.functional.pad(
        planes.to(gt.device), (0, width, 0, height), value=value
    )


def both_masks(
    logits: Tensor, gt: Tensor, samples: Samples
) -> tuple[Tensor, Tensor, Tensor]:
    """Images that were mixed a second time, with their other mask.

    Args:
        logits: (N, C, H, W).
        gt: (N, K, H, W) masks.
        samples: N samples.

    Returns:
        Logits and masks of N + M, the M mixed ones last, and what share of
        each pixel they are, (N + M, 1, H, W) float32.
    """
    mixed = [k for k, sample in enumerate(samples) if is_mixed(sample)]
    masks = [samples[k].mixed_sem_seg.data for k in mixed]
    others = torch.stack([pad_planes(mask, gt, 255) for mask in masks])
    share = logits.new_ones(len(samples) + len(mixed), dtype=torch.float32)
    for place, k in enumerate(mixed, len(samples)):
        share[k] = samples[k].mix_share
        share[place] = 1 - share[k]
    weight = share.view(-1, 1, 1, 1).expand(-1, 1, *gt.shape[2:])
    return (
        torch.cat([logits, logits[mixed]]),
        torch.cat([gt, others]),
        weight,
    )
