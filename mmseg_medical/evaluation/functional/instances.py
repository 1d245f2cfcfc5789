"""Scores of instances, all from the pixels that pairs of them share."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import min_weight_full_bipartite_matching
from scipy.spatial import KDTree

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
    if not (_single(true) and _single(pred)):
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

    Each true instance is matched, for no gain with a partner of its own.
    """
    if not len(true):
        return np.zeros(0, np.int64)
    rows, columns = int(true.max()) + 1, int(pred.max()) + 1
    alone = np.arange(rows)
    graph = csr_array(
        (
            np.append(1 + gain, np.ones(rows)),
            (np.append(true, alone), np.append(pred, columns + alone)),
        )
    )
    row, column = min_weight_full_bipartite_matching(graph, maximize=True)
    met = column < columns
    keys = true * columns + pred
    order = np.argsort(keys)
    wanted = row[met].astype(np.int64) * columns + column[met]
    return order[np.searchsorted(keys, wanted, sorter=order)]


def _single(ids: IntArray) -> bool:
    """Whether each id is there once."""
    return bool(np.bincount(ids).max(initial=0) <= 1)


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
    thrs = np.array(iou_thrs, float)
    ious = overlaps.ious
    kept = ious >= thrs.min(initial=1)
    if _single(overlaps.true[kept]) and _single(overlaps.pred[kept]):
        hits = (ious[kept, None] >= thrs).sum(0)
    else:
        hits = np.array([match(overlaps, thr).hits for thr in thrs])
    total = len(overlaps.true_sizes) + len(overlaps.pred_sizes) - hits
    return np.where(total > 0, hits / np.maximum(total, 1), empty)


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
    near = KDTree(true).sparse_distance_matrix(
        KDTree(pred), distance, output_type='ndarray'
    )
    # A pair more is worth more than all distances together.
    gain = 2 - near['v'] / max(distance, 1e-12) + len(near)
    hits = len(_assign(near['i'], near['j'], gain))
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
        right.append(_hits(one, order, iou_thrs))
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


def _hits(
    one: Overlaps, order: IntArray, iou_thrs: Sequence[float]
) -> IntArray:
    """1 for each detection, in order, that takes a true instance.

    (T, P) for each of T thresholds.
    """
    place = np.full(len(one.pred_sizes), -1)
    place[order] = np.arange(len(order))
    ious, at = one.ious, place[one.pred]
    hits = np.zeros((len(iou_thrs), len(order)), np.int64)
    for line, thr in zip(hits, iou_thrs, strict=True):
        kept = (ious >= thr) & (at >= 0)
        if _single(one.true[kept]) and _single(at[kept]):
            line[at[kept]] = 1
        else:
            # Of partners alike, COCO takes the last one.
            pairs = zip(at[kept], -ious[kept], -one.true[kept], strict=True)
            line[_greedy(sorted(pairs))] = 1
    return hits


def _greedy(pairs: Sequence[tuple[int, float, int]]) -> list[int]:
    """Detections that find a partner; pairs by detection, best ones first."""
    taken: set[int] = set()
    hits: set[int] = set()
    for detection, _, true in pairs:
        if detection not in hits and true not in taken:
            hits.add(detection)
            taken.add(true)
    return [*hits]
