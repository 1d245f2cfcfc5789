"""Heads of MMSegmentation: which a task takes, and what they lose."""

import inspect
from collections.abc import Sequence
from typing import Any

import torch
from mmengine.structures import PixelData
from mmseg.models.decode_heads.cascade_decode_head import BaseCascadeDecodeHead
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.models.decode_heads.mask2former_head import Mask2FormerHead
from mmseg.models.decode_heads.maskformer_head import MaskFormerHead
from mmseg.models.utils import resize
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import Tensor, nn

from mmseg_medical.errors import InputError
from mmseg_medical.models.losses._inputs import check_labels
from mmseg_medical.models.segmentors.mixing import (
    both_masks,
    check_mixed,
    is_mixed,
    pad_planes,
)
from mmseg_medical.models.task import TASKS, Task

Samples = list[SegDataSample]
# They match queries with masks, and derive from heads of MMDetection.
QUERY_HEADS = (MaskFormerHead, Mask2FormerHead)
# Losses of MMSegmentation that know no channel of its own sigmoid.
INSTEAD = dict(
    CrossEntropyLoss='BCELoss',
    DiceLoss='SoftDiceLoss',
    FocalLoss='PixelFocalLoss',
    LovaszLoss='LovaszHingeLoss',
    TverskyLoss='SoftTverskyLoss',
    BoundaryLoss='SurfaceLoss',
    HuasdorffDisstanceLoss='HausdorffDTLoss',
)


def check_configs(key: str, cfgs: Any, task: str) -> None:
    """Check heads before they are built, and speak of their arguments only.

    Args:
        key: Key of the model's config.
        cfgs: Config of a head, a list of them, or None.
        task: Name of the task.

    Raises:
        InputError: If a head turns no maps into logits, or its channels
            contradict the task; the message names the key.
    """
    for cfg in [cfgs] if isinstance(cfgs, dict) else cfgs or ():
        try:
            _check_kind(cfg, task)
        except InputError as error:
            raise InputError(f'model.{key}: {error}') from None


def _check_kind(cfg: dict[str, Any], task: str) -> None:
    kind: Any = cfg.get('type')
    if isinstance(kind, str):
        kind = MODELS.get(kind)
    if kind is None:
        return  # the registry says what it knows
    if issubclass(kind, QUERY_HEADS):
        if not hasattr(kind, 'loss_by_feat'):
            raise InputError(
                f'{kind.__name__} needs mmdet, which is not installed, and '
                'mmcv with its compiled operations; take another head, or '
                'install both'
            )
        return  # its out_channels are others
    stages = 2 if issubclass(kind, BaseCascadeDecodeHead) else 1
    inputs = len(inspect.signature(kind.forward).parameters) - 1
    if not issubclass(kind, BaseDecodeHead) or inputs != stages:
        raise InputError(
            f'{kind.__name__} does not classify pixels by channels of '
            'logits; take a head that derives from BaseDecodeHead'
        )
    if classes := cfg.get('num_classes'):
        TASKS[task](classes, cfg.get('out_channels') or classes)


def check_cascade(heads: Sequence[BaseDecodeHead]) -> None:
    """Check that each head but the first refines the logits of another.

    Raises:
        InputError: If one does not, the first one does, or their channels
            differ.
    """
    refine = [isinstance(head, BaseCascadeDecodeHead) for head in heads]
    own = [own_loss(head) for head in heads]
    if refine != [k > 0 for k in range(len(heads))] or any(own[:-1]):
        raise InputError(
            'model.decode_head is one head, or a list of a head that gives '
            'logits and others that refine them (OCRHead, PointHead), got '
            f'{[type(head).__name__ for head in heads]}'
        )
    channels = [head.out_channels for head in heads]
    if len(set(channels)) > 1:
        raise InputError(
            f'heads of a cascade have {channels} channels of logits; set '
            'out_channels and num_classes of all in model.decode_head alike'
        )


def own_loss(head: BaseDecodeHead) -> bool:
    """Whether a head computes a loss of its own."""
    return type(head).loss_by_feat is not BaseDecodeHead.loss_by_feat


def head_task(name: str, head: BaseDecodeHead) -> Task:
    """The task at the channels of a head.

    Raises:
        InputError: If the head or its sampler contradicts the task, or it
            has no loss.
    """
    own = own_loss(head)
    if not own and not losses_of(head):
        raise InputError(
            f'loss_decode of {type(head).__name__} is an empty list; give a '
            'loss'
        )
    task = TASKS[name](head.num_classes, head.out_channels)
    if not task.exclusive and (own or head.sampler is not None):
        what = 'computes its loss' if own else 'samples its pixels'
        raise InputError(
            f'{type(head).__name__} {what} itself, and for classes that '
            "exclude each other: it takes task='multiclass', or "
            "task='binary' with out_channels=2"
        )
    return task


def losses_of(head: BaseDecodeHead) -> list[nn.Module]:
    """All terms of ``loss_decode``."""
    terms = head.loss_decode
    return list(terms) if isinstance(terms, nn.ModuleList) else [terms]


