"""Samplers, registered with MMSegmentation."""

from mmseg_medical.engine.samplers.balanced import BalancedSampler
from mmseg_medical.engine.samplers.positive_ratio import PositiveRatioSampler
from mmseg_medical.engine.samplers.pseudo_ratio import PseudoRatioSampler

__all__ = ['BalancedSampler', 'PositiveRatioSampler', 'PseudoRatioSampler']
