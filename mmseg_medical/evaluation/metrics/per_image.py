"""Means over images: of all, of each class, of each group, with intervals."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmseg_medical.errors import InputError
from mmseg_medical.evaluation.functional import bootstrap_mean, nan_mean
from mmseg_medical.evaluation.metrics.base import MedicalMetric

FloatArray = NDArray[np.float64]


class PerImageMetric(MedicalMetric):
    """Base of metrics whose scores are means over images.

    Args:
        group_by: Metadata, as ``'organ'``, whose values get a mean of their
            own: ``<score>/organ=lung``.
        confidence: Share of a bootstrap interval for means over images, as
            0.95: ``<score>_ci_low`` and ``<score>_ci_high``; None computes
            none.
        patient_key: Metadata that images of one patient share; the interval
            is then made of patients instead of images.
        kwargs: Arguments of :class:`MedicalMetric`.

    Raises:
        InputError: If a sample has not the metadata that was named, or as
            :class:`MedicalMetric`.
        ValueError: If ``confidence`` is not in (0, 1).
    """

    def __init__(
        self,
        *,
        group_by: str | Sequence[str] = (),
        confidence: float | None = None,
        patient_key: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if confidence is not None and not 0 < confidence < 1:
            raise ValueError(f'confidence is in (0, 1), got {confidence}')
        self.group_by = (group_by,) if isinstance(group_by, str) else group_by
        self.confidence = confidence
        self.patient_key = patient_key

    @property
    def meta_keys(self) -> tuple[str, ...]:
        more = (*self.group_by, *filter(None, [self.patient_key]))
        return tuple(dict.fromkeys((*self.META, *more)))

    def average(
        self, name: str, values: FloatArray, metas: list[dict[str, Any]]
    ) -> dict[str, float]:
        """Average a score over images, with groups and interval if asked for.

        Args:
            name: Name of the score.
            values: (images, classes); nan is left out.
            metas: Metadata of the images.

        Returns:
            As :meth:`by_class`, and ``name/<key>=<value>`` for each group,
            ``name_ci_low`` and ``name_ci_high`` for the interval.
        """
        scores = self.by_class(name, values)
        for key in self.group_by:
            labels = _column(metas, key)
            for label in sorted(set(labels)):
                chosen = values[[one == label for one in labels]]
                mean = float(nan_mean(nan_mean(chosen)))
                scores[f'{name}/{key}={label}'] = mean
        if self.confidence is not None:
            key = self.patient_key
            interval = bootstrap_mean(
                values,
                confidence=self.confidence,
                groups=_column(metas, key) if key else None,
            )
            scores[f'{name}_ci_low'] = interval.low
            scores[f'{name}_ci_high'] = interval.high
        return scores

    def by_class(self, name: str, values: FloatArray) -> dict[str, float]:
        """Average a score over images, class by class.

        Args:
            name: Name of the score.
            values: (images, classes); nan is left out.

        Returns:
            The mean over classes of the mean over images by ``name``, and
            with several classes the mean of each by ``name/<class>``.
        """
        means = nan_mean(values)
        scores = {name: float(nan_mean(means))}
        if len(means) > 1:
            for label, mean in zip(self.scored(values), means, strict=True):
                scores[f'{name}/{label}'] = float(mean)
        return scores

    def scored(self, values: FloatArray) -> tuple[str, ...]:
        """Names of the classes on the last axis, without a background."""
        return self.classes[-values.shape[-1] :]

    def columns(self, name: str, values: FloatArray) -> dict[str, list[Any]]:
        """Columns of the table from values (images, classes)."""
        if values.shape[1] == 1:
            return {name: values[:, 0].tolist()}
        labels = self.scored(values)
        return {
            f'{name}/{label}': column.tolist()
            for label, column in zip(labels, values.T, strict=True)
        }


def _column(metas: list[dict[str, Any]], key: str) -> list[str]:
    missing = sum(key not in meta for meta in metas)
    if missing:
        raise InputError(
            f'{missing} of {len(metas)} images have no {key!r} in their '
            'metadata; does the data set give it, and is it among the '
            'meta_keys of PackMedicalInputs?'
        )
    return [str(meta[key]) for meta in metas]
