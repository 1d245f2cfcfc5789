"""Transforms, registered with MMSegmentation."""

from mmseg_medical.datasets.transforms.albumentations import (
    ApplyAlbumentations,
)
from mmseg_medical.datasets.transforms.border_map import GenerateBorderMap
from mmseg_medical.datasets.transforms.choose_by import ChooseBy
from mmseg_medical.datasets.transforms.choose_region import ChooseRandomRegion
from mmseg_medical.datasets.transforms.colours import JitterColours
from mmseg_medical.datasets.transforms.contrast import ApplyCLAHE
from mmseg_medical.datasets.transforms.cut_mix import CutMixWithinGroup
from mmseg_medical.datasets.transforms.intensity import MapIntensity
from mmseg_medical.datasets.transforms.load_image import LoadImageRegion
from mmseg_medical.datasets.transforms.load_instances import (
    LoadInstancesRegion,
)
from mmseg_medical.datasets.transforms.load_mask import LoadMaskRegion
from mmseg_medical.datasets.transforms.mix_up import MixUpWithinGroup
from mmseg_medical.datasets.transforms.packing import PackMedicalInputs
from mmseg_medical.datasets.transforms.rescale import RescaleToPixelSize
from mmseg_medical.datasets.transforms.stain import StainJitter, StainNormalize
from mmseg_medical.datasets.transforms.symmetry import ApplySymmetry
from mmseg_medical.datasets.transforms.target_maps import (
    GenerateDistanceMap,
    GenerateFlowMap,
    GenerateHVMap,
    GenerateStarMap,
)

__all__ = [
    'ApplyAlbumentations',
    'ApplyCLAHE',
    'ApplySymmetry',
    'ChooseBy',
    'ChooseRandomRegion',
    'CutMixWithinGroup',
    'GenerateBorderMap',
    'GenerateDistanceMap',
    'GenerateFlowMap',
    'GenerateHVMap',
    'GenerateStarMap',
    'JitterColours',
    'LoadImageRegion',
    'LoadInstancesRegion',
    'LoadMaskRegion',
    'MapIntensity',
    'MixUpWithinGroup',
    'PackMedicalInputs',
    'RescaleToPixelSize',
    'StainJitter',
    'StainNormalize',
]
