"""Heads that learn a number of each pixel, as its distance to a border."""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import Tensor, nn

from mmseg_medical.errors import InputError
from mmseg_medical.models.image_heads.base import mean_of_known

LOSSES = dict(l1=F.l1_loss, l2=F.mse_loss, smooth_l1=F.smooth_l1_loss)


@MODELS.register_module()
class MapLoss(nn.Module):
    """Mean distance of maps, over the pixels that are known.

    Args:
        kind: ``'l1'``, ``'l2'`` (squared) or ``'smooth_l1'`` (squared, and
            half of it, below 1).
        loss_weight: Factor of the loss.
        loss_name: Name in the log.

    Shape:
        pred, target: (N, K, H, W); nan where the target is not known.
        weight: (N, 1, H, W) of pixels.  output: scalar, 0 where nothing is
        known.

    Raises:
        InputError: If ``kind`` is unknown.
    """

    def __init__(
        self,
        kind: str = 'smooth_l1',
        *,
        loss_weight: float = 1.0,
        loss_name: str = 'loss_map',
    ) -> None:
        super().__init__()
        if kind not in LOSSES:
            raise InputError(
                f'kind of MapLoss is one of {[*LOSSES]}, got {kind!r}'
            )
        self.kind = kind
        self.loss_weight = loss_weight
        self.loss_name = loss_name

    def forward(
        self, pred: Tensor, target: Tensor, weight: Tensor | None = None
    ) -> Tensor:
        """Scalar loss of (N, K, H, W) maps."""
        known = ~target.isnan()
        target = target.where(known, 0).float()
        losses = LOSSES[self.kind](pred.float(), target, reduction='none')
        share = known if weight is None else known * weight
        return self.loss_weight * mean_of_known(losses, share)


def build_map_heads(cfgs: Any) -> nn.ModuleDict:
    """Decode heads of MMSegmentation by the name of the map that they learn.

    Args:
        cfgs: Dict of configs; ``num_classes`` is the number of channels of
            the map, 1 by default, and ``loss_decode`` a :class:`MapLoss`, by
            default with its defaults, or a list of losses of maps.

    Raises:
        InputError: If the configs have no names, or one is of another head.
    """
    if not isinstance(cfgs, dict):
        raise InputError(
            'model.map_heads is a dict of heads by the name of their map, as  '
            "distance=dict(type='SMPDecodeHead', arch='Unet'), got "
            f'{type(cfgs).__name__}'
        )
    own: dict[str, Any] = dict(
        num_classes=1, threshold=0.5, loss_decode=dict(type='MapLoss')
    )
    for name, cfg in cfgs.items():
        kind: Any = cfg.get('type')
        kind = MODELS.get(kind) if isinstance(kind, str) else kind
        if kind is not None and not issubclass(kind, BaseDecodeHead):
            raise InputError(
                f'model.map_heads.{name} is {kind.__name__}; take a head that '
                'derives from BaseDecodeHead'
            )
    heads = {k: MODELS.build(own | dict(cfg)) for k, cfg in cfgs.items()}
    return nn.ModuleDict(heads)


def map_losses(
    name: str,
    head: BaseDecodeHead,
    pred: Tensor,
    samples: Sequence[SegDataSample],
    size: Sequence[int],
) -> dict[str, Tensor]:
    """Losses of one head.

    Args:
        name: Name of the map, ``gt_<name>_map`` of the samples.
        head: Head with ``loss_decode``.
        pred: (N, K, h, w), what the head gives.
        samples: N samples with that map, (K, H, W) each, nan where it is not
            known; padding is not. ``seg_weight`` weighs the pixels.
        size: (height, width) of the images after padding.

    Returns:
        Scalars by name; terms of one name are added up.

    Raises:
        InputError: If a sample has no such map, or one of other channels.
    """
    target = torch.stack(
        [_target(name, sample, pred, size) for sample in samples]
    )
    extra = {}
    if 'seg_weight' in samples[0]:
        planes = [_padded(s.seg_weight.data, size, 0) for s in samples]
        extra['weight'] = torch.stack(planes).to(pred.device)
    pred = F.interpolate(
        pred, tuple(size), mode='bilinear', align_corners=head.align_corners
    )
    terms = head.loss_decode
    losses: dict[str, Tensor] = {}
    for term in terms if isinstance(terms, nn.ModuleList) else [terms]:
        value = term(pred, target, **extra)
        key = term.loss_name
        losses[key] = losses[key] + value if key in losses else value
    return losses


def _target(
    name: str, sample: SegDataSample, pred: Tensor, size: Sequence[int]
) -> Tensor:
    key = f'gt_{name}_map'
    image = f'image {sample.get("img_id", sample.get("img_path"))!r}'
    if key not in sample:
        raise InputError(
            f'{image} has no {key} for model.map_heads.{name}: a transform '
            'of the training has to make it, as GenerateDistanceMap'
        )
    found: Tensor = sample.get(key).data
    if len(found) != pred.shape[1]:
        raise InputError(
            f'{image} has a {key} of {len(found)} channels, model.map_heads.'
            f'{name} gives {pred.shape[1]}; set its num_classes'
        )
    return _padded(found, size, float('nan')).to(pred.device)


def _padded(planes: Tensor, size: Sequence[int], value: float) -> Tensor:
    """Planes (C, h, w) with a value up to (height, width)."""
    height, width = (size[k] - planes.shape[k + 1] for k in (0, 1))
    return F.pad(planes, (0, width, 0, height), value=value)
