"""Metrics.

Class counts of a label map of 1024² with six regions and its prediction; the
peers get the tensors that they take, one-hot where they ask for it. Hausdorff
95 of three organs in a volume of 144 x 266 x 266 voxels of 3 x 1.5 x 1.5 mm.
"""

from typing import Any

import numpy as np
import torch
from medpy.metric import binary as medpy
from mmseg.evaluation.metrics import IoUMetric
from monai import metrics as monai
from numpy.typing import NDArray
from scipy import ndimage
from torchmetrics.functional import classification as torchmetrics

from benchmarks.fields import field
from benchmarks.harness import Job
from mmseg_medical.evaluation.functional import (
    dice,
    hausdorff,
    joint_counts,
    overlap_counts,
    surface_distances,
)

Labels = NDArray[np.uint8]
Masks = NDArray[np.bool_]

CLASSES = 6
SPACING = (3.0, 1.5, 1.5)


def regions(size: int = 1024) -> tuple[Labels, Labels]:
    """Prediction and mask (size, size): regions whose borders disagree."""
    rng = np.random.default_rng(0)
    shape = (size, size)
    gt = np.stack([field(rng, shape, 40) for _ in range(CLASSES)])
    error = np.stack([field(rng, shape, 16) for _ in range(CLASSES)])
    pred = gt + 0.2 * error
    return pred.argmax(0).astype(np.uint8), gt.argmax(0).astype(np.uint8)


def organs() -> tuple[Masks, Masks]:
    """Prediction and mask (3, 144, 266, 266) of rough balls."""
    rng = np.random.default_rng(0)
    shape = (144, 266, 266)
    grid = np.meshgrid(*(np.linspace(-1, 1, n) for n in shape), indexing='ij')
    pred, gt = [], []
    for center, radius in (
        ((-0.1, -0.2, -0.3), 0.28),
        ((0.1, 0.2, 0.1), 0.35),
        ((0.0, -0.1, 0.45), 0.22),
    ):
        parts = zip(grid, center, strict=True)
        depth = np.sqrt(sum((axis - c) ** 2 for axis, c in parts))
        depth -= radius + 0.06 * field(rng, shape, 24)
        gt.append(depth < 0)
        pred.append(depth < 0.01 + 0.015 * field(rng, shape, 16))
    return np.stack(pred), np.stack(gt)


def bincount(pred: Labels, gt: Labels) -> NDArray[np.int64]:
    """Joint counts by numpy, without looking for wrong labels."""
    index = gt.reshape(-1) * np.uint8(CLASSES) + pred.reshape(-1)
    return np.bincount(index, minlength=CLASSES**2).reshape(CLASSES, CLASSES)


def hausdorff_95(pred: Masks, gt: Masks, pooled: bool = False) -> list[float]:
    """Ours, of each organ in mm."""
    return [
        hausdorff(
            surface_distances(*pair, spacing=SPACING),
            percentile=95,
            pooled=pooled,
        )
        for pair in zip(pred, gt, strict=True)
    ]


def distance_maps(pred: Masks, gt: Masks) -> list[float]:
    """Scipy's distance transform of whole volumes."""
    found = []
    for pair in zip(pred, gt, strict=True):
        edges = [mask ^ ndimage.binary_erosion(mask) for mask in pair]
        both = [
            ndimage.distance_transform_edt(~other, sampling=SPACING)[edge]
            for edge, other in zip(edges, edges[::-1], strict=True)
        ]
        found.append(max(np.percentile(one, 95) for one in both))
    return found


def medpy_95(pred: Masks, gt: Masks) -> list[float]:
    """MedPy, which pools both directions."""
    return [
        medpy.hd95(*pair, voxelspacing=SPACING)
        for pair in zip(pred, gt, strict=True)
    ]


def count_jobs() -> list[Job]:
    """Counts beside numpy, and beside what libraries need for them."""
    pred, gt = regions()
    tensors = [torch.from_numpy(labels) for labels in (pred, gt)]
    one_hot = [
        torch.nn.functional.one_hot(x.long(), CLASSES).permute(2, 0, 1)[None]
        for x in tensors
    ]

    def by_mmseg() -> Any:
        return IoUMetric.intersect_and_union(*tensors, CLASSES, 255)

    def by_monai() -> Any:
        return monai.compute_iou(*one_hot)

    def by_torchmetrics() -> Any:
        return torchmetrics.multiclass_confusion_matrix(*tensors, CLASSES)

    table = joint_counts(pred, gt, CLASSES)
    counts = overlap_counts(pred, gt, CLASSES)
    np.testing.assert_array_equal(table, bincount(pred, gt))
    np.testing.assert_array_equal(table, by_torchmetrics())
    tp, fp, fn, _ = counts.T
    expected = (tp, tp + fp + fn, tp + fp, tp + fn)
    for ours, theirs in zip(expected, by_mmseg(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_allclose(
        dice(counts), monai.DiceMetric()(*one_hot)[0], rtol=1e-5
    )
    np.testing.assert_allclose(tp / (tp + fp + fn), by_monai()[0], rtol=1e-5)

    def ours() -> Any:
        return overlap_counts(pred, gt, CLASSES)

    return [
        Job(
            'class counts, 6 classes 1024²',
            ours,
            {'numpy bincount': lambda: bincount(pred, gt)},
            3,
        ),
        Job(
            'the same beside libraries',
            ours,
            {
                'mmseg IoUMetric': by_mmseg,
                'MONAI compute_iou': by_monai,
                'torchmetrics confusion matrix': by_torchmetrics,
            },
            50,
            floor='mmseg IoUMetric',
        ),
    ]


def surface_job() -> Job:
    """Hausdorff 95 in 3D."""
    pred, gt = organs()
    tensors = [torch.from_numpy(masks[None]) for masks in (pred, gt)]

    def by_monai() -> Any:
        return monai.compute_hausdorff_distance(
            *tensors, include_background=True, percentile=95, spacing=SPACING
        )

    ours = hausdorff_95(pred, gt)
    np.testing.assert_allclose(ours, by_monai()[0], rtol=1e-5)
    np.testing.assert_allclose(ours, distance_maps(pred, gt))
    np.testing.assert_allclose(
        hausdorff_95(pred, gt, pooled=True), medpy_95(pred, gt)
    )
    return Job(
        'Hausdorff 95, 144 x 266 x 266, 3 classes',
        lambda: hausdorff_95(pred, gt),
        {
            'MONAI': by_monai,
            'scipy distance maps': lambda: distance_maps(pred, gt),
            'MedPy': lambda: medpy_95(pred, gt),
        },
        3.5,
    )


def jobs() -> list[Job]:
    """Counts and surfaces."""
    return [*count_jobs(), surface_job()]
