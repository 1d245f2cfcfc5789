"""Surrogate of the Hausdorff distance by distance transforms."""

from typing import Unpack

import torch
from mmseg.registry import MODELS
from torch import Tensor

from mmseg_medical.models.losses._channels import Channels
from mmseg_medical.models.losses._distance import distances
from mmseg_medical.models.losses._loss import ratio, require
from mmseg_medical.models.losses._region import RegionLoss, RegionOptions


@MODELS.register_module()
class HausdorffDTLoss(RegionLoss):
    """Errors by their distance to the boundaries of mask and prediction.

    loss = mean((p - y)^2 (d_y^alpha + d_p^alpha))

    d_y is the distance, in pixels, to the boundary of the mask; d_p to that
    of the prediction at a probability of 0.5, without a gradient of its own.
    Where one of them has no boundary, the other remains. Distances are
    computed on the CPU, some 60 ms per class and image of 512 x 512.

    Args:
        alpha: Exponent of the distances, > 0; the larger, the more the worst
            errors count.
        loss_name: Name in the log.
        **options: ``include_background``, ``skip_empty``, ``class_weight``,
            ``batch``, ``reduction``, ``loss_weight``: see ``RegionLoss``.

    Shape:
        pred: (N, C, H, W) raw logits.  target: (N, H, W) or (N, C, H, W).
        output: scalar >= 0, in pixels to the power of ``alpha``.

    Raises:
        InputError: If ``alpha <= 0``, or as ``ChannelLoss``.

    Reference: Karimi & Salcudean, IEEE TMI 2020, arXiv:1904.10030, Loss_DT

    Example:
        >>> loss_decode = [
        ...     dict(type='SoftDiceLoss'),
        ...     dict(type='HausdorffDTLoss', loss_weight=0.001),
        ... ]
    """

    def __init__(
        self,
        *,
        alpha: float = 2.0,
        loss_name: str = 'loss_hausdorff',
        **options: Unpack[RegionOptions],
    ) -> None:
        super().__init__(loss_name=loss_name, **options)
        require(alpha > 0, 'alpha', alpha, '> 0')
        self.alpha = alpha

    def region_loss(self, channels: Channels) -> Tensor:
        probs = channels.probs()
        price = torch.zeros_like(probs)
        for region in (channels.target > 0.5, probs > 0.5):
            outside, inside = distances(region, channels)
            price += (outside + inside) ** self.alpha
        errors = (probs - channels.target) ** 2
        loss = self.total(channels.weight * errors * price)
        return ratio(loss, self.total(channels.weight))
