"""Losses that compare regions: one value per image or batch and class."""

from abc import abstractmethod
from typing import Unpack

from torch import Tensor

from mmseg_medical.models.losses._channels import Channels
from mmseg_medical.models.losses._loss import ChannelLoss, LossOptions


class RegionOptions(LossOptions, total=False):
    """Options of losses of regions, explained in ``RegionLoss``."""

    include_background: bool
    skip_empty: bool


class RegionLoss(ChannelLoss):
    """Mean over classes, and over images without ``batch``.

    K classes are scored: the foreground of a binary task, with one channel
    or two; all but class 0 of C classes that exclude each other; all that
    overlap. ``class_weight`` has one factor for each of them.

    Args:
        include_background: Score the background as well: class 0, or the
            complement of a single channel.
        skip_empty: Leave classes out that no pixel of the target has, in the
            batch or, without ``batch``, in the image.
        loss_name: Name in the log.
        **options: ``class_weight``, ``batch``, ``reduction`` and
            ``loss_weight`` of ``ChannelLoss``.
    """

    def __init__(
        self,
        *,
        loss_name: str,
        include_background: bool = False,
        skip_empty: bool = False,
        **options: Unpack[LossOptions],
    ) -> None:
        super().__init__(loss_name=loss_name, **options)
        self.include_background = include_background
        self.skip_empty = skip_empty

    def values(self, channels: Channels) -> tuple[Tensor, Tensor]:
        channels = channels.regions(self.include_background)
        value = self.region_loss(channels)
        area = channels.weight
        if self.skip_empty:
            area = area * channels.target
        factors = self.class_factors(
            value,
            value.shape[1],
            'scored classes; the background is '
            f'{"one" if self.include_background else "none"} of them '
            f'(include_background={self.include_background})',
        )
        return value, (self.total(area) > 0) * factors

    def counts(self, channels: Channels) -> tuple[Tensor, Tensor, Tensor]:
        """Soft true positives, false positives, false negatives.

        Each is a sum of its own, (N, K) or (1, K) by batch: a difference of
        sums would lose what little is wrong with a good prediction.
        """
        positive = channels.weight * channels.probs()
        true = channels.weight * channels.target
        both = positive * channels.target
        return (
            self.total(both),
            self.total(positive - both),
            self.total(true - both),
        )

    @abstractmethod
    def region_loss(self, channels: Channels) -> Tensor:
        """Loss of each class, (N, K), or (1, K) by batch; finite always."""
