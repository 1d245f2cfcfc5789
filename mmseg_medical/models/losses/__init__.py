"""Losses, registered with MMSegmentation."""

from mmseg_medical.models.losses.bce import BCELoss

__all__ = ['BCELoss']
