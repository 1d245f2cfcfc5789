"""Cross entropy."""

from typing import Unpack

import torch.nn.functional as F
from mmseg.registry import MODELS
from torch import Tensor

from mmseg_medical.models.losses._channels import Channels
from mmseg_medical.models.losses._loss import LossOptions, require
from mmseg_medical.models.losses._pixel import PixelLoss


@MODELS.register_module()
class CELoss(PixelLoss):
    """Cross entropy of the classes of a pixel, mean over those that count.

    loss = -sum_c q_c log p_c,  p = softmax(logits),
    q = (1 - label_smoothing) y + label_smoothing / C

    One channel is taken as two, with the same value; of classes that overlap,
    each is a decision between two, which makes this the ``BCELoss``.

    MMSegmentation's ``CrossEntropyLoss`` divides by the pixels to be ignored
    as well, unless told not to, and fails with ``class_weight`` and a label
    to be ignored.

    Args:
        label_smoothing: Share of the target that is spread over the classes,
            in [0, 1).
        loss_name: Name in the log.
        **options: ``class_weight``, ``batch``, ``reduction``,
            ``loss_weight``: see ``PixelLoss``.

    Shape:
        pred: (N, C, H, W) raw logits.  target: (N, H, W) or (N, C, H, W).
        output: scalar, 0 where all pixels are ignored.

    Raises:
        InputError: If ``label_smoothing`` is outside of [0, 1), or as
            ``ChannelLoss``.

    Example:
        >>> loss_decode = dict(type='CELoss', class_weight=[1, 5, 5])
    """

    def __init__(
        self,
        *,
        label_smoothing: float = 0.0,
        loss_name: str = 'loss_ce',
        **options: Unpack[LossOptions],
    ) -> None:
        super().__init__(loss_name=loss_name, **options)
        require(
            0 <= label_smoothing < 1,
            'label_smoothing',
            label_smoothing,
            'in [0, 1)',
        )
        self.label_smoothing = label_smoothing

    def pixel_loss(self, channels: Channels) -> Tensor:
        logits, soft = channels.logits, self.label_smoothing
        classes = logits.shape[1] if channels.exclusive else 2
        target = (1 - soft) * channels.target + soft / classes
        if channels.exclusive:
            return -(target * logits.log_softmax(1)).sum(1, keepdim=True)
        return F.binary_cross_entropy_with_logits(
            logits, target, reduction='none'
        )
