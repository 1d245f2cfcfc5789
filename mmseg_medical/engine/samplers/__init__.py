"""Samplers, registered with MMSegmentation."""

from mmseg_medical.engine.samplers.balanced import BalancedSampler
from mmseg_medical.engine.samplers.positive_ratio import PositiveRatioSampler

__all__ = ['BalancedSampler', 'PositiveRatioSampler']
