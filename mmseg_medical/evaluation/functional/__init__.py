"""Scores on arrays, without torch."""

from mmseg_medical.evaluation.functional.bootstrap import (
    Interval,
    bootstrap_gain,
    bootstrap_mean,
    bootstrap_ratio,
)
from mmseg_medical.evaluation.functional.calibration import (
    Reliability,
    reliability,
)
from mmseg_medical.evaluation.functional.counts import (
    AREAS,
    areas_of,
    counts_of,
    joint_counts,
    overlap_counts,
)
from mmseg_medical.evaluation.functional.instance_overlaps import (
    Overlaps,
    instance_overlaps,
    object_overlaps,
)
from mmseg_medical.evaluation.functional.instances import (
    COCO_IOUS,
    aggregated_jaccard,
    centre_f1,
    coco_precision,
    match,
    panoptic_quality,
    threshold_precision,
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
    'AREAS',
    'COCO_IOUS',
    'OFFICIAL',
    'Interval',
    'Overlaps',
    'Reliability',
    'SurfaceDistances',
    'UWMadisonScore',
    'aggregated_jaccard',
    'areas_of',
    'average_surface_distance',
    'bootstrap_gain',
    'bootstrap_mean',
    'bootstrap_ratio',
    'centre_f1',
    'coco_precision',
    'counts_of',
    'dice',
    'hausdorff',
    'hubmap_score',
    'instance_overlaps',
    'iou',
    'joint_counts',
    'match',
    'nan_mean',
    'object_overlaps',
    'overlap_counts',
    'panoptic_quality',
    'precision',
    'presence',
    'reliability',
    'sensitivity',
    'siim_score',
    'specificity',
    'stas_score',
    'surface_dice',
    'surface_distances',
    'threshold_precision',
    'uw_madison_score',
    'volume_hausdorff',
]
