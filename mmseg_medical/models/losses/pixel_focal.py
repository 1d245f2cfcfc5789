"""Focal loss."""

from typing import Unpack

import torch
import torch.nn.functional as F
from mmseg.registry import MODELS
from torch import Tensor

from mmseg_medical.models.losses._channels import Channels
from mmseg_medical.models.losses._loss import LossOptions, require
from mmseg_medical.models.losses._pixel import PixelLoss


@MODELS.register_module()
class PixelFocalLoss(PixelLoss):
    """Cross entropy in which pixels that are nearly right count little.

    loss = -alpha_t (1 - p_t) ** gamma log p_t

    p_t is the probability of the true class of a pixel, or of the true state
    of a channel where classes overlap; alpha_t is ``alpha`` in the foreground
    and ``1 - alpha`` outside. MMSegmentation's ``FocalLoss`` fails with one
    channel on the CPU.

    Args:
        gamma: Exponent, >= 0; 0 is the cross entropy.
        alpha: Weight of the foreground, in [0, 1], for one channel (or two
            that exclude each other) and for classes that overlap; None for
            no weight at all, which is twice the 0.5. It is not in the
            divisor. Several exclusive classes take ``class_weight``.
        loss_name: Name in the log.
        **options: ``class_weight``, ``batch``, ``reduction``,
            ``loss_weight``: see ``PixelLoss``.

    Shape:
        pred: (N, C, H, W) raw logits.  target: (N, H, W) or (N, C, H, W).
        output: scalar, 0 where all pixels are ignored.

    Raises:
        InputError: If ``gamma`` or ``alpha`` is out of its range, if
            ``alpha`` meets several exclusive classes, or as ``ChannelLoss``.

    Reference: Lin et al., ICCV 2017, arXiv:1708.02002; mean over the pixels,
        not over the positive ones

    Example:
        >>> loss_decode = dict(type='PixelFocalLoss', gamma=2, alpha=0.25)
    """

    def __init__(
        self,
        *,
        gamma: float = 2.0,
        alpha: float | None = None,
        loss_name: str = 'loss_focal',
        **options: Unpack[LossOptions],
    ) -> None:
        super().__init__(loss_name=loss_name, **options)
        require(gamma >= 0, 'gamma', gamma, '>= 0')
        require(alpha is None or 0 <= alpha <= 1, 'alpha', alpha, 'in [0, 1]')
        self.gamma = gamma
        self.alpha = alpha

    def pixel_loss(self, channels: Channels) -> Tensor:
        target = channels.target
        if channels.exclusive:  # log p_t, (N, 1, H, W) or (N, C, H, W)
            log_p = channels.logits.log_softmax(1)
            log_p = (target * log_p).sum(1, keepdim=True)
        else:
            log_p = F.logsigmoid((2 * target - 1) * channels.logits)
        # At 0 a power below 1 has no finite slope.
        doubt = (-log_p.expm1()).clamp(min=torch.finfo(log_p.dtype).tiny)
        loss = -(doubt**self.gamma) * log_p
        if self.alpha is None:
            return loss
        require(
            not channels.exclusive,
            'alpha',
            self.alpha,
            'None for several classes that exclude each other; they take '
            'class_weight',
        )
        return loss * (1 - self.alpha + (2 * self.alpha - 1) * target)
