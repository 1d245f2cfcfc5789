"""What all data sets share: an owner's table becomes a list of samples."""

import os
from abc import abstractmethod
from pathlib import Path
from typing import Any

from mmengine.logging import print_log
from mmseg.datasets import BaseSegDataset

from mmseg_medical.datasets.folds import read_folds, select
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
        split: Text file with the ids to use, one per line, or table (CSV) of
            id and fold, as ``tools/kfold.py`` writes it; relative to
            ``data_root``, or to the working directory where ``data_root``
            has no such file. None uses all.
        fold: Number of the fold that validates; None uses all samples. Folds
            are those of the table, or made by
            :func:`mmseg_medical.datasets.splits.make_folds`: even in
            :attr:`stratum`, groups of :attr:`group` whole, the same on every
            machine.
        num_folds: Number of folds, if they are not of a table.
        part: With ``fold``, ``'train'`` or ``'val'``.
        kwargs: Arguments of :class:`mmseg.datasets.BaseSegDataset`.

    Raises:
        FileNotFoundError: If the folder, a table or images are missing.
        DatasetError: If ``fold`` or ``part`` is none of the above.
        SplitError: If the split names unknown ids or none, has no such fold,
            puts a group on both sides, or the samples make no such folds.
    """

    # Key of the samples whose values are spread evenly over the folds.
    stratum: str = ''
    # Key of the samples whose values are never on both sides of a fold.
    group: str = ''

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
        table = split is not None and split.endswith('.csv')
        if fold is not None and not table and not 0 <= fold < num_folds:
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
        samples = select(
            self.load_samples(),
            where=self.ann_file,
            split=self.split_file(),
            fold=self.fold,
            num_folds=self.num_folds,
            part=self.part,
            stratum=self.stratum,
            group=self.group,
            report=self.report,
        )
        self._check_images(samples)
        for sample in samples:
            sample['seg_fields'] = []
            sample['label_map'] = self.label_map
            sample['reduce_zero_label'] = self.reduce_zero_label
        return samples

    def fold_numbers(self) -> list[int]:
        """Numbers that ``fold`` can have.

        Raises:
            FileNotFoundError, TableError: If the table cannot be read.
        """
        path = self.split_file()
        if path is None or path.suffix != '.csv':
            return list(range(self.num_folds))
        return sorted(set(read_folds(path).values()))

    def split_file(self) -> Path | None:
        """Path of the split file; None where there is none.

        Raises:
            FileNotFoundError: If it is missing.
        """
        if self.split is None:
            return None
        path = Path(self.data_root, self.split)
        for found in (path, Path(self.split)):
            if found.is_file():
                return found
        raise FileNotFoundError(f'{path} does not exist; check split')

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
