"""What the losses share: options, the mean, the call of the segmentor."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, TypedDict

import torch
from torch import Tensor, nn

from mmseg_medical.errors import InputError
from mmseg_medical.models.losses._channels import Channels
from mmseg_medical.models.losses._inputs import as_channels


class LossOptions(TypedDict, total=False):
    """Options of every loss; their meaning stands in ``ChannelLoss``."""

    class_weight: Sequence[float] | None
    batch: bool
    reduction: str
    loss_weight: float


class ChannelLoss(nn.Module, ABC):
    """A loss as the weighted mean of values of images and channels.

    loss = sum_bk(mass_bk * value_bk) / sum_bk(mass_bk)

    Args:
        class_weight: Factor of each class, >= 0; None for 1. What counts as
            a class is said by ``PixelLoss`` and ``RegionLoss``.
        batch: Whether all images together give one value (those of one
            process, where several train); else each image gives its own, and
            their mean is taken.
        reduction: ``'mean'`` for a scalar, or ``'none'`` for the values.
        loss_weight: Factor of the loss, >= 0.
        loss_name: Name in the log; ``loss_`` first, or it is only shown.

    Shape:
        pred: (N, C, H, W) raw logits.  target: (N, H, W) class indices where
        channels exclude each other, else (N, C, H, W) in {0, 1}; or
        ``ignore_index``.  weight: (N, H, W), (N, 1, H, W) or (N, C, H, W).
        output: scalar, 0 where all pixels are ignored; for ``'none'`` (N, K),
        or (1, K) with ``batch``, 0 where nothing counts.

    Raises:
        InputError: If an option is out of its range, or, when called, inputs
            do not fit each other or the options.
    """

    class_weight: Tensor | None

    def __init__(
        self,
        *,
        loss_name: str,
        class_weight: Sequence[float] | None = None,
        batch: bool = True,
        reduction: str = 'mean',
        loss_weight: float = 1.0,
    ) -> None:
        super().__init__()
        require(loss_weight >= 0, 'loss_weight', loss_weight, '>= 0')
        choices = ('mean', 'none')
        require(reduction in choices, 'reduction', reduction, f'in {choices}')
        self.loss_name = loss_name
        self.loss_weight = loss_weight
        self.batch = batch
        self.reduction = reduction
        self.register_factors('class_weight', class_weight)

    def register_factors(
        self, name: str, factors: float | Sequence[float] | None
    ) -> None:
        """Keep factors as a tensor that moves with the model, not saved.

        Args:
            name: Name of the option, for the attribute and for errors.
            factors: One or several, >= 0 and one of them > 0; or None.
        """
        buffer = None
        if factors is not None:
            buffer = torch.as_tensor(factors, dtype=torch.float32).reshape(-1)
            valid = bool((buffer >= 0).all() and (buffer > 0).any())
            require(valid, name, factors, '>= 0 and not all of them 0')
        self.register_buffer(name, buffer, persistent=False)

    def class_factors(self, like: Tensor, count: int, classes: str) -> Tensor:
        """``class_weight`` or ones, (count,), of the type of a tensor."""
        if self.class_weight is None:
            return like.new_ones(count)
        found = len(self.class_weight)
        require(
            found == count,
            'len(class_weight)',
            found,
            f'one factor for each of {count} {classes}',
        )
        return self.class_weight.to(like)

    def total(self, values: Tensor) -> Tensor:
        """Sum of (N, K, H, W) over the pixels: (N, K), (1, K) by batch."""
        sums = values.sum((2, 3))
        return sums.sum(0, keepdim=True) if self.batch else sums

    def forward(
        self,
        pred: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        *,
        ignore_index: int = 255,
    ) -> Tensor:
        """Loss of logits against a target; shapes stand in the class."""
        channels = as_channels(pred, target, weight, ignore_index=ignore_index)
        values, mass = self.values(channels)
        if self.reduction == 'none':
            return self.loss_weight * values * (mass > 0)
        return self.loss_weight * ratio((values * mass).sum(), mass.sum())

    @abstractmethod
    def values(self, channels: Channels) -> tuple[Tensor, Tensor]:
        """Values and their mass in the mean, both (N, K), (1, K) by batch."""


def ratio(part: Tensor, whole: Tensor) -> Tensor:
    """``part / whole`` of tensors; ``part`` where there is no whole."""
    return part / (whole + (whole == 0))


def require(valid: bool, name: str, value: Any, expected: str) -> None:
    """Refuse an option.

    Raises:
        InputError: If it is not valid.
    """
    if not valid:
        raise InputError(
            f'{name} is {value!r}, expected {expected}; change it in the '
            'loss_decode of the head'
        )
