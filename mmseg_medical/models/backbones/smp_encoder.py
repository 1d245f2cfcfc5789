"""Encoders of segmentation-models-pytorch as backbones."""

from typing import Any

from mmseg.registry import MODELS
from torch import Tensor, nn

from mmseg_medical._optional import optional
from mmseg_medical.errors import InputError
from mmseg_medical.models.backbones.pretrained import (
    PretrainedEncoder,
    check_name,
    import_timm,
)


@MODELS.register_module()
class SMPEncoder(PretrainedEncoder):
    """Encoder of segmentation-models-pytorch, or of timm by way of it.

    Goes with :class:`SMPDecodeHead`, and with any head of MMSegmentation: the
    map of ``in_index=k`` has stride 2^k. A ``state_dict`` that smp saved for
    the whole model loads as it is, by ``load_from``, ``tools/test.py`` or
    ``init_cfg=dict(type='Pretrained', …)`` of backbone and head.

    Args:
        encoder_name: One of smp's names, or ``tu-`` and one of timm's.
        encoder_weights: What smp calls the weights, as ``'imagenet'``; True
            for ``tu-``. They are fetched when a training begins. smp adapts
            them to ``in_channels``.
        in_channels: Channels of the image.
        encoder_depth: How often the image is halved, 1 to 5.
        encoder_output_stride: Stride of the last map: 8 or 16 dilate the
            last stages, 32 does not.
        encoder_cfg: Arguments of ``timm.create_model``, for ``tu-`` only.
        init_cfg: Initialisation of the weights, before smp's.

    Shape:
        input: (N, in_channels, H, W).
        output: ``encoder_depth + 1`` maps (N, C_k, H / 2^k, W / 2^k), of
        which the first is the image itself. Networks that begin with stride 4
        have an empty second one (C_1 = 0).

    Note:
        smp's ``efficientnet-…`` have a layer that no map depends on, and so
        has every encoder of its own with a smaller depth: several processes
        then need ``find_unused_parameters=True`` in the config. ``tu-``
        encoders have none.

    Raises:
        ImportError: If segmentation-models-pytorch is not installed.
        InputError: If there is no such encoder, or no such weights.

    Reference: Iakubovskii, github.com/qubvel/segmentation_models.pytorch

    Example:
        >>> backbone = dict(
        ...     type='SMPEncoder',
        ...     encoder_name='tu-convnext_tiny',
        ...     encoder_weights=True,
        ...     in_channels=5,
        ... )
    """

    def __init__(
        self,
        encoder_name: str,
        encoder_weights: str | bool | None = None,
        *,
        in_channels: int = 3,
        encoder_depth: int = 5,
        encoder_output_stride: int = 32,
        encoder_cfg: dict[str, Any] | None = None,
        init_cfg: Any = None,
    ) -> None:
        check_encoder(encoder_name, encoder_weights, encoder_cfg)
        super().__init__(
            encoder_name,
            encoder_weights,
            arguments=dict(
                in_channels=in_channels,
                depth=encoder_depth,
                output_stride=encoder_output_stride,
                **(encoder_cfg or {}),
            ),
            init_cfg=init_cfg,
        )
        self.out_channels = list(self.encoder.out_channels)

    def build(self, weights: Any) -> nn.Module:
        return import_smp().encoders.get_encoder(
            self.name, weights=weights, **self.arguments
        )

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Maps of stride 1, 2, 4 … from images (N, in_channels, H, W)."""
        return tuple(self.encoder(x))


def import_smp() -> Any:
    """Module segmentation_models_pytorch, if it is installed."""
    return optional('segmentation_models_pytorch', extra='smp')


def check_encoder(
    name: str, weights: Any = None, encoder_cfg: Any = None
) -> None:
    """Check the name of an encoder, of its weights, and its arguments.

    Raises:
        InputError: If smp or timm does not have them.
    """
    if name.startswith('tu-'):
        timm = import_timm()
        if not timm.is_model(name.removeprefix('tu-')):
            check_name(
                'encoder_name', name, [f'tu-{n}' for n in timm.list_models()]
            )
        return
    encoders = import_smp().encoders.encoders
    known = list(encoders)
    if name.startswith('timm-'):  # many of smp's are timm's by now
        known += [f'tu-{n}' for n in import_timm().list_models()]
    check_name('encoder_name', name, known)
    if weights:
        check_name(
            f'encoder_weights of {name}',
            weights,
            list(encoders[name]['pretrained_settings'] or ()),
        )
    if encoder_cfg:
        raise InputError(
            f'encoder_cfg={encoder_cfg} is for timm only; {name} takes none'
        )
