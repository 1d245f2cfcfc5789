"""Kinds of pipelines all of whose parameters are tried in one pass."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mmseg_medical.errors import InputError
from mmseg_medical.postprocessing.sweep import sweep_sizes, sweep_triplets

FAMILIES = ('remove_small', 'triplet', 'doublet')


@dataclasses.dataclass(frozen=True)
class Family:
    """A grid of parameters, and the pipeline of each of its cells.

    Attributes:
        name: One of :data:`FAMILIES`.
        axes: Values of each parameter, ascending, in the order of the axes of
            :meth:`counts`.
        start: Parameters of the model as it is; each is on its axis.
        connectivity: 4 or 8 neighbours of a pixel.
        exclusive: Whether classes exclude each other: there is then no
            ``mask_thr``, the most likely class counts.
    """

    name: str
    axes: Mapping[str, Sequence[float]]
    start: Mapping[str, float]
    connectivity: int = 8
    exclusive: bool = False

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of values of each parameter."""
        return tuple(map(len, self.axes.values()))

    def counts(self, probs: NDArray[Any], gt: NDArray[Any]) -> NDArray[Any]:
        """Counts of a class of an image at all cells.

        Args:
            probs: (H, W) uint8 or uint16 levels; where classes exclude each
                other, the mask of the class, of bool.
            gt: (H, W) 1 or True where there is foreground, 255 where pixels
                do not count.

        Returns:
            (*shape, 3) true positives, false positives, false negatives.
        """
        axes = [*self.axes.values()]
        if self.exclusive:
            levels = probs.astype(np.uint8) * np.uint8(255)
            found = sweep_sizes(
                levels, gt, [0.5], axes[0], connectivity=self.connectivity
            )
            return found.counts[0]
        if self.name == 'remove_small':
            return sweep_sizes(
                probs, gt, *axes, connectivity=self.connectivity
            ).counts
        if self.name == 'doublet':
            tops, thresholds = axes
            return sweep_triplets(probs, gt, tops, [1], thresholds).counts[
                :, 0
            ]
        return sweep_triplets(probs, gt, *axes).counts

    def cell(self, index: int) -> dict[str, float]:
        """Parameters of a cell of the flat grid."""
        at = np.unravel_index(index, self.shape)
        return {
            key: values[int(k)]
            for (key, values), k in zip(self.axes.items(), at, strict=True)
        }

    def distance(self) -> NDArray[np.float64]:
        """How far each cell of the flat grid is from the start."""
        axes = []
        for key, values in self.axes.items():
            at = np.searchsorted(np.asarray(values), self.start[key])
            axes.append(np.abs(np.arange(len(values)) - at) / len(values))
        return np.asarray(sum(np.ix_(*axes))).reshape(-1)

    def steps(self, values: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Steps of a pipeline from the values of the parameters."""
        first: list[dict[str, Any]] = [dict(type='argmax')]
        if self.name != 'remove_small':
            return [dict(type=self.name, **values)]
        if not self.exclusive:
            first = [dict(type='threshold', mask_thr=values['mask_thr'])]
        small = dict(type='remove_small', min_size=values['min_size'])
        if self.connectivity != 8:
            small['connectivity'] = self.connectivity
        return [*first, small]


def make_family(
    name: str,
    *,
    task: str,
    levels: int,
    thresholds: ArrayLike,
    sizes: Sequence[int],
    mask_thr: float | Sequence[float] = 0.5,
    connectivity: int = 8,
) -> Family:
    """Make a family for maps.

    Thresholds are moved to the middle between two levels, where they decide
    of a probability as of its level.

    Args:
        name: One of :data:`FAMILIES`.
        task: ``'binary'``, ``'multiclass'`` or ``'multilabel'``.
        levels: What a probability of 1 is stored as.
        thresholds: Probabilities.
        sizes: Pixels; 0 is added.
        mask_thr: Of the model as it is, one for all classes or one for each.
        connectivity: 4 or 8 neighbours of a pixel.

    Raises:
        InputError: If the family is unknown or not for the task, or a
            threshold or a size is out of its range.
    """
    if name not in FAMILIES:
        raise InputError(
            f'{name!r} is no search; there are {", ".join(FAMILIES)}'
        )
    given = np.asarray(thresholds, np.float64)
    if not ((given >= 0) & (given <= 1)).all() or not given.size:
        raise InputError(
            f'thresholds are probabilities in [0, 1], got {given.tolist()}'
        )
    if wrong := [size for size in sizes if size < 0]:
        raise InputError(f'least sizes are 0 or more pixels, got {wrong[0]}')
    own = [between(thr, levels) for thr in np.atleast_1d(mask_thr)]
    thrs = sorted({*own, *(between(thr, levels) for thr in given)})
    least = sorted({0, *map(int, sizes)})
    at = own[0]
    if task == 'multiclass':
        if name != 'remove_small':
            raise InputError(
                f"{name} has a threshold, task='multiclass' has none: the "
                'most likely class counts; search for remove_small'
            )
        return Family(
            *(name, dict(min_size=least), dict(min_size=0), connectivity),
            exclusive=True,
        )
    if name == 'remove_small':
        return Family(
            name,
            dict(mask_thr=thrs, min_size=least),
            dict(mask_thr=at, min_size=0),
            connectivity,
        )
    # The coarser choice; one sure pixel at mask_thr is no condition.
    tops = sorted({*thrs[:: max(len(thrs) // 20, 1)], at})
    axes: dict[str, Sequence[float]]
    axes = dict(top_score_thr=tops, min_size=least, mask_thr=thrs)
    start = dict(top_score_thr=at, min_size=0, mask_thr=at)
    if name == 'doublet':
        del axes['min_size'], start['min_size']
    return Family(name, axes, start)


def between(thr: float, levels: int) -> float:
    """The middle between the levels that a threshold divides.

    Args:
        thr: Probability.
        levels: What a probability of 1 is stored as.

    Returns:
        Probability, rounded to six digits; 1 stays 1.
    """
    middle = (math.floor(thr * levels) + 0.5) / levels
    return min(round(float(middle), 6), 1.0)