def head_losses(
    head: BaseDecodeHead, task: Task, logits: Tensor, samples: Samples
) -> dict[str, Tensor]:
    """Apply ``loss_decode`` to logits at the size of the masks.

    Args:
        head: Head that gave the logits.
        task: Its task.
        logits: (N, C, h, w).
        samples: N samples with ``gt_sem_seg``, and ``seg_weight`` (1, H, W)
            where pixels have weights, or a second mask where images are
            mixed.

    Returns:
        Scalars by name; terms of one name are added up.

    Raises:
        InputError: If masks or a loss do not fit the task, or a loss has no
            use for weights of pixels.
    """
    gt = stacked_masks(samples)
    logits = resize_logits(logits, gt.shape[2:], head.align_corners)
    weight = _weight(head, logits, gt, samples)
    if any(map(is_mixed, samples)):
        sampler = [] if head.sampler is None else [head.sampler]
        check_mixed([*losses_of(head), *sampler], samples)
        logits, gt, weight = both_masks(logits, gt, samples)
    target = task.target(gt)
    extra = {} if weight is None else dict(weight=weight)
    losses: dict[str, Tensor] = {}
    for term in losses_of(head):
        if type(term).__module__.startswith('mmseg.'):
            _check_loss(term, task, weight)
            known = target.masked_fill(target == head.ignore_index, 0)
            check_labels(known, task.out_channels, head.ignore_index)
        value = term(logits, target, ignore_index=head.ignore_index, **extra)
        key = term.loss_name
        losses[key] = losses[key] + value if key in losses else value
    return losses


def own_losses(
    head: BaseDecodeHead,
    task: Task,
    maps: Sequence[Any],
    samples: Samples,
    cfg: Any,
) -> dict[str, Tensor]:
    """Losses that a head computes itself.

    Args:
        head: Head with :func:`own_loss`.
        task: Its task.
        maps: What it takes: maps of the backbone, logits to refine.
        samples: N samples with ``gt_sem_seg`` (1, H, W).
        cfg: ``train_cfg`` of the model.

    Returns:
        Scalars by name.

    Raises:
        InputError: If masks do not fit the task, or pixels have weights,
            which the head would not see.
    """
    if any(map(is_mixed, samples)):
        check_mixed([head], samples)
    if 'seg_weight' in samples[0]:
        raise InputError(
            f'{type(head).__name__} computes its loss itself, without the '
            'seg_weight of pixels; remove it from the pipeline'
        )
    target = task.target(stacked_masks(samples))
    samples = [sample.clone() for sample in samples]
    for sample, mask in zip(samples, target, strict=True):
        sample.gt_sem_seg = PixelData(data=mask[None])  # of int64
    return head.loss(*maps, samples, cfg)


def stacked_masks(samples: Samples) -> Tensor:
    """Masks (N, 1 or C, H, W) of samples, as they are stored.

    Raises:
        InputError: If a sample has none; the message names it.
    """
    for sample in samples:
        if 'gt_sem_seg' not in sample:
            name = sample.get('img_id', sample.get('img_path'))
            raise InputError(
                f'image {name!r} has no mask to learn from: the pipeline of '
                'the training has no LoadMaskRegion (or LoadAnnotations)'
            )
    return torch.stack([sample.gt_sem_seg.data for sample in samples])


def own_logits(
    head: BaseDecodeHead, maps: Sequence[Any], size: Any, cfg: Any
) -> Tensor:
    """Logits of a head with :func:`own_loss`, which predicts itself as well.

    Args:
        head: Head.
        maps: What it takes: maps of the backbone, logits to refine.
        size: (height, width) of the images.
        cfg: ``test_cfg`` of the model.

    Returns:
        (N, C, h, w).
    """
    features = maps[0]
    one = features if isinstance(features, Tensor) else features[-1]
    meta = dict(img_shape=tuple(size), pad_shape=tuple(size))
    logits: Tensor = head.predict(*maps, [meta] * len(one), cfg)
    if isinstance(head, QUERY_HEADS):
        # Sums over the queries; the probabilities are their shares.
        logits = logits.clamp(min=1e-6).log()
    return logits


def resize_logits(logits: Tensor, size: Any, align_corners: bool) -> Tensor:
    """Bilinear resize of (N, C, h, w) to (height, width)."""
    if logits.shape[2:] == tuple(size):
        return logits
    return resize(
        logits,
        size=tuple(size),
        mode='bilinear',
        align_corners=align_corners,
        warning=False,
    )


def _weight(
    head: BaseDecodeHead, logits: Tensor, gt: Tensor, samples: Samples
) -> Tensor | None:
    """Weight (N, H, W) of pixels from the pipeline and the head's sampler."""
    weight = None
    if 'seg_weight' in samples[0]:
        # The preprocessor pads images and masks, but not these.
        weights = [pad_planes(s.seg_weight.data, gt) for s in samples]
        weight = torch.cat(weights)
    if head.sampler is not None:
        chosen = head.sampler.sample(logits, gt)
        weight = chosen if weight is None else weight * chosen
    return weight


def _check_loss(loss: nn.Module, task: Task, weight: Any) -> None:
    """Refuse losses of MMSegmentation that would be wrong in silence."""
    name = type(loss).__name__
    what = ''
    if not task.exclusive:
        what = f'is not for task={task.name!r} with a sigmoid per channel'
    elif weight is not None and name != 'CrossEntropyLoss':
        what = 'has no use for weights of pixels (seg_weight, or a sampler)'
    if what:
        raise InputError(
            f'{name} of MMSegmentation {what}; set loss_decode of the head '
            f'to {INSTEAD.get(name, "BCELoss")}'
        )
