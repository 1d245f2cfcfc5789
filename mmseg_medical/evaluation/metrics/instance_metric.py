"""Scores of instances: what was found, how well, and how it is ranked."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmseg.registry import METRICS
from numpy.typing import NDArray

from mmseg_medical.evaluation.functional import (
    COCO_IOUS,
    Overlaps,
    aggregated_jaccard,
    centre_f1,
    coco_precision,
    instance_overlaps,
    panoptic_quality,
    threshold_precision,
)
from mmseg_medical.evaluation.metrics.base import Labels
from mmseg_medical.evaluation.metrics.per_image import PerImageMetric
from mmseg_medical.postprocessing.instances.types import instance_types

Ids = NDArray[np.int64]
# What instances share, scores of the found ones, types of true and found ones.
Measured = tuple[Overlaps, NDArray[np.float32], Ids, Ids]


@METRICS.register_module()
class InstanceMetric(PerImageMetric):
    """Scores of instances, all from one table of each image.

    - ``ap``, ``ap50``: average precision of COCO, the mean over ``iou_thrs``
      and at 0.5, over the ranking of all images; of all detections.
    - ``ap_max100``, ``ap50_max100``: of the best 100 of each image, where
      ``max_dets`` is 100. Images with more nuclei cannot reach 1.
    - ``dsb_per_image``: mean of TP / (TP + FP + FN) over ``iou_thrs``.
    - ``aji_per_image``, ``aji_plus_per_image``: aggregated Jaccard index.
    - ``pq_per_image``, ``dq_per_image``, ``sq_per_image``: panoptic quality.
    - ``f1_12px_per_image``: of centres of mass within ``distance`` pixels.

    An image without instances, true or found, is left out of all means. Each
    type has the same scores, ``…/<type>``, of its true and found instances
    alone.

    Args:
        iou_thrs: IoU from which on a detection is right.
        max_dets: Detections of the highest score of an image for
            ``…_max<n>``.
        distance: Of two centres, in pixels.
        types: Names of the classes that instances are of, which the most of
            their pixels have in ``gt_sem_seg`` and ``pred_sem_seg``.
        kwargs: Arguments of :class:`PerImageMetric`, as ``csv_file``,
            ``group_by`` and ``confidence``.

    Raises:
        InputError: If a sample has no instances to compare, a type is no
            class, or as :class:`PerImageMetric`.

    Example:
        >>> val_evaluator = dict(type='InstanceMetric', max_dets=100)
        >>> checkpoint = dict(save_best='aji_per_image')
    """

    MEASURED = (Overlaps,)

    def __init__(
        self,
        *,
        iou_thrs: Sequence[float] = COCO_IOUS,
        max_dets: int = 100,
        distance: float = 12,
        types: Sequence[str] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.iou_thrs = tuple(iou_thrs)
        self.max_dets = max_dets
        self.distance = distance
        self.types = tuple(types)

    def labels(self, sample: dict[str, Any]) -> tuple[Labels, Labels]:
        """Ids of the prediction and of the mask, (H, W) each."""
        if 'pred_inst_map' not in sample:
            raise ValueError(
                'the model finds no instances: set model.test_cfg.instances, '
                "as dict(type='HVDecoder')"
            )
        if 'gt_inst_map' not in sample:
            raise ValueError(
                'no instances to compare with: the pipeline of the test needs '
                'LoadInstancesRegion and PackMedicalInputs(instances=True)'
            )
        pred: Labels = sample['pred_inst_map']['data'].cpu().numpy()[0]
        gt: Labels = sample['gt_inst_map']['data'].cpu().numpy()[0]
        return pred, gt

    def measure(
        self, pred: Labels, gt: Labels, sample: dict[str, Any]
    ) -> Measured:
        """What the instances share, and the scores of the found ones."""
        overlaps = instance_overlaps(gt, pred)
        scores = np.asarray(sample['instance_scores'], np.float32)
        # Those that lie in ignored pixels alone are none.
        there = np.unique(pred[(gt >= 0) & (pred > 0)]) - 1
        if not self.types:
            none = np.zeros(0, np.int64)
            return overlaps, scores[there], none, none
        # Numbers of the true instances in the order of their ids.
        ids, ranks = np.unique(np.maximum(gt, 0), return_inverse=True)
        ranks = ranks.reshape(gt.shape) + (ids[0] > 0)
        return (
            overlaps,
            scores[there],
            instance_types(
                ranks, _planes(sample, 'gt_sem_seg'), self._indices
            ),
            instance_types(
                pred, _planes(sample, 'pred_sem_seg'), self._indices
            )[there],
        )

    @property
    def _indices(self) -> list[int]:
        """Index of the class of each type."""
        for name in self.types:
            if name not in self.classes:
                raise ValueError(
                    f'type {name!r} is none of the classes {self.classes}'
                )
        return [self.classes.index(name) for name in self.types]

    def score(
        self,
        names: list[str],
        measured: list[Any],
        metas: list[dict[str, Any]],
    ) -> dict[str, float]:
        overlaps, ranking, true, pred = zip(*measured, strict=True)
        scores, columns = self._scores(overlaps, ranking, metas)
        for name, index in zip(self.types, self._indices, strict=True):
            more, cells = self._scores(
                [
                    one.select(t == index, p == index)
                    for one, t, p in zip(overlaps, true, pred, strict=True)
                ],
                [
                    one[p == index]
                    for one, p in zip(ranking, pred, strict=True)
                ],
                metas,
                suffix=f'/{name}',
            )
            scores |= more
            columns |= cells
        self.write(names, columns, metas)
        return scores

    def _scores(
        self,
        overlaps: Sequence[Overlaps],
        ranking: Sequence[NDArray[np.float32]],
        metas: list[dict[str, Any]],
        suffix: str = '',
    ) -> tuple[dict[str, float], dict[str, Any]]:
        """Scores of the data set, and columns of its images, by name."""
        scores: dict[str, float] = {}
        for capped, limit in (
            ('', None),
            (f'_max{self.max_dets}', self.max_dets),
        ):
            for name, thrs in (('ap', self.iou_thrs), ('ap50', (0.5,))):
                values = coco_precision(
                    overlaps, ranking, thrs, max_dets=limit
                )
                scores[f'{name}{capped}{suffix}'] = float(values.mean())
        columns: dict[str, Any] = {}
        for name, values in self._per_image(overlaps).items():
            means = np.array(values)[:, None]
            scores |= self.average(f'{name}_per_image{suffix}', means, metas)
            columns[f'{name}{suffix}'] = values
        columns[f'true{suffix}'] = [len(one.true_sizes) for one in overlaps]
        columns[f'found{suffix}'] = [len(one.pred_sizes) for one in overlaps]
        return scores, columns

    def _per_image(
        self, overlaps: Sequence[Overlaps]
    ) -> dict[str, list[float]]:
        qualities = [panoptic_quality(one) for one in overlaps]
        pq, dq, sq = map(list, zip(*qualities, strict=True))
        return dict(
            dsb=[
                float(threshold_precision(one, self.iou_thrs).mean())
                for one in overlaps
            ],
            aji=[aggregated_jaccard(one) for one in overlaps],
            aji_plus=[aggregated_jaccard(one, plus=True) for one in overlaps],
            pq=pq,
            dq=dq,
            sq=sq,
            **{
                f'f1_{self.distance:g}px': [
                    centre_f1(one, self.distance) for one in overlaps
                ]
            },
        )


def _planes(sample: dict[str, Any], key: str) -> Labels:
    """Labels (C, H, W) of a sample."""
    planes: Labels = sample[key]['data'].cpu().numpy()
    return planes
