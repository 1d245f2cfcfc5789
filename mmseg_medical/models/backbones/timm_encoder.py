"""timm's networks as backbones."""

from collections.abc import Sequence
from typing import Any

from mmseg.registry import MODELS
from torch import Tensor, nn

from mmseg_medical.models.backbones.pretrained import (
    PretrainedEncoder,
    check_name,
    import_timm,
)


@MODELS.register_module()
class TIMMEncoder(PretrainedEncoder):
    """Network of timm that gives its multi-scale features.

    MMSegmentation's ``TIMMBackbone`` also wraps timm, but it downloads
    weights whenever a model is built, by default, and hands the (N, H, W, C)
    features of Swin and others on as they are.

    Args:
        model_name: Name in timm, with or without a tag of the weights.
        pretrained: Start from timm's weights, which are fetched when a
            training begins. timm adapts them to ``in_channels``.
        in_channels: Channels of the image.
        out_indices: Which of the features to give; None gives all.
        model_cfg: Further arguments of ``timm.create_model``, as
            ``output_stride``, ``drop_path_rate``, ``strict_img_size=False``
            for networks of one image size, or
            ``pretrained_cfg_overlay=dict(file='….safetensors')`` for weights
            that lie on the disk.
        init_cfg: Initialisation of the weights, before timm's.

    Shape:
        input: (N, in_channels, H, W).
        output: Maps (N, ``out_channels[k]``, H / ``strides[k]``,
        W / ``strides[k]``); strides are 2 to 32, or 4 to 32 for most
        transformers.

    Raises:
        ImportError: If timm is not installed.
        InputError: If timm has no such network.

    Reference: Wightman, github.com/huggingface/pytorch-image-models

    Example:
        >>> backbone = dict(
        ...     type='TIMMEncoder',
        ...     model_name='tf_efficientnet_b4',
        ...     pretrained=True,
        ...     in_channels=1,
        ... )
    """

    def __init__(
        self,
        model_name: str,
        pretrained: bool = False,
        *,
        in_channels: int = 3,
        out_indices: Sequence[int] | None = None,
        model_cfg: dict[str, Any] | None = None,
        init_cfg: Any = None,
    ) -> None:
        timm = import_timm()
        if not timm.is_model(model_name):
            check_name('model_name', model_name, timm.list_models())
        arguments = dict(in_chans=in_channels, **(model_cfg or {}))
        if out_indices is not None:
            arguments['out_indices'] = tuple(out_indices)
        super().__init__(
            model_name, pretrained, arguments=arguments, init_cfg=init_cfg
        )
        self.out_channels = self.encoder.feature_info.channels()
        self.strides = self.encoder.feature_info.reduction()

    def build(self, weights: Any) -> nn.Module:
        return import_timm().create_model(
            self.name,
            pretrained=bool(weights),
            features_only=True,
            **self.arguments,
        )

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Maps (N, C, h, w), the largest first, from images (N, C, H, W)."""
        maps = self.encoder(x)
        if getattr(self.encoder, 'output_fmt', 'NCHW') == 'NHWC':
            maps = [x.permute(0, 3, 1, 2).contiguous() for x in maps]
        return tuple(maps)
