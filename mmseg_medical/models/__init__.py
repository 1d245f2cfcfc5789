"""Models: one segmentor for every task."""

from mmseg_medical.models.segmentors import MedicalSegmentor, MedicalTTAModel

__all__ = ['MedicalSegmentor', 'MedicalTTAModel']
