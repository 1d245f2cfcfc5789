"""Blocks of U-Net decoders."""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from mmcv.cnn import ConvModule
from mmseg.models.decode_heads.aspp_head import ASPPModule
from torch import Tensor, nn

Config = dict[str, Any]


def upsample(x: Tensor, size: Sequence[int]) -> Tensor:
    """Bilinear resize of (N, C, h, w) to (height, width)."""
    if x.shape[2:] == tuple(size):
        return x
    return F.interpolate(x, size, mode='bilinear', align_corners=False)


class ASPP(nn.Module):
    """Convolutions of several dilations and the mean, brought together.

    Args:
        in_channels: Channels of the input.
        channels: Channels of each branch and of the output.
        dilations: One branch each; 1 is a 1x1 convolution, others are 3x3.
        cfg: ``conv_cfg``, ``norm_cfg``, ``act_cfg`` of the convolutions.

    Shape:
        x: (N, in_channels, H, W).  output: (N, channels, H, W).

    Reference: Chen et al., arXiv:1706.05587
    """

    def __init__(
        self,
        in_channels: int,
        channels: int,
        dilations: Sequence[int],
        cfg: Config,
    ) -> None:
        super().__init__()
        self.atrous = ASPPModule(
            tuple(dilations), in_channels, channels, **cfg
        )
        # Without norm: one image has one mean, which has no variance.
        self.mean = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            ConvModule(in_channels, channels, 1, **dict(cfg, norm_cfg=None)),
        )
        self.project = ConvModule(
            channels * (len(dilations) + 1), channels, 3, padding=1, **cfg
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, channels, H, W) with a wider view."""
        mean = self.mean(x).expand(-1, -1, *x.shape[2:])
        return self.project(torch.cat([mean, *self.atrous(x)], 1))


class UpBlock(nn.Module):
    """Brings a map to twice its size and joins it with one of the backbone.

    Args:
        in_channels: Channels of the map from below.
        skip_channels: Channels of the backbone's map.
        channels: Channels of the output.
        shuffle: Rearrange channels into pixels, where False interpolates.
        cfg: ``conv_cfg``, ``norm_cfg``, ``act_cfg`` of the convolutions.

    Shape:
        x: (N, in_channels, h, w).  skip: (N, skip_channels, H, W).
        output: (N, channels, H, W).

    Reference: Ronneberger et al., arXiv:1505.04597; Shi et al.,
        arXiv:1609.05158
    """

    def __init__(
        self,
        in_channels: int,
        skip_channels: int,
        channels: int,
        shuffle: bool,
        cfg: Config,
    ) -> None:
        super().__init__()
        self.up = nn.Sequential(
            ConvModule(in_channels, channels * (4 if shuffle else 1), 1, **cfg)
        )
        if shuffle:
            self.up.append(nn.PixelShuffle(2))
            # The four pixels of a block begin alike, or a checkerboard shows
            # (Aitken et al., arXiv:1707.02937).
            weight = self.up[0].conv.weight.data
            weight[:] = weight[::4].repeat_interleave(4, 0)
        self.join = nn.Sequential(
            ConvModule(
                channels + skip_channels, channels, 3, padding=1, **cfg
            ),
            ConvModule(channels, channels, 3, padding=1, **cfg),
        )

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        """Map (N, channels, H, W) at the size of the skip."""
        x = upsample(self.up(x), skip.shape[2:])
        return self.join(torch.cat([x, skip], 1))
