"""Is there anything in the image?"""

from typing import Any

import torch
import torch.nn.functional as F
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import Tensor

from mmseg_medical.models.image_heads.base import ImageHead, mean_of_known
from mmseg_medical.models.task import Task


@MODELS.register_module()
class PresenceHead(ImageHead):
    """Probability that an image has any foreground.

    Learned from the masks themselves. With ``model.test_cfg.gate_thr`` images
    that are less likely to have any get no label at all, which is what
    decides where empty images score 0 or 1.

    Args:
        in_channels: Channels of the feature map.
        ignore_index: Label of pixels to leave out.
        kwargs: Arguments of :class:`ImageHead`.

    Shape:
        loss: outputs (N, 1).  read: ``presence``, float in [0, 1], the
        greatest of all windows, in the mean over variants.

    Source: the empty-mask head of the 4th place of SIIM-ACR 2019.

    Example:
        >>> image_heads = dict(
        ...     presence=dict(
        ...         type='PresenceHead', in_channels=256, loss_weight=0.1
        ...     )
        ... )
    """

    keys = ('presence',)

    def __init__(
        self, in_channels: int, *, ignore_index: int = 255, **kwargs: Any
    ) -> None:
        super().__init__(in_channels, 1, **kwargs)
        self.ignore_index = ignore_index

    def loss(
        self, outputs: Tensor, samples: list[SegDataSample], task: Task
    ) -> Tensor:
        masks = [sample.gt_sem_seg.data for sample in samples]
        counts = [mask != self.ignore_index for mask in masks]
        target = torch.stack(
            [
                ((mask > 0) & count).any()
                for mask, count in zip(masks, counts, strict=True)
            ]
        )
        known = torch.stack([count.any() for count in counts])
        losses = F.binary_cross_entropy_with_logits(
            outputs[:, 0].float(), target.float(), reduction='none'
        )
        return self.loss_weight * mean_of_known(losses, known)

    def probs(self, outputs: Tensor) -> Tensor:
        return outputs.float().sigmoid()

    def pool(self, values: Tensor) -> Tensor:
        return values.amax(0)

    def read(self, values: Tensor) -> dict[str, Any]:
        return dict(presence=float(values))
