"""Backbones beside those of MMSegmentation and MMPretrain."""

from mmseg_medical.models.backbones.coat import CoaTBackbone
from mmseg_medical.models.backbones.fused_mit import FusedMixVisionTransformer
from mmseg_medical.models.backbones.smp_encoder import SMPEncoder
from mmseg_medical.models.backbones.timm_encoder import TIMMEncoder

__all__ = [
    'CoaTBackbone',
    'FusedMixVisionTransformer',
    'SMPEncoder',
    'TIMMEncoder',
]
