"""CoaT for images of any size."""

from typing import Any

from mmseg.registry import MODELS
from torch import Tensor, nn

from mmseg_medical.models.backbones.pretrained import (
    PretrainedEncoder,
    check_name,
    import_timm,
)
from mmseg_medical.models.sizes import check_multiple

SCALES = ('x1_nocls', 'x2_nocls', 'x3_nocls', 'x4_nocls')


@MODELS.register_module()
class CoaTBackbone(PretrainedEncoder):
    """Co-scale conv-attentional transformer of timm, with all four scales.

    timm builds CoaT for one size of image; its attention has no such limit.
    Parameters, keys and weights are timm's, without the classifier.

    Args:
        model_name: ``'coat_lite_tiny'``, ``'coat_lite_mini'``,
            ``'coat_lite_small'``, ``'coat_lite_medium'``, or ``'coat_tiny'``,
            ``'coat_mini'``, ``'coat_small'`` with parallel blocks across
            scales.
        pretrained: Start from timm's weights (ImageNet), which are fetched
            when a training begins. timm adapts them to ``in_channels``.
        in_channels: Channels of the image.
        drop_path_rate: Stochastic depth.
        model_cfg: Further arguments of ``timm.create_model``, as
            ``pretrained_cfg_overlay=dict(file='….safetensors')``.
        init_cfg: Initialisation of the weights, before timm's.

    Shape:
        input: (N, in_channels, H, W).
        output: Four maps (N, ``out_channels[k]``, H / s, W / s) with
        s = 4, 8, 16, 32.

    Raises:
        ImportError: If timm is not installed.
        InputError: If timm has no such CoaT, or H or W are no multiples of
            32.

    Reference: Xu et al., ICCV 2021, arXiv:2104.06399

    Example:
        >>> backbone = dict(type='CoaTBackbone', model_name='coat_lite_medium')
    """

    def __init__(
        self,
        model_name: str,
        pretrained: bool = False,
        *,
        in_channels: int = 3,
        drop_path_rate: float = 0.0,
        model_cfg: dict[str, Any] | None = None,
        init_cfg: Any = None,
    ) -> None:
        names = import_timm().list_models('coat_*')
        check_name('model_name', model_name.split('.')[0], names)
        super().__init__(
            model_name,
            pretrained,
            arguments=dict(
                in_chans=in_channels,
                drop_path_rate=drop_path_rate,
                **(model_cfg or {}),
            ),
            init_cfg=init_cfg,
        )
        self.out_channels = list(self.encoder.embed_dims)
        self.strides = [4, 8, 16, 32]
        for embed in self._embeddings():
            embed.strict_img_size = False

    def build(self, weights: Any) -> nn.Module:
        return import_timm().create_model(
            self.name,
            pretrained=bool(weights),
            return_interm_layers=True,
            out_features=list(SCALES),
            **self.arguments,
        )

    def _embeddings(self) -> list[nn.Module]:
        """The patch embeddings of the four scales."""
        return [getattr(self.encoder, f'patch_embed{k}') for k in range(1, 5)]

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Maps of stride 4, 8, 16, 32 from images (N, in_channels, H, W)."""
        check_multiple(x, self.strides[-1])
        height, width = x.shape[2:]
        for embed in self._embeddings():  # timm reads the sizes from there
            height //= embed.patch_size[0]
            width //= embed.patch_size[1]
            embed.grid_size = (height, width)
        maps = self.encoder(x)
        return tuple(maps[name] for name in SCALES)
