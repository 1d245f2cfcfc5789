"""Lovász hinge."""

from typing import Unpack

from mmseg.registry import MODELS
from torch import Tensor

from mmseg_medical.models.losses._channels import Channels
from mmseg_medical.models.losses._lovasz import LovaszRegionLoss
from mmseg_medical.models.losses._region import RegionOptions


@MODELS.register_module()
class LovaszHingeLoss(LovaszRegionLoss):
    """Lovász extension of the Jaccard loss on hinge errors.

    loss = Lovász(max(0, 1 - s m)),  s = 2 y - 1,  m = log(p / (1 - p))

    The margin m is the logit of a channel; of classes that exclude each other
    it comes from the softmax, each class against the rest.

    Args:
        loss_name: Name in the log.
        **options: ``include_background``, ``skip_empty``, ``class_weight``,
            ``batch``, ``reduction``, ``loss_weight``: see ``RegionLoss``.

    Shape:
        pred: (N, C, H, W) raw logits.  target: (N, H, W) or (N, C, H, W).
        output: scalar >= 0, not below the Jaccard loss of ``m > 0``.

    Raises:
        InputError: As ``ChannelLoss``.

    Reference: Yu & Blaschko, arXiv:1512.07797; Berman et al., CVPR 2018,
        arXiv:1705.08790

    Example:
        >>> loss_decode = dict(type='LovaszHingeLoss', batch=False)
    """

    def __init__(
        self,
        *,
        loss_name: str = 'loss_lovasz_hinge',
        **options: Unpack[RegionOptions],
    ) -> None:
        super().__init__(loss_name=loss_name, **options)

    def errors(self, channels: Channels) -> Tensor:
        signs = 2 * channels.target - 1
        return (1 - signs * channels.log_odds()).relu()
