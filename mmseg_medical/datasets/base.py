"""What all data sets share: an owner's table becomes a list of samples."""

import os
from abc import abstractmethod
from pathlib import Path
from typing import Any

from mmengine.logging import print_log
from mmseg.datasets import BaseSegDataset

from mmseg_medical.errors import InputError


class DatasetError(InputError):
    """A data set that is not what its owner publishes."""


class MedicalDataset(BaseSegDataset):
    """Base of data sets that are read as their owners publish them.

    A data set lists names and metadata; pixels are read by the loading
    transforms. Each sample is a dict of ``img_id`` (str, unique), ``img_path``
    and whatever the owner says about it, which travels with the sample and is
    kept by :class:`PackMedicalInputs`.

    Args:
        ann_file: Table of the data set, relative to ``data_root``.
        data_root: Folder that the owner's archive was unpacked into.
        split: Text file with the ids to use, one per line, relative to
            ``data_root``; None uses all.
        fold: Number of the fold that validates, 0 to ``num_folds - 1``;
            None uses all samples. Folds are the same on every machine: of
            the samples sorted by :attr:`stratum` and id every n-th.
        num_folds: Number of folds.
        part: With ``fold``, ``'train'`` or ``'val'``.
        kwargs: Arguments of :class:`mmseg.datasets.BaseSegDataset`.

    Raises:
        FileNotFoundError: If the folder, the table or images are missing.
        DatasetError: If the split names unknown ids or none, or ``fold`` or
            ``part`` is none of the above.
    """

    # Key of the samples whose values are spread evenly over the folds.
    stratum = ''

    def __init__(
        self,
        ann_file: str,
        data_root: str,
        *,
        split: str | None = None,
        fold: int | None = None,
        num_folds: int = 5,
        part: str = 'train',
        **kwargs: Any,
    ) -> None:
        if not os.path.isdir(data_root):
            raise FileNotFoundError(
                f'data_root {data_root!r} is no folder; data/README.md says '
                'where to get each data set and how to lay it out'
            )
        if fold is not None and not 0 <= fold < num_folds:
            raise DatasetError(f'fold is 0 to {num_folds - 1}, got {fold}')
        if part not in ('train', 'val'):
            raise DatasetError(f"part is 'train' or 'val', got {part!r}")
        self.split = split
        self.fold = fold
        self.num_folds = num_folds
        self.part = part
        super().__init__(ann_file=ann_file, data_root=data_root, **kwargs)

    @abstractmethod
    def load_samples(self) -> list[dict[str, Any]]:
        """List all samples of the owner's table, whatever the split."""

    def load_data_list(self) -> list[dict[str, Any]]:
        """List the chosen samples, and check that their images exist."""
        samples = self._of_fold(self._of_split(self.load_samples()))
        self._check_images(samples)
        for sample in samples:
            sample['seg_fields'] = []
            sample['label_map'] = self.label_map
            sample['reduce_zero_label'] = self.reduce_zero_label
        return samples

    def _of_split(self, samples: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if self.split is None:
            return samples
        path = Path(self.data_root, self.split)
        if not path.is_file():
            raise FileNotFoundError(f'{path} does not exist; check split')
        ids = path.read_text(encoding='utf-8-sig').split()
        by_id = {sample['img_id']: sample for sample in samples}
        unknown = [i for i in ids if i not in by_id]
        if unknown or not ids or len(set(ids)) < len(ids):
            what = (
                f'names {len(unknown)} ids that {self.ann_file} has not, '
                f'first {unknown[0]!r}'
                if unknown
                else 'names ids twice'
                if ids
                else 'is empty'
            )
            raise DatasetError(f'{path} {what}; is it of other data?')
        return [by_id[i] for i in ids]

    def _of_fold(self, samples: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if self.fold is None:
            return samples
        ordered = sorted(
            samples, key=lambda s: (s.get(self.stratum, ''), s['img_id'])
        )
        held_out = ordered[self.fold :: self.num_folds]
        if not held_out:
            raise DatasetError(
                f'{self.ann_file}: {len(samples)} samples make no '
                f'{self.num_folds} folds; lower num_folds'
            )
        if self.part == 'val':
            return held_out
        ids = {sample['img_id'] for sample in held_out}
        return [sample for sample in samples if sample['img_id'] not in ids]

    def _check_images(self, samples: list[dict[str, Any]]) -> None:
        folders: dict[str, set[str]] = {}
        missing = []
        for sample in samples:
            folder, name = os.path.split(sample['img_path'])
            if folder not in folders:
                found = os.path.isdir(folder) and os.listdir(folder)
                folders[folder] = set(found or ())
            if name not in folders[folder]:
                missing.append(sample)
        if missing:
            first = missing[0]
            raise FileNotFoundError(
                f'{self.ann_file}: {len(missing)} of {len(samples)} images '
                f'are missing, first id {first["img_id"]!r}: '
                f'{first["img_path"]} does not exist; check data_root and '
                'data_prefix, or unpack the archive again'
            )

    def report(self, message: str) -> None:
        """Log a count of what was tolerated or skipped."""
        print_log(f'{self.ann_file}: {message}', logger='current')
