"""Heads that say one thing of an image as a whole."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from mmengine.model import BaseModule
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import Tensor, nn

from mmseg_medical.errors import InputError
from mmseg_medical.models.task import Task


class ImageHead(BaseModule):
    """Mean over the pixels of a feature map, then one linear layer.

    Args:
        in_channels: Channels of the feature map.
        out_channels: Number of outputs.
        in_index: Which map of the backbone (or neck); -1 is the coarsest.
        dropout_ratio: Dropout before the linear layer, in [0, 1).
        loss_weight: Factor of the loss.
        init_cfg: Initialisation of the weights.

    Attributes:
        keys: Names of what :meth:`read` returns.
    """

    keys: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        in_index: int = -1,
        dropout_ratio: float = 0.1,
        loss_weight: float = 1.0,
        init_cfg: Any = None,
    ) -> None:
        super().__init__(
            init_cfg or dict(type='Normal', std=0.01, layer='Linear')
        )
        self.out_channels = out_channels
        self.in_index = in_index
        self.loss_weight = loss_weight
        self.dropout = nn.Dropout(dropout_ratio)
        self.linear = nn.Linear(in_channels, out_channels)

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        """Raw outputs (N, K) from feature maps (N, C, h, w).

        Raises:
            InputError: If the map has another number of channels.
        """
        pooled = features[self.in_index].mean((2, 3))
        found, expected = pooled.shape[1], self.linear.in_features
        if found != expected:
            raise InputError(
                f'{type(self).__name__} in model.image_heads has in_channels='
                f'{expected}, map in_index={self.in_index} of the backbone '
                f'has {found} channels; set the one to the other'
            )
        return self.linear(self.dropout(pooled))

    @abstractmethod
    def loss(
        self, outputs: Tensor, samples: list[SegDataSample], task: Task
    ) -> Tensor:
        """Loss of raw outputs (N, K); 0 where no sample has a target."""

    @abstractmethod
    def probs(self, outputs: Tensor) -> Tensor:
        """What can be averaged over views, (N, K), of raw outputs (N, K)."""

    def pool(self, values: Tensor) -> Tensor:
        """One row (K,) for an image of :meth:`probs` (windows, K)."""
        return values.mean(0)

    @abstractmethod
    def read(self, values: Tensor) -> dict[str, Any]:
        """Metadata of an image from its row.

        Args:
            values: (K,) of :meth:`pool`, averaged over variants.
        """


def build_image_heads(cfgs: dict[str, dict[str, Any]]) -> nn.ModuleDict:
    """Heads from their configs by name.

    Raises:
        InputError: If the configs have no names, or one is of no such head.
    """
    if not isinstance(cfgs, dict):
        raise InputError(
            'model.image_heads is a dict of heads by name, as  presence=dict('
            f"type='PresenceHead', in_channels=…), got {type(cfgs).__name__}"
        )
    heads = nn.ModuleDict({k: MODELS.build(cfg) for k, cfg in cfgs.items()})
    for name, head in heads.items():
        if not isinstance(head, ImageHead):
            raise InputError(
                f'model.image_heads.{name} is {type(head).__name__}, which '
                'says nothing of an image as a whole; take PresenceHead, '
                'CategoryHead or QuantityHead'
            )
    return heads


def mean_of_known(losses: Tensor, known: Tensor) -> Tensor:
    """Mean of (N, …) losses over what is known; 0 where nothing is."""
    known = known.to(losses)
    return (torch.nan_to_num(losses) * known).sum() / known.sum().clamp(min=1)
