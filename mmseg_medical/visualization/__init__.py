"""Pictures and pages of predictions."""

from mmseg_medical.visualization.overlay import draw_classes, draw_overlay
from mmseg_medical.visualization.report import write_report

__all__ = ['draw_classes', 'draw_overlay', 'write_report']
