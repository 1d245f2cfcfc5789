"""Boundary loss of Kervadec."""

from typing import Unpack

from mmseg.registry import MODELS
from torch import Tensor

from mmseg_medical.models.losses._channels import Channels
from mmseg_medical.models.losses._distance import distances
from mmseg_medical.models.losses._loss import ratio
from mmseg_medical.models.losses._region import RegionLoss, RegionOptions


@MODELS.register_module()
class SurfaceLoss(RegionLoss):
    """Boundary loss: probability times signed distance to the true boundary.

    loss = mean(p phi),  phi > 0 outside the mask and <= 0 inside

    phi is in pixels: 1, 2 … outside, 0, -1 … inside. The loss is negative
    where most of the prediction is inside. A class without a boundary in an
    image has none there, so it takes a region loss beside it; the paper
    starts with 0.01 of this one. Distances are computed on the CPU, some
    30 ms per class and image of 512 x 512. MMSegmentation's ``BoundaryLoss``
    is another one.

    Args:
        loss_name: Name in the log.
        **options: ``include_background``, ``skip_empty``, ``class_weight``,
            ``batch``, ``reduction``, ``loss_weight``: see ``RegionLoss``.

    Shape:
        pred: (N, C, H, W) raw logits.  target: (N, H, W) or (N, C, H, W).
        output: scalar in pixels, 0 where all pixels are ignored.

    Raises:
        InputError: As ``ChannelLoss``.

    Reference: Kervadec et al., MIDL 2019, arXiv:1812.07032

    Example:
        >>> loss_decode = [
        ...     dict(type='SoftDiceLoss'),
        ...     dict(type='SurfaceLoss', loss_weight=0.01),
        ... ]
    """

    def __init__(
        self,
        *,
        loss_name: str = 'loss_surface',
        **options: Unpack[RegionOptions],
    ) -> None:
        super().__init__(loss_name=loss_name, **options)

    def region_loss(self, channels: Channels) -> Tensor:
        outside, inside = distances(channels.target > 0.5, channels)
        phi = outside - (inside - 1).clamp(min=0)
        loss = self.total(channels.weight * phi * channels.probs())
        return ratio(loss, self.total(channels.weight))
