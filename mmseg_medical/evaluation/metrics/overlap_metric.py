"""Dice and IoU, per image and pooled, by name."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmengine.logging import print_log
from mmseg.registry import METRICS
from numpy.typing import NDArray

from mmseg_medical.evaluation.functional import (
    OFFICIAL,
    areas_of,
    dice,
    iou,
    overlap_counts,
    precision,
    presence,
    sensitivity,
    specificity,
)
from mmseg_medical.evaluation.metrics.base import Labels
from mmseg_medical.evaluation.metrics.per_image import PerImageMetric

IntArray = NDArray[np.int64]

SCORES = dict(
    dice=dice,
    iou=iou,
    precision=precision,
    sensitivity=sensitivity,
    specificity=specificity,
)


@METRICS.register_module()
class OverlapMetric(PerImageMetric):
    """Dice and IoU over the classes of a data set.

    - ``dice_per_image`` is the mean over images of the Dice of each image,
      as competitions score it.
    - ``dice_per_image_positives`` is the mean over images whose mask is not
      empty. Where most images are empty, ``dice_per_image`` mainly says how
      many of them are left empty.
    - ``dice_pooled`` adds up the pixels of all images first, as
      MMSegmentation's ``mDice`` does.
    - ``image_sensitivity`` and ``image_specificity`` count images: the share
      of those with foreground where any is predicted, and the share of those
      without where none is; nan where there are no such images.

    They answer different questions and can be far apart. All leave the
    background out. With several classes they are means over classes, and
    each class has its own value ``dice_per_image/<class>``.

    Args:
        scores: Of ``'dice'``, ``'iou'``, ``'precision'``, ``'sensitivity'``
            and ``'specificity'``; each has ``…_per_image`` and ``…_pooled``.
            Intervals and groups are computed for the first.
        empty: Dice and IoU of a class in an image where mask and prediction
            are both empty, in [0, 1]; None leaves it out of the mean. The
            other scores leave out images in which they are not defined.
        official: Scores of competitions to add: ``'hubmap'``, ``'siim'``,
            ``'stas'``, ``'stas_pooled'``, each as ``<name>_score``. They
            follow the rules of their owners, whatever ``empty`` is.
        kwargs: Arguments of :class:`PerImageMetric`, as ``csv_file``,
            ``group_by`` and ``confidence``.

    Raises:
        InputError: As :class:`PerImageMetric`.
        ValueError: If ``empty`` is outside of [0, 1], or a score unknown.

    Example:
        >>> val_evaluator = dict(type='OverlapMetric', group_by='organ')
        >>> default_hooks = dict(checkpoint=dict(save_best='dice_per_image'))
    """

    def __init__(
        self,
        *,
        scores: Sequence[str] = ('dice', 'iou'),
        empty: float | None = 1.0,
        official: str | Sequence[str] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if empty is not None and not 0 <= empty <= 1:
            raise ValueError(
                f'empty is a score in [0, 1], or None, got {empty}'
            )
        self.scores = _known('scores', scores, SCORES)
        self.official = _known('official', official, OFFICIAL)
        self.empty = np.nan if empty is None else empty

    def measure(
        self, pred: Labels, gt: Labels, sample: dict[str, Any]
    ) -> IntArray:
        """Counts (classes, 4) without the background."""
        counts = overlap_counts(
            pred, gt, len(self.classes), ignore_index=self.ignore_index
        )
        return counts[1:] if pred.ndim == 2 else counts

    def score(
        self,
        names: list[str],
        measured: list[Any],
        metas: list[dict[str, Any]],
    ) -> dict[str, float]:
        counts = np.stack(measured)  # (images, classes, 4)
        self._warn(counts, metas)
        scores, columns = {}, {}
        for name in self.scores:
            values = self._values(name, counts)
            key = f'{name}_per_image'
            if name == self.scores[0]:
                scores.update(self.average(key, values, metas))
            else:
                scores.update(self.by_class(key, values))
            if name == 'dice':
                has_gt = counts[..., 0] + counts[..., 2] > 0
                positives = np.where(has_gt, values, np.nan)
                scores.update(self.by_class(f'{key}_positives', positives))
            pooled = self._values(name, counts.sum(0, keepdims=True))
            scores.update(self.by_class(f'{name}_pooled', pooled))
            columns.update(self.columns(name, values))
        images = presence(counts).sum(0, keepdims=True)
        for name in ('sensitivity', 'specificity'):
            values = self._values(name, images)
            scores.update(self.by_class(f'image_{name}', values))
        for name in self.official:
            scores[f'{name}_score'] = OFFICIAL[name](counts)
        for name, areas in areas_of(counts).items():
            columns.update(self.columns(name, areas))
        self.write(names, columns, metas)
        return scores

    def _values(self, name: str, counts: IntArray) -> Any:
        if name in ('dice', 'iou'):
            return SCORES[name](counts, empty=self.empty)
        return SCORES[name](counts)

    def _warn(self, counts: IntArray, metas: list[dict[str, Any]]) -> None:
        """Say what the scores alone would not show."""
        if not counts[..., [0, 2]].any():
            print_log(
                'no mask of any image has foreground; are masks stored as 0 '
                f'and {self.ignore_index}, which is ignored?',
                logger='current',
            )
        passed = [m for m in metas if m.get('stain_normalized') is False]
        if passed:
            print_log(
                f'{len(passed)} of {len(metas)} images passed stain '
                'normalisation unchanged',
                logger='current',
            )


def _known(
    option: str, chosen: str | Sequence[str], known: dict[str, Any]
) -> tuple[str, ...]:
    names = (chosen,) if isinstance(chosen, str) else tuple(chosen)
    if not set(names) <= set(known):
        raise ValueError(f'{option} are of {", ".join(known)}, got {chosen}')
    return names
