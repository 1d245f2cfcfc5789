"""Models: one segmentor for every task, its losses and heads."""

from mmseg_medical.models import image_heads, losses, segmentors

__all__ = ['image_heads', 'losses', 'segmentors']
