import contextlib
import io
import itertools

import numpy as np
import pytest

from mmseg_medical.evaluation.functional import (
    COCO_IOUS,
    aggregated_jaccard,
    centre_f1,
    coco_precision,
    instance_overlaps,
    match,
    panoptic_quality,
    threshold_precision,
)
from tests.evaluation.functional.test_instance_overlaps import labels


def pair(seed):
    """A map, and one that is like it."""
    true = labels(seed)
    pred = np.roll(true, (seed % 3, 1), (0, 1))
    pred[labels(seed + 5) == 3] = 12
    pred[pred == 4] = 0
    return true, pred


def rows(*ids):
    return np.array(ids, np.int32)


TRUE = rows([1, 1, 1, 1, 2, 2, 0, 3, 3, 3])
PRED = rows([1, 1, 1, 0, 2, 2, 2, 0, 4, 0])


def brute_ious(true, pred):
    return np.array(
        [
            [
                ((true == t) & (pred == p)).sum()
                / ((true == t) | (pred == p)).sum()
                for p in np.unique(pred[pred > 0])
            ]
            for t in np.unique(true[true > 0])
        ]
    )


def test_matches_by_hand():
    overlaps = instance_overlaps(TRUE, PRED)
    np.testing.assert_allclose(overlaps.ious, [3 / 4, 2 / 3, 1 / 3])
    assert match(overlaps, 0.5)[:3] == (2, 1, 1)
    assert match(overlaps, 0.5).quality == pytest.approx(3 / 4 + 2 / 3)
    assert match(overlaps, 0.75)[:3] == (1, 2, 2)
    assert match(overlaps, 0.3)[:3] == (3, 0, 0)
    pq, dq, sq = panoptic_quality(overlaps)
    assert dq == pytest.approx(2 / 3)
    assert sq == pytest.approx((3 / 4 + 2 / 3) / 2)
    assert pq == pytest.approx(dq * sq)
    # 3 + 2 + 1 pixels of the unions 4 + 3 + 3.
    assert aggregated_jaccard(overlaps) == pytest.approx(6 / 10)
    np.testing.assert_allclose(
        threshold_precision(overlaps, (0.3, 0.5, 0.7)), [1, 1 / 2, 1 / 5]
    )
    assert centre_f1(overlaps, 0.5) == 1
    assert centre_f1(overlaps, 0.1) == pytest.approx(1 / 3)


def test_half_is_a_match_but_for_panoptic_quality():
    overlaps = instance_overlaps(rows([1, 1, 0]), rows([5, 0, 0]))
    assert match(overlaps).hits == 1
    assert panoptic_quality(overlaps)[1] == 0


@pytest.mark.parametrize('seed', range(6))
@pytest.mark.parametrize('thr', [0.1, 0.3, 0.5, 0.7])
def test_as_many_as_may_be_are_matched(seed, thr):
    true, pred = pair(seed)
    ious = brute_ious(true, pred)
    best = 0
    small = ious[:6, :6]
    sub_true = np.where(true <= np.unique(true[true > 0])[:6].max(), true, 0)
    ids = np.unique(pred[pred > 0])[:6]
    sub_pred = np.where(np.isin(pred, ids), pred, 0)
    for order in itertools.permutations(range(small.shape[1])):
        chosen = small[np.arange(min(small.shape)), order[: len(small)]]
        good = chosen >= thr
        best = max(best, good.sum() + 1e-3 * chosen[good].sum())
    found = match(instance_overlaps(sub_true, sub_pred), thr)
    assert found.hits + 1e-3 * found.quality == pytest.approx(best)


@pytest.mark.parametrize('seed', range(6))
def test_aggregated_jaccard_as_published(seed):
    true, pred = pair(seed)
    ids = np.unique(pred[pred > 0])
    ious = brute_ious(true, pred)
    shared = union = 0
    used = set()
    for t, line in zip(np.unique(true[true > 0]), ious, strict=True):
        own = true == t
        if line.max() == 0:
            union += own.sum()
            continue
        p = ids[line.argmax()]
        used.add(p)
        shared += (own & (pred == p)).sum()
        union += (own | (pred == p)).sum()
    union += sum((pred == p).sum() for p in ids if p not in used)
    overlaps = instance_overlaps(true, pred)
    found = aggregated_jaccard(overlaps)
    assert found == pytest.approx(shared / union)
    assert aggregated_jaccard(overlaps, plus=True) <= 1


