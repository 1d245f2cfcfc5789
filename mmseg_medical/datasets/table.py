"""Any images that a table names, with masks and metadata."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from mmseg.registry import DATASETS

from mmseg_medical.converters.table import TableError, iter_table
from mmseg_medical.datasets._paired import IMAGE_SUFFIXES, stem_of
from mmseg_medical.datasets._rle_rows import RunRows
from mmseg_medical.datasets.base import DatasetError, MedicalDataset

_NAME = ''  # key of a row for the id of its image
# Keys of a sample that are the pipeline's, and no metadata.
_TAKEN = frozenset(
    'annotations classes flip flip_direction frame gt_seg_map height img '
    'img_id img_path img_shape label_map labels ori_shape overlapping '
    'pad_shape plane reduce_zero_label region rle rle_dialect runs sample_idx '
    'scale_factor seg_fields seg_map_path where width'.split()
)
_NUMBER = re.compile(
    r'[-+]?(?!0[0-9])([0-9]+(\.[0-9]*)?|\.[0-9]+)(e[-+]?[0-9]+)?|nan', re.I
)


@DATASETS.register_module()
class TableDataset(MedicalDataset):
    """Any images that a table names, with masks and what it says of them.

    .. code-block:: none

        data_root/
        ├── train.csv           image,mask,patient,scanner …      or
        │                       id,rle,patient …                  or
        │                       id,class,segmentation …
        ├── images/a.png …
        └── masks/a.png …

    All other columns travel with the samples under their own names, as
    numbers where all of a column are, and are kept by
    :class:`PackMedicalInputs`; but not those whose names are keys of the
    pipeline, as ``width``. Paths lead to files below ``data_root`` only.

    Args:
        ann_file: The table, relative to ``data_root``.
        data_root: Folder of the tree above.
        image: Column of the path of the image.
        mask: Column of the path of the image of masks.
        rle: Column of run lengths, instead of ``mask``. The masks of several
            rows of an image are united.
        rle_dialect: Dialect of the run lengths.
        label: Column of the class of a row of run lengths.
        frame: Column of the page, frame or slice of the file, from 0.
        key: Column of the id; by default the path without its suffix, and
            the frame.
        group: Column whose values stay on one side of a fold, as a patient.
        stratum: Column whose values are spread evenly over the folds.
        metadata: Columns that travel with the samples; None is all.
        overlapping: Whether the classes of ``label`` may share pixels: masks
            are then planes, one per class. Else the first class is the
            background, and later classes lie above.
        img_suffix: Added to the path of the image.
        seg_map_suffix: Added to the path of the mask.
        data_prefix: Folders ``img_path`` and ``seg_map_path`` that the paths
            are relative to, below ``data_root``.
        kwargs: Arguments of :class:`MedicalDataset`; ``metainfo`` names the
            classes.

    Raises:
        FileNotFoundError: If the table or images are missing.
        TableError: If a column is missing, an image or mask is blank, or a
            class is none of ``metainfo``'s.
        DatasetError: If an image is there twice without ``rle``, both
            ``mask`` and ``rle`` are given, or ``metainfo`` has no classes.
        InputError: If a path leads out of the folder.

    Example:
        >>> dataset = dict(
        ...     type='TableDataset',
        ...     data_root='data/mine',
        ...     mask='mask',
        ...     group='patient',
        ...     metainfo=dict(classes=('background', 'lesion')),
        ... )
    """

    def __init__(
        self,
        ann_file: str = 'train.csv',
        data_root: str = 'data',
        *,
        image: str = 'image',
        mask: str | None = None,
        rle: str | None = None,
        rle_dialect: str = 'kaggle',
        label: str | None = None,
        frame: str | None = None,
        key: str | None = None,
        group: str = '',
        stratum: str = '',
        metadata: Sequence[str] | None = None,
        overlapping: bool = True,
        img_suffix: str = '',
        seg_map_suffix: str = '',
        **kwargs: Any,
    ) -> None:
        if mask and rle:
            raise DatasetError(
                f'a mask is of one column: mask={mask!r} or rle={rle!r}'
            )
        self.image = image
        self.mask = mask
        self.rle = rle
        self.rle_dialect = rle_dialect
        self.label = label
        self.frame = frame
        self.key = key
        self.group = group
        self.stratum = stratum
        self.metadata = metadata
        self.overlapping = overlapping and label is not None
        super().__init__(
            ann_file,
            data_root,
            img_suffix=img_suffix,
            seg_map_suffix=seg_map_suffix,
            **kwargs,
        )

    def load_samples(self) -> list[dict[str, Any]]:
        self.check_classes()
        chosen = {self.group, self.stratum, *(self.metadata or ())}
        needed = [c for c in (*self._own, *sorted(chosen)) if c]
        rows = list(iter_table(self.ann_file, needed))
        for _, row in rows:
            row[_NAME] = self._name(row)
        runs = self._runs(rows) if self.rle else None
        if runs:  # the first row of each image says where it is
            first = {row[_NAME]: (line, row) for line, row in reversed(rows)}
            rows = [first[name] for name in runs.texts]
        columns = self._metadata([row for _, row in rows])
        self.meta_keys = tuple(columns)

        def sample_of(k: int) -> dict[str, Any]:
            told = {name: cells[k] for name, cells in columns.items()}
            return {**self._sample(*rows[k], runs), **told}

        return self.collect(range(len(rows)), sample_of)

    @property
    def _own(self) -> tuple[str | None, ...]:
        """Columns that say where image and mask are."""
        masks = (self.mask, self.rle, self.label)
        return (self.image, self.frame, self.key, *masks)

    def _name(self, row: Mapping[str, str]) -> str:
        if self.key:
            return row[self.key]
        path = row[self.image]
        name = stem_of(path, IMAGE_SUFFIXES) or path
        return f'{name}_{row[self.frame]}' if self.frame else name

    def _runs(self, rows: list[tuple[int, dict[str, str]]]) -> RunRows:
        runs = RunRows(
            rows,
            self.ann_file,
            key=_NAME,
            rle=str(self.rle),
            dialect=self.rle_dialect,
            label=self.label,
            skipped=self.skipped,
        )
        if self.label:
            runs.check_classes(self._foreground)
        return runs

    @property
    def _foreground(self) -> Sequence[str]:
        return self.metainfo['classes'][0 if self.overlapping else 1 :]

    def _sample(
        self, line: int, row: dict[str, str], runs: RunRows | None
    ) -> dict[str, Any]:
        name = row[_NAME]
        for column in filter(None, (self.image, self.mask)):
            if not row[column]:
                raise TableError(
                    f'{self.ann_file} line {line}: {column} is blank; every '
                    'image needs one'
                )
        sample: dict[str, Any] = dict(
            img_id=name,
            img_path=self.path_of(row[self.image], self.img_suffix),
            where=f'{self.ann_file} line {line}',
        )
        if self.frame:
            if not row[self.frame].isdecimal():
                raise TableError(
                    f'{self.ann_file} line {line}: {self.frame} is '
                    f'{row[self.frame]!r}, expected a whole number from 0 on'
                )
            sample['frame'] = int(row[self.frame])
        if self.mask:
            sample['seg_map_path'] = self.path_of(
                row[self.mask], self.seg_map_suffix, 'seg_map_path'
            )
        elif runs is not None:
            names = self._foreground if self.label else ['']
            texts = runs.of(name, names)
            one = len(texts) == 1 and isinstance(texts[0], str)
            sample['rle'] = texts[0] if one and not self.label else texts
            sample['rle_dialect'] = self.rle_dialect
        return sample

    def _metadata(self, rows: list[dict[str, str]]) -> dict[str, list[Any]]:
        """Columns that travel with the samples, numbers as such."""
        named = {self.group, self.stratum, *(self.metadata or ())} - {''}
        if taken := _TAKEN.intersection(named):
            raise DatasetError(
                f'{sorted(taken)} are names of the pipeline; rename the '
                f'columns of {self.ann_file}'
            )
        there = rows[0] if rows else {}
        left_out = _TAKEN.union(self._own, [_NAME])
        columns = [
            column
            for column in there
            if column in named
            or (self.metadata is None and column not in left_out)
        ]
        return {
            column: _numbers([row[column] for row in rows])
            for column in columns
        }


def _numbers(texts: list[str]) -> list[Any]:
    """Numbers, if all are and none begins with a 0 that would be lost."""
    if not all(map(_NUMBER.fullmatch, texts)):
        return texts
    whole = all(text.lstrip('+-').isdecimal() for text in texts)
    return [*map(int if whole else float, texts)]
