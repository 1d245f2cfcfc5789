"""From what a segmentor passes to what the losses count."""

import torch
from torch import Tensor

from mmseg_medical.errors import InputError
from mmseg_medical.models.losses._channels import Channels


def as_channels(
    pred: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    *,
    ignore_index: int = 255,
) -> Channels:
    """Check logits and target and bring them into the form of all tasks.

    Args:
        pred: (N, C, H, W) logits; computed in float32, or float64 if given.
        target: (N, H, W) class indices where the channels exclude each other,
            0 and 1 for one channel; or (N, C, H, W) of 0 and 1.
        weight: (N, H, W), (N, 1, H, W) or (N, C, H, W), >= 0; of the last,
            a pixel of exclusive classes has the weight of its own class.
        ignore_index: Value of the target that does not count.

    Raises:
        InputError: If shapes do not fit, a weight is negative or not finite,
            or a label is neither a class nor ``ignore_index``.
    """
    exclusive = target.ndim == 3
    _check_shapes(pred, target)
    kind = torch.promote_types(pred.dtype, torch.float32)
    # (N, 1, H, W) or (N, C, H, W)
    labels = target.long()[:, None] if exclusive else target.to(kind)
    counts = labels != ignore_index
    labels = labels.masked_fill(~counts, 0)
    channels = pred.shape[1]
    check_labels(labels, max(channels, 2) if exclusive else 2, ignore_index)
    if weight is None:
        weight = counts.to(kind)
    else:
        weight = _as_weight(weight, labels, channels) * counts
        weight = weight.to(kind)
    logits = pred.to(kind)
    if exclusive and channels == 2:
        logits = logits[:, 1:] - logits[:, :1]
    elif exclusive and channels > 2:
        classes = torch.arange(channels, device=pred.device)
        labels = labels == classes.view(-1, 1, 1)  # (N, C, H, W)
    ignored = weight == 0
    return Channels(
        # A product with 0 would let nan and inf of ignored pixels through.
        logits=logits.masked_fill(ignored, 0),
        target=labels.to(kind).masked_fill(ignored, 0),
        weight=weight,
        exclusive=exclusive and channels > 2,
    )


def _check_shapes(pred: Tensor, target: Tensor) -> None:
    got = f'logits {tuple(pred.shape)} and target {tuple(target.shape)}'
    if pred.ndim != 4 or target.shape not in (
        pred.shape,
        pred.shape[:1] + pred.shape[2:],
    ):
        raise InputError(
            f'{got} do not fit, expected (N, C, H, W) and (N, H, W) or (N, C, '
            'H, W); check out_channels of the head and the size of the masks'
        )
    if target.ndim == 3 and target.is_floating_point():
        raise InputError(
            f'{got}: class indices are integers, found {target.dtype}; '
            'pass target.long()'
        )


def check_labels(labels: Tensor, classes: int, ignore_index: int) -> None:
    """Check labels, of which those to be ignored have been made 0.

    Args:
        labels: Class indices, or float of 0 and 1.
        classes: Number of classes.
        ignore_index: For the message.

    Raises:
        InputError: If one is no class.
    """
    if labels.is_floating_point():
        valid = (labels == 0) | (labels == 1)
    else:
        valid = (labels >= 0) & (labels < classes)
    if not valid.all():
        found = labels[~valid].unique()[:5].tolist()
        raise InputError(
            f'labels are 0 … {classes - 1} or ignore_index={ignore_index}, '
            f'found {found}; map the values of the masks to classes where '
            'they are loaded, or change num_classes'
        )


def _as_weight(weight: Tensor, labels: Tensor, channels: int) -> Tensor:
    """Weight (N, 1, H, W), or of the shape of labels that overlap."""
    if weight.ndim == 3:
        weight = weight[:, None]
    n, _, *size = labels.shape
    if weight.shape not in ((n, 1, *size), (n, channels, *size)):
        raise InputError(
            f'weight has shape {tuple(weight.shape)}, expected (N, H, W), '
            f'(N, 1, H, W) or {(n, channels, *size)}; pass one per pixel'
        )
    valid = (weight >= 0) & weight.isfinite()
    if not valid.all():
        raise InputError(
            f'weight is {weight[~valid][0].item()} at a pixel, expected a '
            'finite number >= 0; pass 0 to leave a pixel out'
        )
    if weight.shape[1] > 1 and not labels.is_floating_point():
        weight = weight.gather(1, labels)
    return weight
