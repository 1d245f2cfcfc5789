"""Decode heads that MMSegmentation does not have."""

from mmseg_medical.models.decode_heads.deeplabv3plus_head import (
    DeepLabV3PlusHead,
)
from mmseg_medical.models.decode_heads.fused_segformer_head import (
    FusedSegformerHead,
)
from mmseg_medical.models.decode_heads.smp_decode_head import SMPDecodeHead
from mmseg_medical.models.decode_heads.unet_fpn_head import UNetFPNHead

__all__ = [
    'DeepLabV3PlusHead',
    'FusedSegformerHead',
    'SMPDecodeHead',
    'UNetFPNHead',
]
