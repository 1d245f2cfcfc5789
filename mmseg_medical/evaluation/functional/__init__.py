"""Scores on arrays, without torch."""

from mmseg_medical.evaluation.functional.bootstrap import (
    Interval,
    bootstrap_gain,
    bootstrap_mean,
)
from mmseg_medical.evaluation.functional.counts import (
    joint_counts,
    overlap_counts,
)
from mmseg_medical.evaluation.functional.official import (
    OFFICIAL,
    hubmap_score,
    siim_score,
    stas_score,
)
from mmseg_medical.evaluation.functional.overlap import (
    dice,
    iou,
    nan_mean,
    precision,
    presence,
    sensitivity,
    specificity,
)
from mmseg_medical.evaluation.functional.surface import (
    SurfaceDistances,
    average_surface_distance,
    hausdorff,
    surface_dice,
    surface_distances,
)
from mmseg_medical.evaluation.functional.uw_madison import (
    UWMadisonScore,
    uw_madison_score,
    volume_hausdorff,
)

__all__ = [
    'OFFICIAL',
    'Interval',
    'SurfaceDistances',
    'UWMadisonScore',
    'average_surface_distance',
    'bootstrap_gain',
    'bootstrap_mean',
    'dice',
    'hausdorff',
    'hubmap_score',
    'iou',
    'joint_counts',
    'nan_mean',
    'overlap_counts',
    'precision',
    'presence',
    'sensitivity',
    'siim_score',
    'specificity',
    'stas_score',
    'surface_dice',
    'surface_distances',
    'uw_madison_score',
    'volume_hausdorff',
]
