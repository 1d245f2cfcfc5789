"""Which parameters are the best, for all, each class and each group."""

import dataclasses
from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmseg_medical.evaluation.functional import nan_mean
from mmseg_medical.postprocessing.families import Family
from mmseg_medical.postprocessing.objective import Objective
from mmseg_medical.postprocessing.parameters import ANY

FloatArray = NDArray[np.float64]
_ALIKE = 1e-12  # scores that differ by less are one


class Tally:
    """Sums of a family over the images of each fold and group.

    Args:
        family: Grid.
        objective: Score.
        labels: Names of the classes that have a mask.
        by_class: Choose parameters for each class.
        group_key: Metadata of images, for each value of which parameters are
            chosen; '' for none.
    """

    def __init__(
        self,
        family: Family,
        objective: Objective,
        labels: Sequence[str],
        *,
        by_class: bool = False,
        group_key: str = '',
    ) -> None:
        self.family = family
        self.objective = objective
        self.labels = list(labels)
        self.by_class = by_class
        self.group_key = group_key
        shape = (2, len(labels), int(np.prod(family.shape)))
        # (parts and wholes, classes, cells) by fold and group.
        self.sums: dict[tuple[str, str], FloatArray] = defaultdict(
            lambda: np.zeros(shape)
        )

    def add(self, counts: NDArray[Any], *, fold: str, group: str) -> None:
        """Add an image.

        Args:
            counts: (K, *shape, 3) of its classes.
            fold: Fold that it is out of.
            group: Value of ``group_key``.
        """
        flat = counts.reshape(len(counts), -1, 3)
        self.sums[fold, group] += np.stack(self.objective.terms(flat))

    def of(self, folds: Collection[str], group: str = ANY) -> FloatArray:
        """Sums (2, classes, cells) of folds, and of a group or of all."""
        chosen = [
            sums
            for (fold, one), sums in self.sums.items()
            if fold in folds and group in (ANY, one)
        ]
        shape = (2, len(self.labels), int(np.prod(self.family.shape)))
        return np.sum(chosen, 0) if chosen else np.zeros(shape)

    def surface(self, folds: Collection[str], group: str = ANY) -> FloatArray:
        """Score (classes, cells) of folds, and of a group or of all."""
        return self.objective.value(*self.of(folds, group))

    def groups(self, folds: Collection[str]) -> list[str]:
        """Groups that have images in folds."""
        return sorted({one for fold, one in self.sums if fold in folds})

    def choose(self, folds: Collection[str]) -> 'Choice':
        """Choose the parameters with the best score on some folds.

        Of several that are alike, those nearest to the model as it is.
        """
        cells: dict[tuple[str, str], int] = {}
        groups = self.groups(folds) if self.group_key else []
        constant = []
        for group in (ANY, *groups):
            surface = self.surface(folds, group)
            if not self.by_class:
                surface = nan_mean(surface)[None].repeat(len(surface), 0)
            for label, scores in zip(self.labels, surface, strict=True):
                cells[label, group], flat = self._best(scores)
                if flat:
                    constant.append((label, group))
        return Choice(self, cells, constant)

    def _best(self, scores: FloatArray) -> tuple[int, bool]:
        """Cell of the best score, and whether all are alike."""
        scores = np.where(np.isnan(scores), -np.inf, scores)
        best = scores >= scores.max() - _ALIKE
        distance = np.where(best, self.family.distance(), np.inf)
        return int(distance.argmin()), bool(best.all())


@dataclasses.dataclass(frozen=True)
class Choice:
    """Parameters that were chosen.

    Attributes:
        tally: What they were chosen from.
        cells: Cell of the grid by class and group; ``'*'`` is any group.
        constant: Classes and groups for which all cells score alike.
    """

    tally: Tally
    cells: dict[tuple[str, str], int]
    constant: list[tuple[str, str]]

    def parameters(self, label: str, group: str = ANY) -> dict[str, float]:
        """Parameters of a class and a group."""
        cell = self.cells.get((label, group), self.cells[label, ANY])
        return self.tally.family.cell(cell)

    def score(self, folds: Collection[str]) -> float:
        """Score of folds with these parameters, the mean over classes."""
        tally, values = self.tally, []
        groups = {one for fold, one in tally.sums if fold in folds}
        for k, label in enumerate(tally.labels):
            total = np.zeros(2)
            for group in groups:
                cell = self.cells.get((label, group), self.cells[label, ANY])
                total += tally.of(folds, group)[:, k, cell]
            values.append(tally.objective.value(*total))
        return float(nan_mean(np.array(values)))

    def steps(self) -> list[dict[str, Any]]:
        """Steps of the pipeline, with values by class and group."""
        return self.tally.family.steps(
            {key: self._values(key) for key in self.tally.family.axes}
        )

    def _values(self, key: str) -> Any:
        by_class = {}
        for label in self.tally.labels:
            groups = [one for name, one in self.cells if name == label]
            by_class[label] = _by(
                self.tally.group_key,
                {one: self.parameters(label, one)[key] for one in groups},
            )
        return _by('class', by_class)


def _by(key: str, values: dict[str, Any]) -> Any:
    """Values by a key, or the one that they all are."""
    first, *others = values.values()
    return {key: values} if any(v != first for v in others) else first
