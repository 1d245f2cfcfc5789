"""SegFormer's backbone with fused attention."""

from typing import Any

from mmseg.models.backbones import MixVisionTransformer
from mmseg.registry import MODELS
from torch import nn


@MODELS.register_module()
class FusedMixVisionTransformer(MixVisionTransformer):
    """Mix vision transformer without the attention maps that nobody reads.

    MMSegmentation lets ``torch.nn.MultiheadAttention`` return its attention
    maps and drops them. Where they are not asked for, PyTorch takes a fused
    kernel, which is faster and keeps no map of H W x H W / r² in memory.
    Parameters and keys of checkpoints are those of ``MixVisionTransformer``,
    features differ by rounding.

    Args:
        kwargs: Arguments of MMSegmentation's ``MixVisionTransformer``.

    Shape:
        input: (N, in_channels, H, W).
        output: Maps of stride 4, 8, 16, 32.

    Reference: Xie et al., NeurIPS 2021, arXiv:2105.15203; Dao et al.,
        NeurIPS 2022, arXiv:2205.14135

    Example:
        >>> backbone = dict(
        ...     type='FusedMixVisionTransformer',
        ...     embed_dims=32,
        ...     num_layers=[2, 2, 2, 2],
        ...     num_heads=[1, 2, 5, 8],
        ... )
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        for module in self.modules():
            if isinstance(module, nn.MultiheadAttention):
                module.register_forward_pre_hook(_no_maps, with_kwargs=True)


def _no_maps(
    module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    return args, dict(kwargs, need_weights=False)
