"""Scores of instances.

100 images of 512² with 157 nuclei each, and predictions that miss, merge and
shift some. StarDist gives TP / (TP + FP + FN) at ten thresholds and the
panoptic quality, ours beside them AJI and the average precision of COCO, or
AJI+ and F1 of centres as well. pycocotools gives the average precision, from
masks that it has to encode first.
"""

import contextlib
import io
from typing import Any

import numpy as np
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from stardist.matching import matching_dataset

from benchmarks.fields import nuclei
from benchmarks.harness import Job
from mmseg_medical.evaluation.functional import (
    COCO_IOUS,
    aggregated_jaccard,
    centre_f1,
    coco_precision,
    instance_overlaps,
    panoptic_quality,
    threshold_precision,
)

Ids = np.ndarray


def images(count: int) -> list[tuple[Ids, Ids, Ids]]:
    """Ids of a mask, of its prediction, and scores of the latter."""
    found = []
    for seed in range(count):
        rng = np.random.default_rng(seed)
        true = np.unique(nuclei(512, seed), return_inverse=True)[1]
        pred = np.roll(true, rng.integers(-2, 3, 2), (0, 1))
        ids = np.arange(pred.max() + 1)
        ids[rng.random(len(ids)) < 0.1] = 0
        merged = rng.integers(1, len(ids), 8)
        ids[merged] = ids[(merged + 1) % len(ids)]
        pred = np.unique(ids[pred], return_inverse=True)[1]
        scores = rng.random(pred.max())
        found.append((true.astype(np.int32), pred.astype(np.int32), scores))
    return found


def ours(data: Any, *, more: bool = True) -> tuple[Any, ...]:
    """Scores of the data set."""
    overlaps = [instance_overlaps(true, pred) for true, pred, _ in data]
    for one in overlaps:
        aggregated_jaccard(one)
        if more:
            aggregated_jaccard(one, plus=True)
            centre_f1(one, 12)
    return (
        coco_precision(overlaps, [scores for *_, scores in data]),
        [threshold_precision(one) for one in overlaps],
        [panoptic_quality(one) for one in overlaps],
    )


def precision(data: Any) -> np.ndarray:
    """Average precision alone."""
    overlaps = [instance_overlaps(true, pred) for true, pred, _ in data]
    return coco_precision(overlaps, [scores for *_, scores in data])


def by_stardist(data: Any) -> Any:
    """Scores of the data set at ten thresholds."""
    return matching_dataset(
        [true for true, *_ in data],
        [pred for _, pred, _ in data],
        thresh=COCO_IOUS,
        show_progress=False,
        parallel=False,
    )


class ByCOCO:
    """COCOeval without a limit of detections, of masks encoded before."""

    def __init__(self, data: Any) -> None:
        true, found = [], []
        for image, (ids, pred, scores) in enumerate(data, 1):
            true += [
                dict(id=len(true) + k, image_id=image, category_id=1) | obj
                for k, obj in enumerate(self._objects(ids), 1)
            ]
            found += [
                dict(image_id=image, category_id=1, score=score) | obj
                for score, obj in zip(scores, self._objects(pred), strict=True)
            ]
        with contextlib.redirect_stdout(io.StringIO()):
            self.true = COCO()
            self.true.dataset = dict(
                images=[
                    dict(id=k, height=512, width=512)
                    for k in range(1, len(data) + 1)
                ],
                annotations=true,
                categories=[dict(id=1, name='nucleus')],
            )
            self.true.createIndex()
            self.found = self.true.loadRes(found)

    @staticmethod
    def _objects(ids: Ids) -> list[dict[str, Any]]:
        found = []
        for k in range(1, ids.max() + 1):
            rle = coco_mask.encode(np.asfortranarray(ids == k, np.uint8))
            found.append(
                dict(
                    segmentation=rle,
                    area=int(coco_mask.area(rle)),
                    bbox=coco_mask.toBbox(rle).tolist(),
                    iscrowd=0,
                )
            )
        return found

    def __call__(self) -> np.ndarray:
        with contextlib.redirect_stdout(io.StringIO()):
            made = COCOeval(self.true, self.found, 'segm')
            made.params.maxDets = [1, 10, 10_000]
            made.evaluate()
            made.accumulate()
        return made.eval['precision'][:, :, 0, 0, -1].mean(1)


def jobs() -> list[Job]:
    """Beside StarDist and COCO, once their results are the same."""
    data = images(100)
    some = data[:20]
    by_coco = ByCOCO(some)
    _, hits, qualities = ours(data[:1])
    np.testing.assert_allclose(precision(some), by_coco(), atol=1e-6)
    check = by_stardist(data[:1])
    np.testing.assert_allclose(hits[0], [one.accuracy for one in check])
    assert np.isclose(qualities[0][0], check[0].panoptic_quality)
    stardist = {'StarDist': lambda: by_stardist(data)}
    return [
        Job(
            'AP, PQ and AJI of 15,700 nuclei',
            lambda: ours(data, more=False),
            stardist,
            8,
        ),
        Job('AJI+ and F1 of centres as well', lambda: ours(data), stardist, 4),
        Job(
            'average precision of COCO alone, 20 images',
            lambda: precision(some),
            {
                'COCOeval': by_coco,
                'COCOeval with encoding': lambda: ByCOCO(some)(),
            },
            200,
            floor='COCOeval',
        ),
    ]
