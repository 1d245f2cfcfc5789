"""Models: one segmentor for every task, and its losses."""

from mmseg_medical.models.losses import (
    BCELoss,
    CELoss,
    PixelFocalLoss,
)
from mmseg_medical.models.segmentors import MedicalSegmentor, MedicalTTAModel

__all__ = [
    'BCELoss',
    'CELoss',
    'MedicalSegmentor',
    'MedicalTTAModel',
    'PixelFocalLoss',
]
