"""Soft Jaccard loss."""

from typing import Unpack

from mmseg.registry import MODELS
from torch import Tensor

from mmseg_medical.models.losses._channels import Channels
from mmseg_medical.models.losses._loss import require
from mmseg_medical.models.losses._region import RegionLoss, RegionOptions


@MODELS.register_module()
class JaccardLoss(RegionLoss):
    """One minus the intersection over union of probabilities and mask.

    loss = 1 - (TP + smooth) / (TP + FP + FN + smooth)

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

    Reference: Rahman & Wang, ISVC 2016, doi:10.1007/978-3-319-50835-1_22

    Example:
        >>> loss_decode = dict(type='JaccardLoss', batch=False)
    """

    def __init__(
        self,
        *,
        smooth: float = 1.0,
        loss_name: str = 'loss_jaccard',
        **options: Unpack[RegionOptions],
    ) -> None:
        super().__init__(loss_name=loss_name, **options)
        require(smooth > 0, 'smooth', smooth, '> 0')
        self.smooth = smooth

    def region_loss(self, channels: Channels) -> Tensor:
        tp, fp, fn = self.counts(channels)
        return (fp + fn) / (tp + fp + fn + self.smooth)
