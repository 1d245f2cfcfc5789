"""Soft Dice loss."""

from typing import Unpack

from mmseg.registry import MODELS
from torch import Tensor

from mmseg_medical.models.losses._channels import Channels
from mmseg_medical.models.losses._loss import require
from mmseg_medical.models.losses._region import RegionLoss, RegionOptions


@MODELS.register_module()
class SoftDiceLoss(RegionLoss):
    """One minus the Dice coefficient of probabilities and mask.

    loss = 1 - (2 TP + smooth) / (2 TP + FP + FN + smooth)

    MMSegmentation's ``DiceLoss`` is inverted with one channel, and pools the
    classes, so that missing a small one costs next to nothing.

    Args:
        smooth: Pixels added above and below, > 0; they give a class that is
            absent from the target a loss with a gradient.
        loss_name: Name in the log.
        **options: ``include_background``, ``skip_empty``, ``class_weight``,
            ``batch``, ``reduction``, ``loss_weight``: see ``RegionLoss``.

    Shape:
        pred: (N, C, H, W) raw logits.  target: (N, H, W) or (N, C, H, W).
        output: scalar in [0, ``loss_weight``].

    Raises:
        InputError: If ``smooth <= 0``, or as ``ChannelLoss``.

    Reference: Milletari et al., 3DV 2016, arXiv:1606.04797; without squares
        below, as Drozdzal et al., arXiv:1608.04117

    Example:
        >>> loss_decode = [
        ...     dict(type='SoftDiceLoss', loss_weight=0.5),
        ...     dict(type='BCELoss', loss_weight=0.5),
        ... ]
    """

    def __init__(
        self,
        *,
        smooth: float = 1.0,
        loss_name: str = 'loss_dice',
        **options: Unpack[RegionOptions],
    ) -> None:
        super().__init__(loss_name=loss_name, **options)
        require(smooth > 0, 'smooth', smooth, '> 0')
        self.smooth = smooth

    def region_loss(self, channels: Channels) -> Tensor:
        tp, fp, fn = self.counts(channels)
        return (fp + fn) / (2 * tp + fp + fn + self.smooth)
