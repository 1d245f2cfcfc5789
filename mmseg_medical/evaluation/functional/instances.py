"""Scores of instances, all from the pixels that pairs of them share."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from mmseg_medical.evaluation.functional.instance_overlaps import Overlaps

IntArray = NDArray[np.int64]
Floats = NDArray[np.float64]

COCO_IOUS = tuple(np.arange(50, 100, 5) / 100)
RECALLS = np.linspace(0, 1, 101)


class Matches(NamedTuple):
    """Instances that were found, one by one.

    Attributes:
        hits: True positives.
        missed: True instances that were not found.
        wrong: Found instances that are none.
        quality: Sum of the IoU of the hits.
    """

    hits: int
    missed: int
    wrong: int
    quality: float


def match(overlaps: Overlaps, iou_thr: float = 0.5) -> Matches:
    """Match true and found instances, each once, as many as may be.

    Args:
        overlaps: Of an image.
        iou_thr: Least IoU of a match, above 0. From 0.5 on no instance has
            two partners, but for two that share exactly half.

    Returns:
        Matches, with the greatest sum of IoU.
    """
    ious = overlaps.ious
    kept = ious >= iou_thr
    true, pred, ious = overlaps.true[kept], overlaps.pred[kept], ious[kept]
    if len({*true.tolist()}) < len(true) or len({*pred.tolist()}) < len(pred):
        chosen = _assign(true, pred, 1 + ious)
        ious = ious[chosen]
    hits = len(ious)
    return Matches(
        hits,
        len(overlaps.true_sizes) - hits,
        len(overlaps.pred_sizes) - hits,
        float(ious.sum()),
    )


def _assign(true: IntArray, pred: IntArray, gain: Floats) -> IntArray:
    """Pairs to take so that each is in one at most, with the greatest gain.

    Solved for each group of instances that have to do with each other.
    """
    if not len(true):
        return np.zeros(0, np.int64)
    offset = true.max() + 1
    nodes = int(offset + pred.max() + 1)
    graph = coo_array(
        (np.ones(len(true)), (true, pred + offset)), (nodes,) * 2
    )
    _, part = connected_components(graph, directed=False)
    chosen: list[int] = []
    order = np.argsort(part[true], kind='stable')
    cuts = np.flatnonzero(np.diff(part[true][order])) + 1
    for group in np.split(order, cuts):
        rows, row = np.unique(true[group], return_inverse=True)
        columns, column = np.unique(pred[group], return_inverse=True)
        gains = np.zeros((len(rows), len(columns)))
        gains[row, column] = gain[group]
        index = np.full(gains.shape, -1)
        index[row, column] = group
        found = index[linear_sum_assignment(gains, maximize=True)]
        chosen += found[found >= 0].tolist()
    return np.array(chosen, np.int64)


def panoptic_quality(
    overlaps: Overlaps, *, empty: float = np.nan
) -> tuple[float, float, float]:
    """Panoptic quality PQ, detection quality DQ and segmentation quality SQ.

    Args:
        overlaps: Of an image.
        empty: PQ and DQ where there is no instance, neither true nor found.

    Returns:
        PQ = DQ x SQ; DQ is the F1 score at an IoU above 0.5; SQ the mean IoU
        of the matches, nan without one.

    Reference: Kirillov et al., CVPR 2019, arXiv:1801.00868
    """
    found = match(overlaps, np.nextafter(0.5, 1))
    total = found.hits + (found.missed + found.wrong) / 2
    if total == 0:
        return empty, empty, np.nan
    quality = found.quality / found.hits if found.hits else np.nan
    return found.quality / total, found.hits / total, quality


def aggregated_jaccard(
    overlaps: Overlaps, *, plus: bool = False, empty: float = np.nan
) -> float:
    """Aggregated Jaccard index AJI, or AJI+.

    Each true instance is compared with the found one of the greatest IoU,
    which may be that of several; those of no true instance count as union.
    AJI+ takes each of them once, in the best way.

    Args:
        overlaps: Of an image.
        plus: AJI+.
        empty: Value where there is no instance, neither true nor found.

    Reference: Kumar et al., IEEE TMI 36 (2017); AJI+ as in Graham et al.,
        arXiv:1812.06499
    """
    sizes = overlaps.true_sizes.sum(), overlaps.pred_sizes.sum()
    if not sum(sizes):
        return empty
    ious = overlaps.ious
    if plus:
        chosen = _assign(overlaps.true, overlaps.pred, ious)
    else:
        order = np.lexsort((overlaps.pred, -ious, overlaps.true))
        _, first = np.unique(overlaps.true[order], return_index=True)
        chosen = order[first]
    true, pred = overlaps.true[chosen], overlaps.pred[chosen]
    shared = overlaps.shared[chosen].sum()
    union = overlaps.true_sizes[true].sum() + overlaps.pred_sizes[pred].sum()
    alone = np.ones(len(overlaps.pred_sizes), bool)
    alone[pred] = False
    lost = np.ones(len(overlaps.true_sizes), bool)
    lost[true] = False
    rest = overlaps.pred_sizes[alone].sum() + overlaps.true_sizes[lost].sum()
    return float(shared / (union - shared + rest))


def threshold_precision(
    overlaps: Overlaps,
    iou_thrs: Sequence[float] = COCO_IOUS,
    *,
    empty: float = np.nan,
) -> Floats:
    """Hits among all that is true or found, TP / (TP + FP + FN).

    The score of the Data Science Bowl 2018 is the mean over ``iou_thrs``;
    StarDist calls it average precision.

    Args:
        overlaps: Of an image.
        iou_thrs: IoU from which on a pair is a match.
        empty: Value where there is no instance, neither true nor found.

    Returns:
        One value for each of ``iou_thrs``.

    Source: kaggle.com/competitions/data-science-bowl-2018, Evaluation
    """
    values = []
    for thr in iou_thrs:
        found = match(overlaps, thr)
        total = found.hits + found.missed + found.wrong
        values.append(found.hits / total if total else empty)
    return np.array(values)


def centre_f1(
    overlaps: Overlaps, distance: float, *, empty: float = np.nan
) -> float:
    """F1 score of centres of mass that lie within a distance of each other.

    Args:
        overlaps: Of an image.
        distance: In pixels; 12 at 40x in HoVer-Net.
        empty: Value where there is no instance, neither true nor found.

    Reference: Graham et al., Medical Image Analysis 58 (2019),
        arXiv:1812.06499
    """
    true, pred = overlaps.true_centres, overlaps.pred_centres
    if not len(true) + len(pred):
        return empty
    if not (len(true) and len(pred)):
        return 0.0
    far = np.linalg.norm(true[:, None] - pred, axis=2)
    rows, columns = np.nonzero(far <= distance)
    # A pair more is worth more than all distances together.
    gain = 2 - far[rows, columns] / max(distance, 1e-12)
    gain += len(rows)
    hits = len(_assign(rows, columns, gain))
    return 2 * hits / (len(true) + len(pred))


def coco_precision(
    overlaps: Sequence[Overlaps],
    scores: Sequence[NDArray[Any]],
    iou_thrs: Sequence[float] = COCO_IOUS,
    *,
    max_dets: int | None = None,
) -> Floats:
    """Average precision of a data set, as COCO has it.

    Detections of all images are ranked by their score. In that order each
    takes the true instance of its image with the greatest IoU, of those that
    are left and reach the threshold. Precision is made to fall with the
    recall and averaged over 101 values of it.

    Args:
        overlaps: Of each image.
        scores: (P,) of the found instances of each image.
        iou_thrs: IoU from which on a detection is right.
        max_dets: Detections of the highest score that count of an image;
            COCO takes 100. None takes all.

    Returns:
        One value for each of ``iou_thrs``; nan where nothing is true.

    Raises:
        ValueError: If there is not one score for each found instance.

    Source: github.com/cocodataset/cocoapi, COCOeval
    """
    total = sum(len(one.true_sizes) for one in overlaps)
    ranked, right = [], []
    for one, values in zip(overlaps, scores, strict=True):
        if len(values) != len(one.pred_sizes):
            raise ValueError(
                f'{len(values)} scores for {len(one.pred_sizes)} instances'
            )
        order = np.argsort(-np.asarray(values, float), kind='stable')
        order = order[:max_dets]
        ranked.append(np.asarray(values, float)[order])
        right.append([_greedy(one, order, thr) for thr in iou_thrs])
    if not total:
        return np.full(len(iou_thrs), np.nan)
    order = np.argsort(-np.concatenate(ranked), kind='stable')
    hits = np.concatenate(right, 1)[:, order].cumsum(1)
    recall = hits / total
    precision = hits / np.arange(1, hits.shape[1] + 1)
    precision = np.maximum.accumulate(precision[:, ::-1], 1)[:, ::-1]
    found = []
    for line, values in zip(recall, precision, strict=True):
        at = np.searchsorted(line, RECALLS)
        found.append(np.append(values, 0)[np.minimum(at, len(values))].mean())
    return np.array(found)


def _greedy(one: Overlaps, order: IntArray, iou_thr: float) -> IntArray:
    """1 for each detection, in order, that takes a true instance."""
    ious = one.ious
    kept = np.flatnonzero(ious >= iou_thr)
    # Pairs of a detection together, those of the greatest IoU last.
    partners: dict[int, list[tuple[float, int]]] = {}
    for k in kept:
        pair = float(ious[k]), int(one.true[k])
        partners.setdefault(int(one.pred[k]), []).append(pair)
    taken: set[int] = set()
    hits = np.zeros(len(order), np.int64)
    for place, detection in enumerate(order.tolist()):
        left = [p for p in partners.get(detection, ()) if p[1] not in taken]
        if left:
            taken.add(max(left)[1])
            hits[place] = 1
    return hits
