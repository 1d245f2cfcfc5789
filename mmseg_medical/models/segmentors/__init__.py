"""Segmentors."""

from mmseg_medical.models.segmentors.ensemble import EnsembleSegmentor
from mmseg_medical.models.segmentors.segmentor import MedicalSegmentor
from mmseg_medical.models.segmentors.tta import MedicalTTAModel

__all__ = ['EnsembleSegmentor', 'MedicalSegmentor', 'MedicalTTAModel']
