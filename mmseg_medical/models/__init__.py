"""Models: one segmentor for every task, and its losses."""

from mmseg_medical.models.losses import BCELoss
from mmseg_medical.models.segmentors import MedicalSegmentor, MedicalTTAModel

__all__ = ['BCELoss', 'MedicalSegmentor', 'MedicalTTAModel']
