"""Losses for every task, registered with MMSegmentation."""

from mmseg_medical.models.losses.bce import BCELoss
from mmseg_medical.models.losses.ce import CELoss
from mmseg_medical.models.losses.pixel_focal import PixelFocalLoss

__all__ = [
    'BCELoss',
    'CELoss',
    'PixelFocalLoss',
]
