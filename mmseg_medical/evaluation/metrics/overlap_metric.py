"""Dice and IoU, per image and pooled, by name."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmengine.dist import is_main_process
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log
from mmseg.registry import METRICS

from mmseg_medical.converters.table import write_table
from mmseg_medical.errors import InputError
from mmseg_medical.evaluation.functional import dice, iou, overlap_counts


@METRICS.register_module()
class OverlapMetric(BaseMetric):
    """Dice and IoU over the classes of a data set.

    ``dice_per_image`` is the mean over images of the Dice of each image, as
    competitions score it; ``dice_pooled`` adds up the pixels of all images
    first, as MMSegmentation's ``mDice`` does. The two answer different
    questions and can be far apart. Both leave the background out. With
    several classes they are means over classes, and each class has its own
    value ``dice_per_image/<class>``.

    Args:
        empty: Score of a class in an image where mask and prediction are
            both empty; in [0, 1].
        ignore_index: Label of pixels to leave out.
        csv_file: File for a table with one row per image: id, scores, areas
            in pixels and what the data set knows of the image.
        collect_device: ``'cpu'`` or ``'gpu'``, for several processes.
        prefix: Put before the names of all scores.

    Raises:
        InputError: If a sample has no mask, or labels do not fit.

    Example:
        >>> val_evaluator = dict(type='OverlapMetric')
        >>> default_hooks = dict(checkpoint=dict(save_best='dice_per_image'))
    """

    META = ('organ', 'data_source', 'pixel_size', 'stain_normalized')

    def __init__(
        self,
        *,
        empty: float = 1.0,
        ignore_index: int = 255,
        csv_file: str | None = None,
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        if not 0 <= empty <= 1:
            raise ValueError(f'empty is a score in [0, 1], got {empty}')
        self.empty = empty
        self.ignore_index = ignore_index
        self.csv_file = csv_file

    def process(self, data_batch: Any, data_samples: Sequence[Any]) -> None:
        """Count one batch; see ``BaseMetric.process``."""
        for sample in data_samples:
            name = sample.get('img_id', sample.get('img_path', '?'))
            if 'gt_sem_seg' not in sample:
                raise InputError(
                    f'image {name!r} has no mask to compare with: the '
                    'pipeline has no LoadMaskRegion, or the table no masks; '
                    'test without an evaluator by  --cfg-options '
                    'test_evaluator=[]'
                )
            pred = sample['pred_sem_seg']['data'].cpu().numpy()
            gt = sample['gt_sem_seg']['data'].cpu().numpy()
            if len(pred) == 1 and len(gt) == 1:
                pred, gt = pred[0], gt[0]
            try:
                counts = overlap_counts(
                    pred,
                    gt,
                    len(self.dataset_meta['classes']),
                    ignore_index=self.ignore_index,
                )
            except ValueError as error:
                raise InputError(f'image {name!r}: {error}') from None
            meta = {key: sample[key] for key in self.META if key in sample}
            overlapping = pred.ndim == 3
            self.results.append((name, counts[not overlapping :], meta))

    def compute_metrics(self, results: list[Any]) -> dict[str, float]:
        """Scores of all images; see ``BaseMetric.compute_metrics``."""
        counts = np.stack([counts for _, counts, _ in results])
        classes = self.dataset_meta['classes'][-counts.shape[1] :]
        scores = {}
        for name, score in (('dice', dice), ('iou', iou)):
            per_image = score(counts, empty=self.empty).mean(0)
            pooled = score(counts.sum(0), empty=self.empty)
            for kind, values in (('per_image', per_image), ('pooled', pooled)):
                scores[f'{name}_{kind}'] = float(values.mean())
                if len(classes) > 1:
                    for label, value in zip(classes, values, strict=True):
                        scores[f'{name}_{kind}/{label}'] = float(value)
        unchanged = sum(
            meta.get('stain_normalized') is False for _, _, meta in results
        )
        if unchanged:
            print_log(
                f'{unchanged} of {len(results)} images passed stain '
                'normalisation unchanged',
                logger='current',
            )
        if self.csv_file and is_main_process():
            self._write(results, classes)
        return scores

    def _write(self, results: list[Any], classes: Sequence[str]) -> None:
        meta_keys = [k for k in self.META if any(k in r[2] for r in results)]
        names = [
            f'{what}{f"/{label}" if len(classes) > 1 else ""}'
            for label in classes
            for what in ('dice', 'iou', 'mask_area', 'predicted_area')
        ]
        rows = []
        for img_id, counts, meta in results:
            row = [img_id]
            for one in counts:
                tp, fp, fn = one.tolist()
                row += [
                    f'{float(dice(one, empty=self.empty)):.6f}',
                    f'{float(iou(one, empty=self.empty)):.6f}',
                    tp + fn,
                    tp + fp,
                ]
            rows.append(row + [meta.get(key, '') for key in meta_keys])
        write_table(self.csv_file, ['id', *names, *meta_keys], rows)
