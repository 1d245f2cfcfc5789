"""Probability maps of several tests of the same images, as one."""

import functools
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmseg_medical.converters.lineage import Listing
from mmseg_medical.converters.probability_maps import PathLike, ProbabilityMaps
from mmseg_medical.converters.tiff import Region
from mmseg_medical.converters.tiff_bands import bands_of
from mmseg_medical.errors import InputError
from mmseg_medical.postprocessing.merging import Ranks, check_weights, merge
from mmseg_medical.progress import Progress


class Members:
    """Weighted mean of the probability maps of several tests.

    Args:
        maps: Maps of the same images, of one task and one list of classes.
        weights: Weight of each, 0 or more; None weighs all alike. Members of
            weight 0 are checked, and that is all.
        method: One of :data:`mmseg_medical.postprocessing.merging.METHODS`.

    Raises:
        InputError: If maps differ in images, task, classes or gate, or one is
            not there; or weights or method are not as
            :func:`mmseg_medical.postprocessing.merging.check_weights` says,
            or ranks are asked for of classes that exclude each other.

    Attributes:
        ids: Ids of the images.
        task: Task of the models.
        classes: Names of their classes.
        weights: Weight of each, with a sum of 1.
    """

    def __init__(
        self,
        maps: Sequence[ProbabilityMaps],
        weights: Sequence[float] | None = None,
        *,
        method: str = 'mean',
    ) -> None:
        weights = check_weights(weights, len(maps), method)
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
        pairs = [p for p in zip(maps, weights, strict=True) if p[1]]
        self.maps = [one for one, _ in pairs]
        self.weights = [weight for _, weight in pairs]
        self.method = method
        self.ids, self.task = first.ids, first.task
        self.classes = first.classes
        if method == 'rank' and self.task == 'multiclass':
            raise InputError(
                'classes of these maps exclude each other, and ranks of one '
                'say nothing of another: take mean, geometric or max'
            )

    @classmethod
    def open(
        cls,
        folders: Sequence[PathLike],
        weights: Sequence[float] | None = None,
        *,
        method: str = 'mean',
    ) -> 'Members':
        """Open folders of maps.

        Args:
            folders: Folders that ``tools/test.py --out`` wrote, or folders of
                ``fold_0``, ``fold_1`` … that it wrote, which count as one.
            weights: Of each, as of the class.
            method: As of the class.

        Raises:
            InputError: As of the class, and if a folder has no maps or is
                named twice.
        """
        paths = [Path(folder).resolve() for folder in folders]
        for folder, path in zip(folders, paths, strict=True):
            if paths.count(path) > 1:
                raise InputError(f'{folder} is named twice; raise its weight')
        return cls([_open(f) for f in folders], weights, method=method)

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
                method=self.method,
            )
            for fold, members in sorted(folds.items())
        }

    def shape(self, img_id: str) -> tuple[int, int, int]:
        """(C, H, W) of the maps of an image.

        Raises:
            InputError: If they differ in size.
            ImageError: If a map cannot be read.
        """
        first, *others = self.maps
        shape = first.shape(img_id)
        for one in others:
            if (size := one.shape(img_id)) != shape:
                raise InputError(
                    f'{one.path(img_id)} has {size[1]} x {size[2]} pixels '
                    f'(height x width), {first.path(img_id)} {shape[1]} x '
                    f'{shape[2]}: are they of two images?'
                )
        return shape

    def probs(
        self, img_id: str, region: Region | None = None
    ) -> NDArray[np.float32]:
        """Maps (C, H, W) of an image as one, in [0, 1]; errors as shape().

        Args:
            img_id: Id of the image.
            region: Part of it; None is all of it.
        """
        self.shape(img_id)
        levels = [one.read(img_id, region) for one in self.maps]
        if self.method == 'rank':
            return self._ranks(levels)
        return merge(
            [
                level.astype(np.float32) / np.float32(one.levels)
                for level, one in zip(levels, self.maps, strict=True)
            ],  # as thresholds are rounded
            self.weights,
            self.method,
            exclusive=self.task == 'multiclass',
        )

    @functools.cached_property
    def _ranks(self) -> Ranks:
        """Ranks of levels in all maps, of which one band is read at a time."""
        planes = len(self.channels)
        counts = [
            np.zeros((planes, one.levels + 1), np.int64) for one in self.maps
        ]
        for img_id in self.ids:
            for region in bands_of(self.shape(img_id)):
                for one, found in zip(self.maps, counts, strict=True):
                    for k, plane in enumerate(one.read(img_id, region)):
                        found[k] += np.bincount(
                            plane.ravel(), minlength=one.levels + 1
                        )
        return Ranks(counts, self.weights)

    def check(self, progress: Progress) -> None:
        """Look at all files before anything is made of them.

        Args:
            progress: Counts the images.

        Raises:
            InputError: If maps differ in size, or one is of another image or
                another test than its folder says.
        """
        for img_id in progress.over(self.ids):
            self.shape(img_id)
            for one in self.maps:
                one.said(img_id)

    @functools.cached_property
    def parts(self) -> dict[str, str]:
        """By id, the fold of its image, of maps of folds that were joined.

        Raises:
            InputError: If maps are of different folds.
        """
        joined = [one for one in self.maps if one.folders]
        for one in joined[1:]:
            for img_id, part in joined[0].folders.items():
                if (other := one.folders[img_id]) != part:
                    raise InputError(
                        f'image {img_id!r} is of {part} in {joined[0].folder} '
                        f'and of {other} in {one.folder}: of models that were '
                        'trained on different splits nothing can be held out; '
                        'train them on one (tools/train_folds.py --split)'
                    )
        return dict(joined[0].folders) if joined else {}

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


def _open(folder: PathLike) -> ProbabilityMaps:
    """Open maps of a test, or of tests of folds as one."""
    parts = sorted(Path(folder).glob('fold_*/maps.json'))
    if parts and not Path(folder, 'maps.json').is_file():
        return ProbabilityMaps.joined(folder, [p.parent.name for p in parts])
    return ProbabilityMaps.open(folder)


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
