"""Binary cross entropy per channel."""

import torch.nn.functional as F
from mmseg.registry import MODELS
from torch import Tensor, nn


@MODELS.register_module()
class BCELoss(nn.Module):
    """Binary cross entropy of each channel, mean over the pixels that count.

    loss = -(y log p + (1 - y) log (1 - p)),  p = sigmoid(logit)

    MMSegmentation's ``CrossEntropyLoss(use_sigmoid=True)`` divides by the
    pixels to be ignored as well, and fails where all of them are.

    Args:
        loss_weight: Factor of the loss.
        loss_name: Name in the log; ``loss_`` first, or it is only shown.

    Shape:
        pred: (N, C, H, W) raw logits.  target: (N, C, H, W) in {0, 1}, or
        ``ignore_index``.  output: scalar, 0 where all pixels are ignored.

    Example:
        >>> loss_decode = dict(type='BCELoss', loss_weight=0.5)
    """

    def __init__(
        self, loss_weight: float = 1.0, loss_name: str = 'loss_bce'
    ) -> None:
        super().__init__()
        self.loss_weight = loss_weight
        self.loss_name = loss_name

    def forward(
        self, pred: Tensor, target: Tensor, *, ignore_index: int = 255
    ) -> Tensor:
        """Loss of logits (N, C, H, W) against a target of the same shape."""
        counts = target != ignore_index
        loss = F.binary_cross_entropy_with_logits(
            pred.float(), target.float() * counts, reduction='none'
        )
        mean = (loss * counts).sum() / counts.sum().clamp(min=1)
        return self.loss_weight * mean
