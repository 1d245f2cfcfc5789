"""Stains of histology on arrays: normalise, separate, vary.

All functions take and return (H, W, 3) uint8 RGB arrays.
"""

from mmseg_medical.stain.macenko import MacenkoNormalizer
from mmseg_medical.stain.normalizer import StainNormalizer, build_normalizer
from mmseg_medical.stain.reinhard import ReinhardNormalizer
from mmseg_medical.stain.separation import jitter_stains, separate_stains
from mmseg_medical.stain.tissue import tissue_mask
from mmseg_medical.stain.vahadane import VahadaneNormalizer

__all__ = [
    'MacenkoNormalizer',
    'ReinhardNormalizer',
    'StainNormalizer',
    'VahadaneNormalizer',
    'build_normalizer',
    'jitter_stains',
    'separate_stains',
    'tissue_mask',
]
