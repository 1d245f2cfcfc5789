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
