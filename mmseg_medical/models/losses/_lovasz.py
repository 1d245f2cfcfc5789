"""The Lovász extension of the Jaccard loss."""

from abc import abstractmethod

import torch
from torch import Tensor

from mmseg_medical.models.losses._channels import Channels
from mmseg_medical.models.losses._region import RegionLoss


class LovaszRegionLoss(RegionLoss):
    """Lovász extension of the Jaccard loss, of errors that a subclass has."""

    def region_loss(self, channels: Channels) -> Tensor:
        errors = self.errors(channels)
        parts = (errors, channels.target, channels.weight.expand_as(errors))
        flat = [part.flatten(2) for part in parts]  # (N, K, P)
        if self.batch:
            flat = [part.transpose(0, 1).flatten(1)[None] for part in flat]
        return lovasz_jaccard(*flat)

    @abstractmethod
    def errors(self, channels: Channels) -> Tensor:
        """Error >= 0 of each pixel, (N, K, H, W)."""


def lovasz_jaccard(errors: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """Convex, piecewise linear interpolation of one minus the Jaccard index.

    Pixels are taken as wrong one by one, those with the largest error first;
    each error is multiplied by what its pixel adds to the Jaccard loss.
    Pixels without weight add nothing, so none has to be taken out.

    Args:
        errors: (..., P), >= 0; where all are 0 or 1 the result is the
            Jaccard loss.
        target: (..., P) of 0 and 1.
        weight: (..., P), >= 0.

    Returns:
        (...); the largest error where the target is empty, 0 where nothing
        has a weight.

    Reference: Berman et al., CVPR 2018, arXiv:1705.08790, with weights
    """
    errors, order = errors.sort(-1, descending=True)
    with torch.no_grad():
        target = target.gather(-1, order)
        weight = weight.gather(-1, order).double()
        missed = weight * target
        added = weight - missed
        # An empty target is the limit of one that vanishes.
        area = missed.sum(-1, keepdim=True).clamp(min=1e-12)
        kept = (area - missed.cumsum(-1)).clamp(min=0)
        grown = added.cumsum(-1)
        union, before = area + grown, area + (grown - added)
        # Closed forms of the difference of two Jaccard losses, which would
        # drown in rounding: a true pixel is lost, or a false one is added.
        step = weight / union * torch.where(target > 0, 1, kept / before)
    return (errors * step.to(errors.dtype)).sum(-1)