def test_aggregated_jaccard_of_one_that_covers_two():
    overlaps = instance_overlaps(rows([1, 1, 2, 2, 2]), rows([7] * 5))
    assert aggregated_jaccard(overlaps) == pytest.approx(5 / 10)
    assert aggregated_jaccard(overlaps, plus=True) == pytest.approx(3 / 7)


def coco(maps, iou_thrs, max_dets):
    """The same by pycocotools."""
    tools = pytest.importorskip('pycocotools.coco')
    from pycocotools import mask as coder
    from pycocotools.cocoeval import COCOeval

    def encode(mask):
        return coder.encode(np.asfortranarray(mask.astype(np.uint8)))

    images, truths, found = [], [], []
    for k, (true, pred, scores) in enumerate(maps, 1):
        images.append(dict(id=k, height=true.shape[0], width=true.shape[1]))
        for t in np.unique(true[true > 0]):
            truths.append(
                dict(
                    id=len(truths) + 1,
                    image_id=k,
                    category_id=1,
                    iscrowd=0,
                    area=int((true == t).sum()),
                    bbox=[0, 0, 1, 1],
                    segmentation=encode(true == t),
                )
            )
        for p, score in zip(np.unique(pred[pred > 0]), scores, strict=True):
            found.append(
                dict(
                    image_id=k,
                    category_id=1,
                    score=float(score),
                    segmentation=encode(pred == p),
                )
            )
    with contextlib.redirect_stdout(io.StringIO()):
        data = tools.COCO()
        data.dataset = dict(
            images=images, annotations=truths, categories=[dict(id=1)]
        )
        data.createIndex()
        run = COCOeval(data, data.loadRes(found), 'segm')
        run.params.iouThrs = np.array(iou_thrs)
        run.params.maxDets = [max_dets]
        run.params.areaRng = [[0, 1e10]]
        run.params.areaRngLbl = ['all']
        run.evaluate()
        run.accumulate()
    return run.eval['precision'][:, :, 0, 0, 0].mean(1)


@pytest.mark.parametrize('max_dets', [3, 1000])
@pytest.mark.parametrize('seed', range(3))
def test_average_precision_is_that_of_coco(seed, max_dets):
    rng = np.random.default_rng(seed)
    maps = []
    for k in range(4):
        true, pred = pair(4 * seed + k)
        count = len(np.unique(pred[pred > 0]))
        # Equal scores are ranked by their order in both.
        maps.append((true, pred, rng.integers(0, 5, count) / 5))
    thrs = (0.2, *COCO_IOUS)
    found = coco_precision(
        [instance_overlaps(true, pred) for true, pred, _ in maps],
        [scores for *_, scores in maps],
        thrs,
        max_dets=max_dets,
    )
    np.testing.assert_allclose(found, coco(maps, thrs, max_dets))
    assert 0 < found[0] < 1


def test_the_ceiling_of_a_hundred_detections():
    """Recall ends at 100 of 394, so that 26 of 101 values are 1."""
    ids = np.arange(1, 395, dtype=np.int32).reshape(2, 197)
    overlaps = [instance_overlaps(ids, ids)]
    scores = [np.ones(394)]
    capped = coco_precision(overlaps, scores, (0.5,), max_dets=100)
    assert capped == pytest.approx(26 / 101)
    assert coco_precision(overlaps, scores, (0.5,)) == 1


def test_nothing():
    empty = np.zeros((3, 4), np.int32)
    none = instance_overlaps(empty, empty)
    assert np.isnan(panoptic_quality(none)).all()
    assert np.isnan(aggregated_jaccard(none))
    assert np.isnan(threshold_precision(none)).all()
    assert np.isnan(centre_f1(none, 3))
    assert np.isnan(coco_precision([none], [[]])).all()
    assert aggregated_jaccard(none, empty=1.0) == 1
    missed = instance_overlaps(TRUE, np.zeros_like(TRUE))
    assert panoptic_quality(missed)[:2] == (0, 0)
    assert aggregated_jaccard(missed) == 0
    assert centre_f1(missed, 3) == 0
    assert coco_precision([missed], [[]]).tolist() == [0] * 10
    with pytest.raises(ValueError, match='2 scores for 3 instances'):
        coco_precision([instance_overlaps(TRUE, PRED)], [[1, 2]])
