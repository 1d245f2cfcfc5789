"""Lovász-softmax."""

from typing import Unpack

from mmseg.registry import MODELS
from torch import Tensor

from mmseg_medical.models.losses._channels import Channels
from mmseg_medical.models.losses._lovasz import LovaszRegionLoss
from mmseg_medical.models.losses._region import RegionOptions


@MODELS.register_module()
class LovaszSoftmaxLoss(LovaszRegionLoss):
    """Lovász extension of the Jaccard loss on errors of probabilities.

    loss = Lovász(|y - p|)

    p is the softmax, or the sigmoid of a channel. The paper averages over
    the classes that are present, the background included:
    ``skip_empty=True, include_background=True``.

    Args:
        loss_name: Name in the log.
        **options: ``include_background``, ``skip_empty``, ``class_weight``,
            ``batch``, ``reduction``, ``loss_weight``: see ``RegionLoss``.

    Shape:
        pred: (N, C, H, W) raw logits.  target: (N, H, W) or (N, C, H, W).
        output: scalar in [0, ``loss_weight``].

    Raises:
        InputError: As ``ChannelLoss``.

    Reference: Berman et al., CVPR 2018, arXiv:1705.08790

    Example:
        >>> loss_decode = dict(type='LovaszSoftmaxLoss', skip_empty=True)
    """

    def __init__(
        self,
        *,
        loss_name: str = 'loss_lovasz_softmax',
        **options: Unpack[RegionOptions],
    ) -> None:
        super().__init__(loss_name=loss_name, **options)

    def errors(self, channels: Channels) -> Tensor:
        return (channels.target - channels.probs()).abs()
