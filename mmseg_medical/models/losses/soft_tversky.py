"""Soft Tversky loss."""

from typing import Unpack

from mmseg.registry import MODELS
from torch import Tensor

from mmseg_medical.models.losses._channels import Channels
from mmseg_medical.models.losses._loss import require
from mmseg_medical.models.losses._region import RegionLoss, RegionOptions


@MODELS.register_module()
class SoftTverskyLoss(RegionLoss):
    """Dice loss with a price each for false positives and false negatives.

    loss = 1 - (TP + smooth) / (TP + alpha FP + beta FN + smooth)

    ``alpha = beta = 0.5`` is the Dice loss (with half of its ``smooth``),
    ``alpha = beta = 1`` the Jaccard loss. MMSegmentation's ``TverskyLoss``
    gives no signal with one channel.

    Args:
        alpha: Weight of false positives, >= 0.
        beta: Weight of false negatives, >= 0; larger than ``alpha`` for
            small structures, which are missed rather than invented.
        smooth: Pixels added above and below, > 0.
        loss_name: Name in the log.
        **options: ``include_background``, ``skip_empty``, ``class_weight``,
            ``batch``, ``reduction``, ``loss_weight``: see ``RegionLoss``.

    Shape:
        pred: (N, C, H, W) raw logits.  target: (N, H, W) or (N, C, H, W).
        output: scalar in [0, ``loss_weight``].

    Raises:
        InputError: If ``alpha`` or ``beta`` is negative or both are 0, if
            ``smooth <= 0``, or as ``ChannelLoss``.

    Reference: Salehi et al., MLMI 2017, arXiv:1706.05721

    Example:
        >>> loss_decode = dict(type='SoftTverskyLoss', alpha=0.3, beta=0.7)
    """

    def __init__(
        self,
        *,
        alpha: float = 0.3,
        beta: float = 0.7,
        smooth: float = 1.0,
        loss_name: str = 'loss_tversky',
        **options: Unpack[RegionOptions],
    ) -> None:
        super().__init__(loss_name=loss_name, **options)
        require(alpha >= 0, 'alpha', alpha, '>= 0')
        require(beta >= 0, 'beta', beta, '>= 0')
        require(alpha + beta > 0, 'alpha + beta', alpha + beta, '> 0')
        require(smooth > 0, 'smooth', smooth, '> 0')
        self.alpha = alpha
        self.beta = beta
        self.smooth = smooth

    def region_loss(self, channels: Channels) -> Tensor:
        tp, fp, fn = self.counts(channels)
        wrong = self.alpha * fp + self.beta * fn
        return wrong / (tp + wrong + self.smooth)
