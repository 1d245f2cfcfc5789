"""A second sample of the same group, for transforms that mix two."""

from abc import abstractmethod
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform

from mmseg_medical.datasets.transforms._sample import mask_fields
from mmseg_medical.errors import InputError


class MixWithinGroup(BaseTransform):
    """Base of transforms in the pipeline of ``MultiImageMixDataset``.

    That class of MMSegmentation hands its data set to ``get_indices`` and
    would load what it returns, before the group of the sample is known. None
    is returned; the second sample is loaded here, where one is needed, by the
    pipeline of the inner data set.

    Args:
        key: What two samples have in common, as ``'organ'``; None mixes all.
        prob: Probability of mixing.
        alpha: The share of the first sample is drawn from
            Beta(alpha, alpha): 1 is uniform, less prefers the ends.

    Raises:
        InputError: If ``prob`` or ``alpha`` is out of its range.
    """

    def __init__(self, key: str | None, *, prob: float, alpha: float) -> None:
        if not 0 <= prob <= 1:
            raise InputError(f'prob is 0 to 1, got {prob}')
        if not alpha > 0:
            raise InputError(f'alpha is above 0, got {alpha}')
        self.key = key
        self.prob = prob
        self.alpha = alpha
        self._dataset: Any = None
        self._groups: dict[Any, np.ndarray] = {}

    def get_indices(self, dataset: Any) -> list[int]:
        """Take the data set; nothing of it is to be loaded beforehand."""
        if dataset is not self._dataset:
            self._dataset = dataset
            self._groups = self._find_groups(dataset)
        return []

    def _find_groups(self, dataset: Any) -> dict[Any, np.ndarray]:
        """Indices of each group, from what the samples say of themselves."""
        if self.key is None:
            return {None: np.arange(len(dataset))}
        groups: dict[Any, list[int]] = {}
        for k in range(len(dataset)):
            value = dataset.get_data_info(k).get(self.key)
            groups.setdefault(value, []).append(k)
        if None in groups:
            raise InputError(
                f'{type(self).__name__}(key={self.key!r}): {len(groups[None])}'
                f' of {len(dataset)} samples have no {self.key!r}; take a key '
                'that all of them have, or None'
            )
        return {value: np.array(k) for value, k in groups.items()}

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        if self._dataset is None:
            raise InputError(
                f'{type(self).__name__} belongs into the pipeline of a '
                "data set of type='MultiImageMixDataset'; the loading "
                'transforms into that of the data set inside'
            )
        if np.random.random() >= self.prob:
            return results
        value = None if self.key is None else results[self.key]
        group = self._groups[value]
        other = self._dataset[int(group[np.random.randint(len(group))])]
        if self.key is not None and other[self.key] != value:
            return results  # a broken sample, replaced by any other one
        _check_alike(results, other)
        share = float(np.random.beta(self.alpha, self.alpha))
        return self.mix(results, other, share)

    @abstractmethod
    def mix(
        self, results: dict[str, Any], other: dict[str, Any], share: float
    ) -> dict[str, Any]:
        """Mix ``other`` into ``results``, of which ``share`` remains."""


def _check_alike(results: dict[str, Any], other: dict[str, Any]) -> None:
    for field in ('img', *mask_fields(results)):
        one, two = results[field], other.get(field)
        if two is None or one.shape != two.shape or one.dtype != two.dtype:
            found = 'none' if two is None else f'{two.shape} of {two.dtype}'
            raise InputError(
                f'{other.get("img_path")} has {field} {found}, '
                f'{results.get("img_path")} {one.shape} of {one.dtype}; only '
                'samples alike can be mixed: bring them to one size in the '
                'pipeline of the data set inside'
            )
