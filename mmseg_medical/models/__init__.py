"""Models: one segmentor for every task, and its losses."""

from mmseg_medical.models.losses import (
    BCELoss,
    CELoss,
    FocalTverskyLoss,
    HausdorffDTLoss,
    JaccardLoss,
    LovaszHingeLoss,
    LovaszSoftmaxLoss,
    PixelFocalLoss,
    SoftDiceLoss,
    SoftTverskyLoss,
    SurfaceLoss,
)
from mmseg_medical.models.segmentors import MedicalSegmentor, MedicalTTAModel

__all__ = [
    'BCELoss',
    'CELoss',
    'FocalTverskyLoss',
    'HausdorffDTLoss',
    'JaccardLoss',
    'LovaszHingeLoss',
    'LovaszSoftmaxLoss',
    'MedicalSegmentor',
    'MedicalTTAModel',
    'PixelFocalLoss',
    'SoftDiceLoss',
    'SoftTverskyLoss',
    'SurfaceLoss',
]
