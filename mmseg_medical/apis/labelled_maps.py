"""Probability maps beside the masks that they should have been."""

from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

import numpy as np
from mmengine.config import Config
from mmengine.registry import init_default_scope
from numpy.typing import NDArray

from mmseg_medical.apis.folds import build_whole, dataset_configs
from mmseg_medical.converters.probability_maps import ProbabilityMaps
from mmseg_medical.datasets import MedicalDataset
from mmseg_medical.datasets.areas import AreaReader
from mmseg_medical.datasets.listing import sample_name
from mmseg_medical.datasets.splits import make_folds
from mmseg_medical.errors import InputError
from mmseg_medical.progress import Progress

_FOLDS = 5  # of maps that are of no folds


class LabelledMap(NamedTuple):
    """A map, its mask, and what is known of the image.

    Attributes:
        img_id: Id of the image.
        probs: (C, H, W) levels.
        gt: (K, H, W) uint8 of 0 and 1; 255 where pixels do not count.
        meta: Sample of the data set.
        scores: What the model said of the image.
        fold: Name of the fold that it is out of.
    """

    img_id: str
    probs: NDArray[Any]
    gt: NDArray[np.uint8]
    meta: dict[str, Any]
    scores: dict[str, Any]
    fold: str


class LabelledMaps:
    """Maps of a test, with the masks of the data set of a config.

    Args:
        cfg: Config with the data set that the maps are of, as that of the
            validation or of the test; all of its folds are looked at.
        folder: Folder that ``tools/test.py --out`` or
            ``tools/train_folds.py --out`` wrote.
        split: Table of folds to use instead of the config's ``split``.
        hold_out: Whether folds are needed; False makes all maps one of the
            name ``''``, also those of a single patient.

    Attributes:
        maps: The maps.
        dataset: The data set.
        pipeline: Pipeline of its config.
        folds: By id, the name of the fold that the image is out of.
        made: Whether the maps are of no folds, so that folds were made.

    Raises:
        InputError: If maps are missing, of other images or classes than the
            data set, or of a single patient.
    """

    def __init__(
        self,
        cfg: Config,
        folder: str,
        *,
        split: str | None = None,
        hold_out: bool = True,
    ) -> None:
        init_default_scope(cfg.get('default_scope', 'mmseg'))
        self.maps = maps = ProbabilityMaps.open(folder)
        if (missing := maps.missing()) or not maps.ids:
            raise InputError(
                f'{folder} lacks {len(missing)} of {len(maps.ids)} maps, '
                f'first {missing[:1]}: was the test stopped? Run it again'
            )
        self.dataset, self.samples, self.pipeline = _find(cfg, maps, split)
        classes = list(self.dataset.metainfo['classes'])
        if classes != list(maps.classes):
            raise InputError(
                f'{folder} has maps of the classes {list(maps.classes)}, the '
                f'data set has {classes}'
            )
        self.load = AreaReader(self.pipeline, tuple(classes)).load
        self.made = len(set(maps.folders.values())) < 2
        if not hold_out:
            self.folds = dict.fromkeys(maps.ids, '')
            return
        self.folds = self._make_folds() if self.made else dict(maps.folders)

    def _make_folds(self) -> dict[str, str]:
        ids = self.maps.ids
        groups = [self.patient(img_id) for img_id in ids]
        count = min(_FOLDS, len(set(groups)))
        if count < 2:
            raise InputError(
                f'all {len(ids)} images of {self.maps.folder} are of '
                f'{groups[0]!r}: nothing can be held out for an honest '
                'estimate; search on maps of several folds '
                '(tools/train_folds.py --out)'
            )
        numbers = make_folds(ids, count, groups=groups)
        return {
            img_id: f'part_{number}'
            for img_id, number in zip(ids, numbers.tolist(), strict=True)
        }

    def patient(self, img_id: str) -> str:
        """What images of one patient share; the id where nobody said."""
        sample = self.samples[img_id]
        return str(sample.get(self.dataset.group) or img_id)

    def group(self, img_id: str, key: str) -> str:
        """Value of a key of an image; '' without a key.

        Raises:
            InputError: If the image has no such key.
        """
        if key and key not in self.samples[img_id]:
            raise InputError(
                f'image {img_id!r} has no {key!r}; its data set knows '
                f'{sorted(map(str, self.samples[img_id]))}'
            )
        return str(self.samples[img_id][key]) if key else ''

    def ids(self, folds: Collection[str]) -> list[str]:
        """Ids of the images of some folds."""
        return [i for i in self.maps.ids if self.folds[i] in folds]

    def over(
        self, folds: Collection[str], *, progress: Progress | None = None
    ) -> Iterator[LabelledMap]:
        """Read the maps of some folds, one after another, with a count.

        Args:
            folds: Names of folds.
            progress: Counts the images of several passes.

        Raises:
            InputError: If a sample has no mask, or one of another size.
        """
        ids = self.ids(folds)
        if progress is not None:
            yield from progress.over(map(self.read, ids))
            return
        with Progress(len(ids)) as alone:
            yield from alone.over(map(self.read, ids))

    def read(self, img_id: str) -> LabelledMap:
        """Read the map of an image, and its mask.

        Raises:
            InputError: If it has no mask, or one of another size.
        """
        sample = dict(self.samples[img_id])
        mask = self.load(dict(sample)).get('gt_seg_map')
        if mask is None:
            raise InputError(
                f'image {img_id!r} has no mask to compare with; search on '
                'maps of images that have one'
            )
        probs = self.maps.read(img_id)
        if mask.shape[:2] != probs.shape[1:]:
            raise InputError(
                f'the map of image {img_id!r} has {probs.shape[1:]} pixels '
                f'(height, width), its mask {mask.shape[:2]}'
            )
        return LabelledMap(
            img_id,
            probs,
            _planes(mask, len(self.maps.labels)),
            sample,
            self.maps.scores(img_id),
            self.folds[img_id],
        )


def _find(
    cfg: Config, maps: ProbabilityMaps, split: str | None
) -> tuple[MedicalDataset, dict[str, dict[str, Any]], Any]:
    """The data set that has all images, its samples, its pipeline."""
    lacking: list[str] = []
    for part in ('val', 'test'):
        for config in dataset_configs(cfg.get(f'{part}_dataloader')):
            dataset = build_whole(config, split=split or config.get('split'))
            dataset.full_init()
            samples = {
                sample_name(sample): sample
                for sample in map(dataset.get_data_info, range(len(dataset)))
            }
            lacking = [i for i in maps.ids if i not in samples]
            if not lacking:
                return dataset, samples, config.get('pipeline', [])
    if not lacking:
        raise InputError('the config has no data set of this package')
    raise InputError(
        f'{len(lacking)} of {len(maps.ids)} images of {maps.folder} are not '
        f'in the data set of the config, first {lacking[0]!r}: these are maps '
        'of other data'
    )


def _planes(mask: NDArray[Any], count: int) -> NDArray[np.uint8]:
    """(K, H, W) of 0, 1 and 255 from labels or from planes (H, W, K)."""
    if mask.ndim == 3:
        return np.ascontiguousarray(mask.transpose(2, 0, 1))
    planes = mask == np.arange(1, count + 1)[:, None, None]
    return np.where(mask == 255, 255, planes).astype(np.uint8)
