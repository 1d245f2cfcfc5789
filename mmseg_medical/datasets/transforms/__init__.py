"""Transforms, registered with MMSegmentation."""

from mmseg_medical.datasets.transforms.albumentations import (
    ApplyAlbumentations,
)
from mmseg_medical.datasets.transforms.contrast import ApplyCLAHE
from mmseg_medical.datasets.transforms.loading import (
    ChooseRandomRegion,
    LoadImageRegion,
    LoadMaskRegion,
)
from mmseg_medical.datasets.transforms.packing import PackMedicalInputs
from mmseg_medical.datasets.transforms.stain import StainJitter, StainNormalize

__all__ = [
    'ApplyAlbumentations',
    'ApplyCLAHE',
    'ChooseRandomRegion',
    'LoadImageRegion',
    'LoadMaskRegion',
    'PackMedicalInputs',
    'StainJitter',
    'StainNormalize',
]
