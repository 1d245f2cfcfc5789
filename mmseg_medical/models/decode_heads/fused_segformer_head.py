"""SegFormer's head with less work in the same weights."""

from collections.abc import Sequence

import torch.nn.functional as F
from mmseg.models.decode_heads import SegformerHead
from mmseg.models.utils import resize
from mmseg.registry import MODELS
from torch import Tensor


@MODELS.register_module()
class FusedSegformerHead(SegformerHead):
    """SegFormer's head that fuses the stages before it upsamples them.

    MMSegmentation upsamples and concatenates the stages and then applies a
    1x1 convolution W to S times ``channels`` maps of stride 4. Both steps are
    linear, one in space and one across channels, so they can change places:

    W cat(up(y_1), …, up(y_S)) = up(W_1 y_1) + … + up(W_S y_S)

    where W_s are the columns of W for stage s. The deep stages are then fused
    where they are small. Parameters and keys of checkpoints are those of
    ``SegformerHead``, logits differ by rounding; either loads what the other
    was trained with. The 1x1 convolution of each stage is not merged into
    W_s, since its norm and activation lie between them.

    Args:
        interpolate_mode: How stages are upsampled; all modes are linear.
        kwargs: Arguments of MMSegmentation's ``BaseDecodeHead``.

    Shape:
        inputs: S maps (N, in_channels[s], H_s, W_s), the largest first.
        output: (N, out_channels, H_1, W_1) logits.

    Reference: Xie et al., NeurIPS 2021, arXiv:2105.15203

    Example:
        >>> decode_head = dict(
        ...     type='FusedSegformerHead',
        ...     in_channels=[32, 64, 160, 256],
        ...     in_index=[0, 1, 2, 3],
        ...     channels=256,
        ...     num_classes=2,
        ... )
    """

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        """Logits (N, out_channels, H_1, W_1) from the maps of the stages."""
        stages = self._transform_inputs(inputs)
        fusion = self.fusion_conv
        weights = fusion.conv.weight.split(self.channels, dim=1)
        bias = fusion.conv.bias  # of the sum, so it is added once
        fused: Tensor | None = None
        for x, conv, weight in zip(stages, self.convs, weights, strict=True):
            x = F.conv2d(conv(x), weight, bias)  # (N, channels, H_s, W_s)
            if fused is None:
                fused, bias = x, None
                continue
            fused += resize(
                x,
                size=fused.shape[2:],
                mode=self.interpolate_mode,
                align_corners=self.align_corners,
                warning=False,
            )
        if fusion.with_norm:
            fused = fusion.norm(fused)
        return self.cls_seg(fusion.activate(fused))
