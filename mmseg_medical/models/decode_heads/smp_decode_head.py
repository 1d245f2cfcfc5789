"""Decoders of segmentation-models-pytorch as decode heads."""

import inspect
from collections.abc import Sequence
from typing import Any

from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.registry import MODELS
from torch import Tensor, nn

from mmseg_medical.errors import InputError
from mmseg_medical.models.backbones.pretrained import check_name
from mmseg_medical.models.backbones.smp_encoder import (
    check_encoder,
    import_smp,
)
from mmseg_medical.models.sizes import check_multiple

ARCHITECTURES = (
    *('Unet', 'UnetPlusPlus', 'MAnet', 'Linknet', 'FPN', 'PSPNet', 'PAN'),
    *('DeepLabV3', 'DeepLabV3Plus', 'UPerNet', 'Segformer'),
)
# Arguments of smp's architectures that other keys of the config decide.
DECIDED = {
    *('self', 'kwargs', 'encoder_name', 'encoder_weights', 'in_channels'),
    *('classes', 'activation', 'aux_params'),
}


@MODELS.register_module()
class SMPDecodeHead(BaseDecodeHead):
    """Decoder and segmentation head of segmentation-models-pytorch.

    smp itself makes both, and its final upsampling belongs to them: with the
    same weights and in ``eval`` mode, logits are exactly those of
    ``smp.create_model``, at the size that smp gives them. The segmentor
    resizes them only where that is not the size of the mask.

    Args:
        arch: Class of smp: ``'Unet'``, ``'UnetPlusPlus'``, ``'MAnet'``,
            ``'Linknet'``, ``'FPN'``, ``'PSPNet'``, ``'PAN'``,
            ``'DeepLabV3'``, ``'DeepLabV3Plus'``, ``'UPerNet'`` or
            ``'Segformer'``.
        encoder_name: That of the backbone; :class:`MedicalSegmentor` gives
            it where a config does not.
        num_classes: Classes, with the background where there is one.
        out_channels: Channels of the logits; None is ``num_classes``.
        arch_cfg: Further arguments of smp's class, as ``decoder_channels``;
            ``encoder_depth`` and ``encoder_output_stride`` are those of the
            backbone, and PSPNet (depth 3), DeepLabV3 (stride 8), DeepLabV3+
            and PAN (stride 16) have their own defaults.
        dropout_ratio: Dropout before the last convolution; smp's decoders
            have theirs in ``arch_cfg``.
        init_cfg: Initialisation of the weights, after smp's.
        kwargs: Arguments of MMSegmentation's ``BaseDecodeHead``, as
            ``loss_decode``; not ``in_channels``, ``in_index``, ``channels``.

    Shape:
        inputs: Maps of :class:`SMPEncoder`. All architectures but Unet need
            H and W to be multiples of the encoder's last stride:
            ``data_preprocessor.size_divisor`` pads to that.
        output: (N, out_channels, H, W) logits.

    Raises:
        ImportError: If segmentation-models-pytorch is not installed.
        InputError: If there is no such architecture, encoder or argument,
            or the maps are not those of the encoder.

    Reference: Iakubovskii, github.com/qubvel/segmentation_models.pytorch

    Example:
        >>> decode_head = dict(
        ...     type='SMPDecodeHead',
        ...     arch='Unet',
        ...     arch_cfg=dict(decoder_attention_type='scse'),
        ...     num_classes=2,
        ... )
    """

    def __init__(
        self,
        arch: str,
        encoder_name: str,
        *,
        num_classes: int,
        out_channels: int | None = None,
        arch_cfg: dict[str, Any] | None = None,
        dropout_ratio: float = 0.0,
        init_cfg: Any = None,
        **kwargs: Any,
    ) -> None:
        model = _build(
            arch, encoder_name, out_channels or num_classes, arch_cfg or {}
        )
        channels = list(model.encoder.out_channels)
        super().__init__(
            in_channels=channels,
            in_index=list(range(len(channels))),
            input_transform='multiple_select',
            channels=model.segmentation_head[0].in_channels,
            num_classes=num_classes,
            out_channels=out_channels,
            dropout_ratio=dropout_ratio,
            init_cfg=init_cfg,
            **kwargs,
        )
        del self.conv_seg  # smp's is in segmentation_head
        self.decoder = model.decoder
        self.segmentation_head = model.segmentation_head
        self.encoder_name = encoder_name
        self.stride = model.encoder.output_stride
        self.any_size = not model.requires_divisible_input_shape

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        """Logits (N, out_channels, H, W) from the maps of the encoder."""
        self._check(inputs)
        x = self.decoder(self._transform_inputs(inputs))
        if self.dropout is not None:
            x = self.dropout(x)
        return self.segmentation_head(x)

    def _check(self, inputs: Sequence[Tensor]) -> None:
        # Decoders take no channels of the image, only its size.
        found = [x.shape[1] for x in inputs]
        if found[1:] != self.in_channels[1:]:
            raise InputError(
                f'the backbone gives maps of {found} channels, decode_head '
                f'expects {self.in_channels} of {self.encoder_name!r}; remove '
                'encoder_name of decode_head, and give both the same '
                'encoder_depth (that of decode_head is in arch_cfg)'
            )
        height, last = inputs[0].shape[2], inputs[-1].shape[2]
        if not height // self.stride <= last <= -(-height // self.stride):
            raise InputError(
                f'the last map of the backbone has {last} rows of {height}, '
                f'decode_head expects a stride of {self.stride}: set '
                f'backbone.encoder_output_stride={self.stride}'
            )
        if not self.any_size:
            check_multiple(inputs[0], self.stride)


def _build(
    arch: str, encoder_name: str, classes: int, options: dict[str, Any]
) -> nn.Module:
    """Model of smp, whose encoder is only asked for its channels."""
    smp = import_smp()
    check_name('arch', arch, ARCHITECTURES)
    check_encoder(encoder_name)
    kind = getattr(smp, arch)
    known = set(inspect.signature(kind.__init__).parameters) - DECIDED
    for key in options:
        check_name(f'argument in arch_cfg of {arch}', key, sorted(known))
    try:
        return kind(
            encoder_name, encoder_weights=None, classes=classes, **options
        )
    except (TypeError, ValueError) as error:
        raise InputError(f'smp.{arch} with {encoder_name}: {error}') from None
