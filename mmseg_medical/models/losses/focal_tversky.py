"""Focal Tversky loss."""

from typing import Unpack

from mmseg.registry import MODELS
from torch import Tensor

from mmseg_medical.models.losses._channels import Channels
from mmseg_medical.models.losses._loss import require
from mmseg_medical.models.losses._region import RegionOptions
from mmseg_medical.models.losses.soft_tversky import SoftTverskyLoss


@MODELS.register_module()
class FocalTverskyLoss(SoftTverskyLoss):
    """Tversky loss raised to ``1 / gamma``, for small and rare structures.

    TI = (TP + smooth) / (TP + alpha FP + beta FN + smooth)
    loss = (1 - TI) ** (1 / gamma)

    Each class, and each image without ``batch``, is raised before the mean.

    Args:
        alpha: Weight of false positives, >= 0.
        beta: Weight of false negatives, >= 0. The paper has the two letters
            the other way round.
        gamma: Inverse of the exponent, > 0; above 1 a class that is nearly
            right keeps a gradient, 1 is the Tversky loss.
        smooth: Pixels added above and below, > 0.
        loss_name: Name in the log.
        **options: ``include_background``, ``skip_empty``, ``class_weight``,
            ``batch``, ``reduction``, ``loss_weight``: see ``RegionLoss``.

    Shape:
        pred: (N, C, H, W) raw logits.  target: (N, H, W) or (N, C, H, W).
        output: scalar in [0, ``loss_weight``].

    Raises:
        InputError: If ``gamma <= 0``, or as ``SoftTverskyLoss``.

    Reference: Abraham & Khan, ISBI 2019, arXiv:1810.07842

    Example:
        >>> loss_decode = dict(type='FocalTverskyLoss', gamma=4 / 3)
    """

    def __init__(
        self,
        *,
        alpha: float = 0.3,
        beta: float = 0.7,
        gamma: float = 4 / 3,
        smooth: float = 1.0,
        loss_name: str = 'loss_focal_tversky',
        **options: Unpack[RegionOptions],
    ) -> None:
        super().__init__(
            alpha=alpha,
            beta=beta,
            smooth=smooth,
            loss_name=loss_name,
            **options,
        )
        require(gamma > 0, 'gamma', gamma, '> 0')
        self.gamma = gamma

    def region_loss(self, channels: Channels) -> Tensor:
        loss = super().region_loss(channels)
        # At 0 the root has no finite slope.
        return loss.clamp(min=1e-7) ** (1 / self.gamma)
