"""Metrics, registered with MMSegmentation."""

from mmseg_medical.evaluation.metrics.overlap_metric import OverlapMetric

__all__ = ['OverlapMetric']
