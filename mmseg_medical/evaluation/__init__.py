"""Evaluation: scores on arrays and the metrics above them."""

from mmseg_medical.evaluation import functional, metrics

__all__ = ['functional', 'metrics']
