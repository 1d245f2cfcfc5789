"""How large is something that is known of the image?"""

import math
from typing import Any

import torch
import torch.nn.functional as F
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import Tensor

from mmseg_medical.models.image_heads.base import ImageHead, mean_of_known
from mmseg_medical.models.task import Task


@MODELS.register_module()
class QuantityHead(ImageHead):
    """A positive number of an image, learned from its metadata.

    The logarithm is learned, by the smooth L1 loss, so that pixel sizes of
    0.2 and of 6 µm weigh alike.

    Args:
        in_channels: Channels of the feature map.
        key: Metadata that holds the number, above 0, as ``'pixel_size'`` in
            µm; images without it teach nothing.
        kwargs: Arguments of :class:`ImageHead`.

    Shape:
        loss: outputs (N, 1).  read: ``pred_<key>``, the geometric mean over
        the windows, in the unit of the key.

    Source: the pixel-size head of the 2nd place of HuBMAP + HPA 2022.

    Example:
        >>> image_heads = dict(
        ...     pixel_size=dict(
        ...         type='QuantityHead', in_channels=256, key='pixel_size'
        ...     )
        ... )
    """

    def __init__(self, in_channels: int, key: str, **kwargs: Any) -> None:
        super().__init__(in_channels, 1, **kwargs)
        self.key = key

    def loss(
        self, outputs: Tensor, samples: list[SegDataSample], task: Task
    ) -> Tensor:
        found = [float(sample.get(self.key) or math.nan) for sample in samples]
        target = outputs.new_tensor(found, dtype=torch.float32).log()
        known = target.isfinite()
        losses = F.smooth_l1_loss(
            outputs[:, 0].float(), target.where(known, 0), reduction='none'
        )
        return self.loss_weight * mean_of_known(losses, known)

    def probs(self, outputs: Tensor) -> Tensor:
        return outputs.float()

    def read(self, values: Tensor) -> dict[str, Any]:
        return {f'pred_{self.key}': float(values.exp())}
