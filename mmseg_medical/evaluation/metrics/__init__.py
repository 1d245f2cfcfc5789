"""Metrics, registered with MMSegmentation."""

from mmseg_medical.evaluation.metrics.base import MedicalMetric
from mmseg_medical.evaluation.metrics.instance_metric import InstanceMetric
from mmseg_medical.evaluation.metrics.overlap_metric import OverlapMetric
from mmseg_medical.evaluation.metrics.per_image import PerImageMetric
from mmseg_medical.evaluation.metrics.surface_metric import SurfaceMetric
from mmseg_medical.evaluation.metrics.uw_madison_metric import (
    UWMadisonMetric,
)

__all__ = [
    'InstanceMetric',
    'MedicalMetric',
    'OverlapMetric',
    'PerImageMetric',
    'SurfaceMetric',
    'UWMadisonMetric',
]
