"""Binary cross entropy per channel."""

from collections.abc import Sequence
from typing import Unpack

import torch.nn.functional as F
from mmseg.registry import MODELS
from torch import Tensor

from mmseg_medical.models.losses._channels import Channels
from mmseg_medical.models.losses._loss import LossOptions, require
from mmseg_medical.models.losses._pixel import PixelLoss


@MODELS.register_module()
class BCELoss(PixelLoss):
    """Binary cross entropy of each channel, mean over the pixels that count.

    loss = -(pos_weight y log p + (1 - y) log(1 - p))

    p is the probability of the task: the sigmoid of a channel; of classes
    that exclude each other the softmax, so that each is told from the rest.

    MMSegmentation's ``CrossEntropyLoss(use_sigmoid=True)`` divides by the
    pixels to be ignored as well, and fails where all of them are.

    Args:
        pos_weight: Factor of the positive pixels, >= 0; one, or one per
            channel. It is not in the divisor, as in PyTorch.
        label_smoothing: Share of the target that is spread evenly, in
            [0, 1): 0.1 turns 0 and 1 into 0.05 and 0.95.
        loss_name: Name in the log.
        **options: ``class_weight``, ``batch``, ``reduction``,
            ``loss_weight``: see ``PixelLoss``.

    Shape:
        pred: (N, C, H, W) raw logits.  target: (N, H, W) or (N, C, H, W).
        output: scalar, 0 where all pixels are ignored.

    Raises:
        InputError: If ``pos_weight`` or ``label_smoothing`` is out of its
            range, or as ``ChannelLoss``.

    Example:
        >>> loss_decode = dict(type='BCELoss', loss_weight=0.5)
    """

    pos_weight: Tensor | None

    def __init__(
        self,
        *,
        pos_weight: float | Sequence[float] | None = None,
        label_smoothing: float = 0.0,
        loss_name: str = 'loss_bce',
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
        self.register_factors('pos_weight', pos_weight)

    def pixel_loss(self, channels: Channels) -> Tensor:
        soft = self.label_smoothing
        target = (1 - soft) * channels.target + soft / 2
        pos_weight = self.pos_weight
        if pos_weight is not None:
            found, count = len(pos_weight), target.shape[1]
            require(
                found in (1, count),
                'len(pos_weight)',
                found,
                f'one factor, or one for each of {count} channels',
            )
            pos_weight = pos_weight.to(target).view(-1, 1, 1)
        return F.binary_cross_entropy_with_logits(
            channels.log_odds(),
            target,
            pos_weight=pos_weight,
            reduction='none',
        )
