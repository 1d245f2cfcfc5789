"""What all data sets share: an owner's table becomes a list of samples."""

import os
from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from mmengine.logging import print_log
from mmseg.datasets import BaseSegDataset

from mmseg_medical._files import inside
from mmseg_medical.converters.record import Skipped
from mmseg_medical.datasets._missing import archives, missing_files
from mmseg_medical.datasets.folds import narrow, read_folds, select
from mmseg_medical.datasets.pseudo import folder_of_fold, take_masks
from mmseg_medical.errors import InputError

Item = TypeVar('Item')
Sample = dict[str, Any]


class DatasetError(InputError):
    """A data set that is not what its owner publishes."""


class MedicalDataset(BaseSegDataset):
    """Base of data sets that are read as their owners publish them.

    A data set lists names and metadata; pixels are read by the loading
    transforms. Each sample is a dict of ``img_id`` (str, unique), ``img_path``
    (or several, of a stack), where its mask is (see :class:`LoadMaskRegion`),
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
        subset: What the chosen samples are limited to: values of keys of the
            samples, one or several, as ``dict(organ=['kidney', 'lung'])``, or
            a text file of ids, searched for as ``split``. Folds are those of
            all samples.
        pseudo_labels: Folder that ``tools/pseudo_label.py`` wrote: its masks
            stand for those of the owner, and images without one are left out.
            ``{fold}`` in it is the fold that validates.
        strict: Stop at a row that cannot be used and at files that are
            missing; else they are listed, left out and counted, see
            :attr:`left_out`. What turns out to be broken while training is
            replaced by another sample.
        kwargs: Arguments of :class:`mmseg.datasets.BaseSegDataset`.

    Raises:
        FileNotFoundError: If the folder, a table, images or masks are
            missing.
        DatasetError: If ``fold`` or ``part`` is none of the above, or no
            sample is left.
        SplitError: If the split names unknown ids or none, has no such fold,
            puts a group on both sides, or the samples make no such folds.
    """

    # Key of the samples whose values are spread evenly over the folds.
    stratum: str = ''
    # Key of the samples whose values are never on both sides of a fold.
    group: str = ''
    # Whether classes may share pixels: masks are then (H, W, C) planes.
    overlapping: bool = False
    # Class names by the labels that files use; see LoadMaskRegion.
    labels: Mapping[str, Any] = {}
    # Metadata of the samples that PackMedicalInputs does not know by itself.
    meta_keys: Sequence[str] = ()

    def __init__(
        self,
        ann_file: str,
        data_root: str,
        *,
        split: str | None = None,
        fold: int | None = None,
        num_folds: int = 5,
        part: str = 'train',
        subset: str | Mapping[str, Any] | None = None,
        pseudo_labels: str | None = None,
        strict: bool = True,
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
        self.subset = subset or {}
        self.pseudo_labels = folder_of_fold(pseudo_labels, fold)
        self.strict = strict
        self.left_out: dict[str, list[str]] = {}
        self.skipped = Skipped(strict=strict)
        super().__init__(ann_file=ann_file, data_root=data_root, **kwargs)

    @abstractmethod
    def load_samples(self) -> list[Sample]:
        """List all samples of the owner's table, whatever the split.

        Errors of single rows go to :attr:`skipped`.
        """

    def load_data_list(self) -> list[Sample]:
        """List the chosen samples, and check that their files exist."""
        self.skipped = Skipped(strict=self.strict)
        self.left_out.clear()
        try:
            samples = self._named_once(self.load_samples())
            self.leave_out(
                [*map(str, self.skipped.errors)], 'rows that cannot be used'
            )
            chosen = select(
                samples,
                where=self.place,
                split=self.split_file(),
                fold=self.fold,
                num_folds=self.num_folds,
                part=self.part,
                stratum=self.stratum,
                group=self.group,
                leave_out=self.leave_out,
                report=self.report,
            )
            chosen = self._of_subset(chosen, samples)
            if self.pseudo_labels is not None:
                chosen = take_masks(self, chosen, samples)
            return self._with_files(chosen)
        except FileNotFoundError as error:
            packed = archives(self.data_root)
            if not packed:
                raise
            raise FileNotFoundError(
                f'{error}; is {packed[0]} unpacked?'
            ) from None

    def _of_subset(
        self, chosen: list[Sample], samples: list[Sample]
    ) -> list[Sample]:
        if (path := self.subset_file()) is not None:
            return narrow(
                chosen,
                samples,
                path,
                where=self.place,
                leave_out=self.leave_out,
            )
        for key, values in self.subset.items():
            wanted = values if isinstance(values, (list, tuple)) else [values]
            there = {sample.get(key) for sample in chosen}
            if unknown := [value for value in wanted if value not in there]:
                raise DatasetError(
                    f'{self.place}: subset asks for {key} {unknown[0]!r}, '
                    f'the samples have {sorted(map(str, there))}'
                )
            chosen = [s for s in chosen if s.get(key) in wanted]
        return chosen

    def filter_data(self) -> list[Sample]:
        """The listed samples, of which there has to be one."""
        if not self.data_list:
            counts = [f'{len(v)} {what}' for what, v in self.left_out.items()]
            raise DatasetError(
                f'{self.place}: no sample is left; '
                f'{", ".join(counts) or "nothing is listed for this part"}'
            )
        return self.data_list

    def collect(
        self, items: Iterable[Item], sample_of: Callable[[Item], Sample]
    ) -> list[Sample]:
        """Samples of rows, without those of which none can be made."""
        samples = []
        for item in items:
            try:
                samples.append(sample_of(item))
            except InputError as error:
                self.skipped.add(error)
        return samples

    def _named_once(self, samples: list[Sample]) -> list[Sample]:
        """Samples whose ids can be the names of what is written."""
        seen: set[str] = set()

        def check(sample: Sample) -> Sample:
            name = sample['img_id']
            if name in seen or {'', '.', '..'} & {*name.split('/')}:
                what = 'there twice' if name in seen else 'no name of a file'
                raise DatasetError(
                    f'{sample.get("where", self.place)}: the id {name!r} is '
                    f'{what}; every image needs its own'
                )
            seen.add(name)
            return sample

        return self.collect(samples, check)

    def get_data_info(self, idx: int) -> dict[str, Any]:
        """Sample of an index, with what holds for all of them."""
        return dict(
            super().get_data_info(idx),
            seg_fields=[],
            label_map=self.label_map,
            reduce_zero_label=self.reduce_zero_label,
            classes=self.metainfo.get('classes'),
            overlapping=self.overlapping,
            labels=self.labels,
            meta_keys=self.meta_keys,
        )

    def prepare_data(self, idx: int) -> Any:
        """Sample after the pipeline; None where it is broken and may be."""
        try:
            return super().prepare_data(idx)
        except (InputError, FileNotFoundError) as error:
            if self.strict or self.test_mode:
                raise
            name = self.get_data_info(idx)['img_id']
            broken = self.left_out.setdefault('samples that are broken', [])
            if name not in broken:
                broken.append(name)
                self.report(f'{name} is replaced by another sample: {error}')
            return None

    def path_of(
        self, name: str, suffix: str = '', prefix: str = 'img_path'
    ) -> str:
        """Path of a file that a table names.

        Args:
            name: Path below the folder.
            suffix: Added to it.
            prefix: Key of ``data_prefix``, whose folder it is; else it is
                ``data_root``.

        Raises:
            InputError: If it leads out of the folder.
        """
        folder = self.data_prefix.get(prefix) or self.data_root
        return str(inside(folder, name + suffix))

    def check_classes(self) -> None:
        """Refuse a data set of no owner that does not name its classes."""
        if not self.metainfo.get('classes'):
            raise DatasetError(
                f'{self.place}: what are its classes? metainfo=dict(classes='
                "('background', 'lesion')) names them"
            )

    def leave_out(
        self,
        names: Sequence[str],
        what: str,
        cure: str = '',
        *,
        error: type[Exception] = DatasetError,
    ) -> None:
        """Stop where something is missing or broken, or list and count it.

        Args:
            names: What is concerned; nothing happens where there is none.
            what: What is wrong with them, as ``'images without a mask'``.
            cure: What to do about it.
            error: What is raised.

        Raises:
            DatasetError: If the data set is ``strict``, or ``error``.
        """
        if not names:
            return
        if self.strict:
            raise error(
                f'{self.place}: {len(names)} {what}, first {names[0]}; '
                f'{cure}, or leave them out by strict=False'
            )
        self.left_out.setdefault(what, []).extend(names)
        self.report(f'{len(names)} {what} left out: {", ".join(names)}')

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
        return None if self.split is None else self._file('split', self.split)

    def subset_file(self) -> Path | None:
        """Path of the file of the subset; None where it is no file.

        Raises:
            FileNotFoundError: If it is missing.
        """
        if not isinstance(self.subset, str):
            return None
        return self._file('subset', self.subset)

    def _file(self, key: str, name: str) -> Path:
        path = Path(self.data_root, name)
        for found in (path, Path(name)):
            if found.is_file():
                return found
        raise FileNotFoundError(f'{path} does not exist; check {key}')

    def _with_files(self, samples: list[Sample]) -> list[Sample]:
        """Samples whose images and masks are there."""
        missing = missing_files(samples)
        self.leave_out(
            [f'{name} ({path})' for name, path in missing.items()],
            'samples whose files are missing',
            'check data_root, data_prefix and suffixes, or unpack the archive '
            'again',
            error=FileNotFoundError,
        )
        return [s for s in samples if s['img_id'] not in missing]

    @property
    def place(self) -> str:
        """File or folder that lists the data set, for messages."""
        return str(self.ann_file or self.data_root)

    def report(self, message: str) -> None:
        """Log a count of what was tolerated or left out."""
        print_log(f'{self.place}: {message}', logger='current')
