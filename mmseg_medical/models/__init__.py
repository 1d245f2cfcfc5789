"""Models: one segmentor for every task, its networks and its losses."""

from mmseg_medical.models import backbones, decode_heads
from mmseg_medical.models.losses import BCELoss
from mmseg_medical.models.segmentors import MedicalSegmentor, MedicalTTAModel

__all__ = [
    'BCELoss',
    'MedicalSegmentor',
    'MedicalTTAModel',
    'backbones',
    'decode_heads',
]
