"""U-Net decoder with ASPP below and a feature pyramid above it."""

from collections.abc import Sequence
from typing import Any

import torch
from mmcv.cnn import ConvModule
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.registry import MODELS
from torch import Tensor, nn

from mmseg_medical.errors import InputError
from mmseg_medical.models.decode_heads.unet_blocks import (
    ASPP,
    UpBlock,
    upsample,
)

UPSAMPLING = ('pixel_shuffle', 'bilinear')


@MODELS.register_module()
class UNetFPNHead(BaseDecodeHead):
    """U-Net decoder over any backbone, with ASPP and FPN.

    Atrous spatial pyramid pooling widens the view of the deepest map, a U-Net
    decoder brings it up along the backbone's maps, and a feature pyramid hands
    every level of the decoder to the last convolution. Used with EfficientNets
    in the HuBMAP competitions.

    Args:
        in_channels: Channels of the backbone's maps, the largest map first.
        in_index: Indices of these maps.
        decoder_channels: Channels of the decoder, the deepest level first;
            one fewer than there are maps, and at least one.
        aspp_channels: Channels of the deepest map after ASPP.
        pyramid_channels: Channels that each level but the last hands on.
        dilations: Of the convolutions of ASPP, beside the image's mean.
        upsampling: ``'pixel_shuffle'`` or ``'bilinear'``.
        kwargs: Arguments of MMSegmentation's ``BaseDecodeHead``, as
            ``num_classes``, ``norm_cfg``, ``loss_decode``.

    Shape:
        inputs: Maps (N, in_channels[k], H_k, W_k), of any sizes.
        output: (N, out_channels, H_0, W_0) logits.

    Raises:
        InputError: If the lengths do not fit, or ``upsampling`` is unknown.

    Reference: Ronneberger et al., arXiv:1505.04597; Chen et al.,
        arXiv:1706.05587; Lin et al., arXiv:1612.03144; Shi et al.,
        arXiv:1609.05158

    Example:
        >>> decode_head = dict(
        ...     type='UNetFPNHead',
        ...     in_channels=[64, 128, 320, 512],
        ...     in_index=[0, 1, 2, 3],
        ...     decoder_channels=[256, 128, 64],
        ...     num_classes=2,
        ... )
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        in_index: Sequence[int],
        *,
        decoder_channels: Sequence[int],
        aspp_channels: int = 256,
        pyramid_channels: int = 16,
        dilations: Sequence[int] = (1, 2, 4, 6),
        upsampling: str = 'pixel_shuffle',
        **kwargs: Any,
    ) -> None:
        count = len(decoder_channels) + 1
        if count < 2 or not len(in_channels) == len(in_index) == count:
            raise InputError(
                f'decode_head has {len(in_channels)} in_channels, '
                f'{len(in_index)} in_index, {len(decoder_channels)} '
                'decoder_channels; expected n, n and n - 1, with n > 1'
            )
        if upsampling not in UPSAMPLING:
            raise InputError(
                f'upsampling is one of {UPSAMPLING}, got {upsampling!r}'
            )
        levels = [aspp_channels, *decoder_channels]
        super().__init__(
            in_channels=list(in_channels),
            in_index=list(in_index),
            input_transform='multiple_select',
            channels=pyramid_channels * (len(levels) - 1) + levels[-1],
            **kwargs,
        )
        cfg = dict(
            conv_cfg=self.conv_cfg,
            norm_cfg=self.norm_cfg,
            act_cfg=self.act_cfg,
        )
        self.aspp = ASPP(in_channels[-1], aspp_channels, dilations, cfg)
        skips = in_channels[-2::-1]  # the deepest first
        shuffle = upsampling == 'pixel_shuffle'
        self.blocks = nn.ModuleList(
            UpBlock(*channels, shuffle, cfg)
            for channels in zip(levels[:-1], skips, levels[1:], strict=True)
        )
        self.pyramid = nn.ModuleList(
            ConvModule(channels, pyramid_channels, 3, padding=1, **cfg)
            for channels in levels[:-1]
        )

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        """Logits (N, out_channels, H_0, W_0) from the maps of the backbone."""
        *skips, x = self._transform_inputs(inputs)
        x = self.aspp(x)
        size = skips[0].shape[2:]
        maps = []
        for block, level in zip(self.blocks, self.pyramid, strict=True):
            maps.append(upsample(level(x), size))
            x = block(x, skips.pop())
        return self.cls_seg(torch.cat([*maps, x], 1))
