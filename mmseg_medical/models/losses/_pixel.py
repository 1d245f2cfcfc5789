"""Losses that are a mean over pixels."""

from abc import abstractmethod

import torch
from torch import Tensor

from mmseg_medical.models.losses._channels import Channels
from mmseg_medical.models.losses._loss import ChannelLoss, ratio


class PixelLoss(ChannelLoss):
    """Weighted mean over the pixels that count, the background included.

    ``class_weight`` has one factor per class of the task: two for binary,
    with one channel as well, else C. It weighs the pixels of that class, or
    the channel where classes overlap. Weights are in the divisor too: twice
    the weight is the pixel twice.

    The values of ``reduction='none'`` are one per image where one decision is
    made per pixel (K = 1), else one per channel (K = C).
    """

    def values(self, channels: Channels) -> tuple[Tensor, Tensor]:
        loss = self.pixel_loss(channels)
        weight = channels.weight
        if self.class_weight is not None:
            weight = weight * self._factors(channels)
        weight = weight.expand_as(loss)
        total = self.total(weight)
        value = ratio(self.total(weight * loss), total)
        return value, total if self.batch else (total > 0).to(total)

    def _factors(self, channels: Channels) -> Tensor:
        """Factor of each pixel (N, 1, H, W), or channel (1, C, 1, 1)."""
        members = channels.target
        if channels.binary:
            members = torch.cat([1 - members, members], 1)
        count = members.shape[1]
        factors = self.class_factors(members, count, 'classes of the task')
        factors = factors.view(1, -1, 1, 1)
        if channels.binary or channels.exclusive:
            return (factors * members).sum(1, keepdim=True)
        return factors

    @abstractmethod
    def pixel_loss(self, channels: Channels) -> Tensor:
        """Loss of each pixel, (N, K, H, W)."""
