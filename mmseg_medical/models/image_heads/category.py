"""Which of several kinds is the image of?"""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import Tensor

from mmseg_medical.errors import InputError
from mmseg_medical.models.image_heads.base import ImageHead, mean_of_known
from mmseg_medical.models.task import Task


@MODELS.register_module()
class CategoryHead(ImageHead):
    """Category of an image, learned from its metadata, as the organ.

    Args:
        in_channels: Channels of the feature map.
        key: Metadata that holds the category.
        categories: All its values; images without the key teach nothing.
        kwargs: Arguments of :class:`ImageHead`.

    Shape:
        loss: outputs (N, len(categories)).  read: ``pred_<key>``, the most
        likely category in the mean over the windows, and
        ``pred_<key>_prob``, its probability.

    Raises:
        InputError: If an image has another category.

    Source: the organ head of the 2nd place of HuBMAP + HPA 2022.

    Example:
        >>> image_heads = dict(
        ...     organ=dict(
        ...         type='CategoryHead',
        ...         in_channels=256,
        ...         key='organ',
        ...         categories=['kidney', 'lung', 'spleen'],
        ...         loss_weight=0.1,
        ...     )
        ... )
    """

    def __init__(
        self,
        in_channels: int,
        key: str,
        categories: Sequence[str],
        **kwargs: Any,
    ) -> None:
        super().__init__(in_channels, len(categories), **kwargs)
        self.key = key
        self.categories = list(categories)

    def loss(
        self, outputs: Tensor, samples: list[SegDataSample], task: Task
    ) -> Tensor:
        index = [self._index(sample) for sample in samples]
        target = torch.tensor(index, device=outputs.device)
        losses = F.cross_entropy(
            outputs.float(), target, ignore_index=-1, reduction='none'
        )
        return self.loss_weight * mean_of_known(losses, target >= 0)

    def _index(self, sample: SegDataSample) -> int:
        found = sample.get(self.key)
        if found is None:
            return -1
        if found not in self.categories:
            raise InputError(
                f'image {sample.get("img_id")!r} has {self.key} {found!r}, '
                f'the head knows {self.categories}; add it to categories'
            )
        return self.categories.index(found)

    def probs(self, outputs: Tensor) -> Tensor:
        return outputs.float().softmax(1)

    def read(self, values: Tensor) -> dict[str, Any]:
        prob, best = values.max(0)
        name = f'pred_{self.key}'
        return {name: self.categories[best], f'{name}_prob': float(prob)}
