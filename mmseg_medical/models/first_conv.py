"""Pretrained weights of RGB for images with another number of channels."""

from typing import Any

import torch
from mmengine.logging import print_log
from torch import Tensor, nn


def inflate(weight: Tensor, in_channels: int) -> Tensor:
    """Adapt the weight of a convolution to another number of channels.

    Channels are taken in turn, as R G B R G for five, and each copy is
    divided by their number. Where the channels become fewer, those that are
    left over are added to the others in turn: one channel has the sum of all.
    So an image with equal channels gets the response that it got before, at
    any number of channels.

    Args:
        weight: (O, I, kH, kW).
        in_channels: I of the result, 1 or more.

    Returns:
        (O, in_channels, kH, kW).

    Example:
        >>> inflate(torch.ones(1, 3, 1, 1), 4).flatten().tolist()
        [0.5, 1.0, 1.0, 0.5]
        >>> inflate(torch.ones(1, 3, 1, 1), 1).flatten().tolist()
        [3.0]
    """
    out_channels, old, *kernel = weight.shape
    turns = torch.arange(max(old, in_channels), device=weight.device)
    source, target = turns % old, turns % in_channels
    copies = source.bincount()[source].to(weight.dtype)
    inflated = weight.new_zeros(out_channels, in_channels, *kernel)
    return inflated.index_add(
        1, target, weight[:, source] / copies[:, None, None]
    )


def inflate_first_conv(
    backbone: nn.Module, state_dict: dict[str, Any], prefix: str, *_: Any
) -> None:
    """Hook that fits weights to the image's channels before they are loaded.

    Registered by ``backbone.register_load_state_dict_pre_hook``, it sees
    every way of loading: ``init_cfg``, ``load_from``, a resumed run. It
    changes the first convolution, and others that take as many channels,
    where the weights have another number of input channels and agree in all
    else; each change is logged. What differs in more is left to the loader.

    Args:
        backbone: Network whose first convolution takes the image.
        state_dict: Weights by key; changed in place.
        prefix: What the keys of the backbone begin with.
    """
    convs = {
        f'{prefix}{name}.weight': module
        for name, module in backbone.named_modules()
        if isinstance(module, nn.Conv2d)
    }
    channels = next((conv.in_channels for conv in convs.values()), 0)
    for key, conv in convs.items():
        if conv.in_channels != channels or key not in state_dict:
            continue
        here, there = conv.weight.shape, state_dict[key].shape
        if here == there or here[:1] + here[2:] != there[:1] + there[2:]:
            continue
        state_dict[key] = inflate(state_dict[key], here[1])
        print_log(
            f'{key}: adapted from {there[1]} to {here[1]} input channels',
            logger='current',
        )
