"""DeepLabV3+ over backbones of any strides."""

from collections.abc import Sequence
from typing import Any

from mmseg.models.decode_heads import DepthwiseSeparableASPPHead
from mmseg.registry import MODELS
from torch import Tensor

from mmseg_medical.errors import InputError

# Dilations of the paper times their stride: 12, 24, 36 at stride 8.
REACHES = (96, 192, 288)  # pixels of the image


@MODELS.register_module()
class DeepLabV3PlusHead(DepthwiseSeparableASPPHead):
    """DeepLabV3+ whose dilations fit the stride of the backbone.

    MMSegmentation's head takes the first map of the backbone for the details,
    whatever its stride, and dilations that fit a stride of 8. Here both maps
    are chosen, and dilations have the same reach in the image at any stride:
    6, 12, 18 at 16, and 3, 6, 9 at 32, for backbones that are not dilated.
    Parameters and keys of checkpoints are those of
    ``DepthwiseSeparableASPPHead``.

    Args:
        in_channels: Channels of the two maps, the larger one first.
        in_index: Their indices.
        feature_strides: Their strides, in pixels of the image.
        channels: Channels of the branches and of the decoder.
        c1_channels: Channels of the larger map after its 1x1 convolution.
        dilations: Of the branches; by default 1 and those above.
        kwargs: Arguments of MMSegmentation's ``BaseDecodeHead``.

    Shape:
        inputs: Maps of the backbone.
        output: (N, out_channels, H, W) logits, as large as the larger map.

    Raises:
        InputError: If there are not two maps.

    Reference: Chen et al., ECCV 2018, arXiv:1802.02611

    Example:
        >>> decode_head = dict(
        ...     type='DeepLabV3PlusHead',
        ...     in_channels=[256, 2048],
        ...     feature_strides=[4, 16],
        ...     channels=512,
        ...     num_classes=2,
        ... )
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        channels: int,
        *,
        in_index: Sequence[int] = (-4, -1),
        feature_strides: Sequence[int] = (4, 8),
        c1_channels: int = 48,
        dilations: Sequence[int] | None = None,
        **kwargs: Any,
    ) -> None:
        if not len(in_channels) == len(in_index) == len(feature_strides) == 2:
            raise InputError(
                'DeepLabV3PlusHead takes two maps, got in_channels='
                f'{in_channels}, in_index={in_index}, feature_strides='
                f'{feature_strides}'
            )
        stride = feature_strides[1]
        super().__init__(
            in_channels=in_channels[1],
            channels=channels,
            in_index=1,
            c1_in_channels=in_channels[0],
            c1_channels=c1_channels,
            dilations=tuple(
                dilations or (1, *(max(r // stride, 1) for r in REACHES))
            ),
            **kwargs,
        )
        self.indices = tuple(in_index)

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        """Logits (N, out_channels, H, W) from the maps of the backbone."""
        return super().forward([inputs[k] for k in self.indices])
