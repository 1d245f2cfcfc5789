"""What a segmentor refuses: images, and losses, that cannot be."""

from collections.abc import Sequence
from typing import Any

import torch
from mmseg.structures import SegDataSample
from torch import Tensor

from mmseg_medical.errors import InputError


def check_channels(backbone: dict[str, Any], preprocessor: Any) -> None:
    """Check that images are normalised with as many means as they need.

    Args:
        backbone: Its config.
        preprocessor: Config of the data preprocessor.

    Raises:
        InputError: If there are as many means as neither of them needs.
    """
    channels = backbone.get('in_channels')
    if not isinstance(preprocessor, dict) or channels is None:
        return
    count = len(preprocessor.get('mean') or ())
    if count not in (0, 1, channels):
        raise InputError(
            f'model.data_preprocessor.mean has {count} values, '
            f'model.backbone.in_channels is {channels}; give one for each '
            'channel, or one for all'
        )


def check_stacked(inputs: Any) -> None:
    """Check that images are a batch (N, C, H, W).

    Raises:
        InputError: If no preprocessor has stacked them.
    """
    if not isinstance(inputs, Tensor):
        raise InputError(
            'model.data_preprocessor is missing; it normalises and stacks '
            "images, as dict(type='SegDataPreProcessor', mean=…, std=…)"
        )


def check_finite(
    losses: dict[str, Tensor], samples: Sequence[SegDataSample]
) -> None:
    """Stop a training whose losses are nan or inf.

    Args:
        losses: Scalars by name.
        samples: The batch.

    Raises:
        InputError: If one is; the message names the images.
    """
    sums = [value.detach().float().sum() for value in losses.values()]
    total = torch.stack(sums)
    if total.isfinite().all():
        return
    names = [str(s.get('img_id', s.get('img_path'))) for s in samples]
    values = {k: float(v.detach().mean()) for k, v in losses.items()}
    raise InputError(
        f'the loss is {values} for images {", ".join(names)}; look at '
        'them and their masks, lower the learning rate, or clip the '
        'gradients (optim_wrapper.clip_grad)'
    )
