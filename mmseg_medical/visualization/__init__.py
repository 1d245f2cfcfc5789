"""Pictures and pages of predictions, and where a training is watched."""

from mmseg_medical.visualization.backends import (
    MLflowBackend,
    TensorboardBackend,
    WandbBackend,
)
from mmseg_medical.visualization.overlay import draw_classes, draw_overlay
from mmseg_medical.visualization.report import write_report

__all__ = [
    'MLflowBackend',
    'TensorboardBackend',
    'WandbBackend',
    'draw_classes',
    'draw_overlay',
    'write_report',
]
