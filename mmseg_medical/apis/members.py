"""Probability maps of several tests of the same images, as one."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmseg_medical.converters.lineage import Listing
from mmseg_medical.converters.probability_maps import PathLike, ProbabilityMaps
from mmseg_medical.errors import InputError


class Members:
    """Weighted mean of the probability maps of several tests.

    Args:
        maps: Maps of the same images, of one task and one list of classes.
        weights: Weight of each, above 0.

    Raises:
        InputError: If maps differ in images, task or classes, or one is not
            there; or weights are not one above 0 for each.

    Attributes:
        ids: Ids of the images.
        task: Task of the models.
        classes: Names of their classes.
        weights: Weight of each, with a sum of 1.
    """

    def __init__(
        self, maps: Sequence[ProbabilityMaps], weights: Sequence[float]
    ) -> None:
        if not maps or len(weights) != len(maps) or min(weights) <= 0:
            raise InputError(
                f'there is one weight above 0 for each of {len(maps)} folders '
                f'of maps, got {list(weights)}'
            )
        first, *others = maps
        for one in others:
            _check_alike(one, first)
        for one in maps:
            if missing := one.missing():
                raise InputError(
                    f'{one.folder} lacks {len(missing)} of {len(one.ids)} '
                    f'maps, first {missing[0]!r}: was the test stopped? Run '
                    'it again'
                )
        self.maps = list(maps)
        self.weights = [w / sum(weights) for w in weights]
        self.ids, self.task = first.ids, first.task
        self.classes = first.classes

    @classmethod
    def open(
        cls,
        folders: Sequence[PathLike],
        weights: Sequence[float] | None = None,
    ) -> 'Members':
        """Open folders of maps.

        Args:
            folders: Folders that ``tools/test.py --out`` wrote.
            weights: Weight of each; None weighs all alike.

        Raises:
            InputError: As of the class, and if a folder has no maps or is
                named twice.
        """
        paths = [Path(folder).resolve() for folder in folders]
        for folder, path in zip(folders, paths, strict=True):
            if paths.count(path) > 1:
                raise InputError(f'{folder} is named twice; raise its weight')
        maps = [ProbabilityMaps.open(folder) for folder in folders]
        return cls(maps, [1.0] * len(maps) if weights is None else weights)

    @property
    def folders(self) -> list[Path]:
        """Folders of the maps."""
        return [one.folder for one in self.maps]

    @property
    def channels(self) -> list[str]:
        """Names of the channels of a map."""
        labels = self.maps[0].labels
        return labels if self.task == 'binary' else self.classes

    def mask_thr(self) -> Any:
        """Threshold of the tests.

        Raises:
            InputError: If there are several.
        """
        found = [one.postprocess['mask_thr'] for one in self.maps]
        for one, value in zip(self.maps, found, strict=True):
            if value != found[0]:
                raise InputError(
                    f'{one.folder} has mask_thr {value}, {self.maps[0].folder}'
                    f' {found[0]}; give one (--mask-thr)'
                )
        return found[0]

    def by_fold(self) -> dict[str, 'Members']:
        """Maps of models that held the same fold out, by ``fold_<k>``.

        Raises:
            InputError: If a folder is of models of several folds or does not
                say, or folds are of two splits.
        """
        folds: dict[int, list[int]] = {}
        splits: dict[str, Path] = {}
        for k, one in enumerate(self.maps):
            held_out = [
                model.get('held_out') or {}
                for img_id in one.ids
                for model in one.lineage(img_id).values()
            ]
            numbers = {fold.get('fold') for fold in held_out}
            if len(numbers) != 1 or None in numbers:
                known = sorted(n for n in numbers if n is not None)
                raise InputError(
                    f'{one.folder} is of models that held out '
                    f'{known or "no fold that is known"}; --per-fold takes a '
                    'folder of maps for each fold, of models trained with '
                    '--fold'
                )
            split = str({**held_out[0], 'fold': None})
            splits.setdefault(split, one.folder)
            folds.setdefault(numbers.pop(), []).append(k)
        if len(splits) > 1:
            raise InputError(
                f'models of {" and ".join(map(str, splits.values()))} were '
                'trained on folds of two splits; take those of one'
            )
        return {
            f'fold_{fold}': Members(
                [self.maps[k] for k in members],
                [self.weights[k] for k in members],
            )
            for fold, members in sorted(folds.items())
        }

    def mean(self, img_id: str) -> NDArray[np.float32]:
        """Mean (C, H, W) of the maps of an image, in [0, 1].

        Raises:
            InputError: If maps differ in size.
            ImageError: If a map cannot be read.
        """
        total: Any = 0
        for one, weight in zip(self.maps, self.weights, strict=True):
            probs = one.read(img_id).astype(np.float32)
            if one is not self.maps[0] and probs.shape != total.shape:
                raise InputError(
                    f'{one.path(img_id)} has {probs.shape[1]} x '
                    f'{probs.shape[2]} pixels (height x width), '
                    f'{self.maps[0].path(img_id)} {total.shape[1]} x '
                    f'{total.shape[2]}: are they of two images?'
                )
            probs /= np.float32(one.levels)  # as thresholds are rounded
            probs *= np.float32(weight)
            total = probs + total
        return total

    def scores(self, img_id: str) -> dict[str, float]:
        """Mean of what all tests say of an image as a whole in one number."""
        said = [one.scores(img_id) for one in self.maps]
        return {
            name: sum(
                weight * scores[name]
                for scores, weight in zip(said, self.weights, strict=True)
            )
            for name, value in said[0].items()
            if isinstance(value, (int, float))
            and all(name in scores for scores in said)
        }

    def absence(self, img_id: str) -> float | None:
        """How sure the models are of no foreground, if their gate closes."""
        gate = self.maps[0].postprocess.get('gate_thr')
        if gate is None:
            return None
        presence = self.scores(img_id)['presence']
        return 1 - presence if presence < gate else None

    def meta(self, img_id: str) -> dict[str, Any]:
        """What the data set knew of an image, as its organ."""
        return self.maps[0].meta(img_id)

    def models(self, img_id: str) -> dict[str, dict[str, Any]]:
        """Models behind the maps of an image, by a short name."""
        return {
            hashlib.sha256(name.encode()).hexdigest()[:12]: dict(
                checkpoint=name, **told
            )
            for one in self.maps
            for name, told in one.lineage(img_id).items()
        }

    def image(self, img_id: str) -> Listing:
        """Data set and group of an image; {} where the maps do not say."""
        found = self.maps[0].images.items()
        return {
            name: {img_id: groups[img_id]}
            for name, groups in found
            if img_id in groups
        }


def _check_alike(one: ProbabilityMaps, first: ProbabilityMaps) -> None:
    for key in ('task', 'classes', 'gate_thr'):
        here, there = (
            getattr(maps, key, maps.postprocess.get(key))
            for maps in (one, first)
        )
        if here != there:
            raise InputError(
                f'{one.folder} has {key} {here}, {first.folder} {there}; a '
                'mean is of maps of one kind'
            )
    if lone := set(one.ids) ^ set(first.ids):
        where = one if min(lone) in one.ids else first
        raise InputError(
            f'{one.folder} and {first.folder} are of other images: '
            f'{len(lone)} are in one of them only, first {min(lone)!r} in '
            f'{where.folder}; test all models on the same images'
        )
