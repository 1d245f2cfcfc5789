"""What a search has found: a file, a table, and a word on its worth."""

import dataclasses
import functools
from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmseg_medical.evaluation.functional import (
    Interval,
    bootstrap_gain,
    nan_mean,
)
from mmseg_medical.postprocessing import SavedPipeline
from mmseg_medical.postprocessing.objective import Objective
from mmseg_medical.postprocessing.parameters import ANY
from mmseg_medical.postprocessing.selection import Choice

WAYS = ('untuned', 'tuned', 'honest')


@dataclasses.dataclass(frozen=True, kw_only=True)
class SearchResult:
    """Steps, and the counts of all images with them and without.

    Attributes:
        steps: Chosen on all images.
        task: Of the maps.
        labels: Names of the classes that have a mask.
        dataset: Class of the data set.
        data: What else is to be known of the images.
        folds: By id, the fold of an image.
        made: Whether folds were made, as the maps are of none.
        objective: What was searched for.
        group_by: Metadata whose values have rows of their own, or ''.
        groups: Value of it of each image.
        patients: What images of one patient share.
        counts: (images, classes, 4) by the model as it is (``untuned``), with
            the steps (``tuned``), and with those chosen on the other folds
            (``honest``).
        choice: What was chosen from a grid; None where there was none.
    """

    steps: list[dict[str, Any]]
    task: str
    labels: Sequence[str]
    dataset: str
    data: dict[str, Any]
    folds: dict[str, str]
    made: bool
    objective: Objective
    group_by: str
    groups: Sequence[str]
    patients: Sequence[str]
    counts: dict[str, NDArray[np.int64]]
    choice: Choice | None = None

    def score(
        self, way: str, label: str | None = None, group: str = ANY
    ) -> float:
        """Score of some images, of one class or the mean over classes.

        Args:
            way: ``'untuned'``, ``'tuned'`` or ``'honest'``.
            label: Class, or None for all.
            group: Value of ``group_by``, or ``'*'`` for all images.
        """
        chosen = [group in (ANY, one) for one in self.groups]
        parts, wholes = self.objective.terms(self.counts[way][chosen])
        values = self.objective.value(parts.sum(0), wholes.sum(0))
        if label is not None:
            return float(values[list(self.labels).index(label)])
        return float(nan_mean(values))

    @functools.cached_property
    def gain(self) -> Interval:
        """Interval of what the honest estimate is above the model as it is.

        By the bootstrap over patients.
        """
        return bootstrap_gain(
            self.objective.terms(self.counts['untuned']),
            self.objective.terms(self.counts['honest']),
            groups=self.patients,
        )

    @property
    def generalises(self) -> bool:
        """Whether the gain is above 0 by more than images vary."""
        return self.score('honest') > self.score('untuned') and (
            self.gain.low > 0
        )

    def verdict(self) -> str:
        """A sentence on what the parameters are worth on other images."""
        before, after = self.score('untuned'), self.score('honest')
        gain = f'{after - before:+.4f} (95 %: {self.gain.low:+.4f} to '
        gain += f'{self.gain.high:+.4f})'
        if after <= before:
            return (
                f'The search does not generalise: {gain} on images that '
                'parameters were not chosen on; keep the model as it is.'
            )
        if not self.generalises:
            return (
                f'The search may not generalise: {gain} on images that '
                'parameters were not chosen on, which is within what images '
                'vary by.'
            )
        return f'{gain} on images that parameters were not chosen on.'

    def table(self) -> list[dict[str, Any]]:
        """Parameters and scores of all, of each class and each group.

        A parameter that differs between the classes or groups of a row is
        None.
        """
        rows = []
        several = len(self.labels) > 1
        for label in [None, *self.labels] if several else [None]:
            for group in [ANY, *sorted(set(self.groups) - {''})]:
                row: dict[str, Any] = dict(
                    label=label or 'all',
                    group='all'
                    if group == ANY
                    else f'{self.group_by}={group}',
                    images=sum(group in (ANY, one) for one in self.groups),
                    **self._parameters(label, group),
                )
                for way in WAYS:
                    value = self.score(way, label, group)
                    row[way] = None if np.isnan(value) else round(value, 6)
                rows.append(row)
        return rows

    def _parameters(self, label: str | None, group: str) -> dict[str, Any]:
        if self.choice is None:
            return {}
        choice = self.choice
        labels = self.labels if label is None else [label]
        groups = sorted(set(self.groups)) if group == ANY else [group]
        found = [choice.parameters(*p) for p in product(labels, groups)]
        return {
            key: value if all(p[key] == value for p in found) else None
            for key, value in found[0].items()
        }

    def rows(self) -> list[list[str]]:
        """Cells of :meth:`table` to print, below its header."""
        table = self.table()
        return [
            [*table[0]],
            *(
                ['–' if v is None else _cell(k, v) for k, v in row.items()]
                for row in table
            ),
        ]

    def saved(self) -> SavedPipeline:
        """What is written to ``postprocess.json``."""
        names = sorted(set(self.folds.values()))
        sizes = [[*self.folds.values()].count(name) for name in names]
        found: dict[str, Any] = dict(
            metric=dict(
                name=self.objective.name,
                empty=None
                if np.isnan(self.objective.empty)
                else self.objective.empty,
            ),
            scores={way: round(self.score(way), 6) for way in WAYS},
            gain=[round(value, 6) for value in self.gain],
            generalises=self.generalises,
            verdict=self.verdict(),
            data=self.data,
            folds=dict(zip(names, sizes, strict=True)),
            folds_made=self.made,
            table=self.table(),
        )
        if self.choice is not None:
            family = self.choice.tally.family
            found['search'] = dict(
                family=family.name,
                grid={
                    key: dict(low=v[0], high=v[-1], count=len(v))
                    for key, v in family.axes.items()
                },
                by_class=self.choice.tally.by_class,
                group_by=self.group_by,
                constant=self.choice.constant,
            )
        return SavedPipeline(
            steps=self.steps,
            task=self.task,
            classes=list(self.labels),
            dataset=self.dataset,
            found=found,
        )


def _cell(key: str, value: Any) -> str:
    if isinstance(value, float):
        return f'{value:.4f}' if key in WAYS else f'{value:.4g}'
    return str(value)
