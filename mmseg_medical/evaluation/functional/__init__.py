"""Scores on arrays, without torch."""

from mmseg_medical.evaluation.functional.overlap import (
    dice,
    iou,
    overlap_counts,
)

__all__ = ['dice', 'iou', 'overlap_counts']
