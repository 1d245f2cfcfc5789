"""From a data set to a table of folds, and how even they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mmseg_medical.apis.folds import build_whole
from mmseg_medical.converters.record import Skipped
from mmseg_medical.datasets import MedicalDataset
from mmseg_medical.datasets.areas import (
    OF_MASKS,
    AreaReader,
    ClassAreas,
    foreground_shares,
    mask_stratum,
)
from mmseg_medical.datasets.folds import group_values, write_folds
from mmseg_medical.datasets.splits import (
    SplitError,
    check_separate,
    count_by_fold,
    group_names,
    make_folds,
    quantile_bins,
)
from mmseg_medical.errors import InputError
from mmseg_medical.progress import Progress
from mmseg_medical.version import __version__

# Keys of samples that nobody makes folds by.
_INTERNAL = {
    *('img_id', 'img_path', 'seg_map_path', 'where', 'rle', 'rle_dialect'),
    *('annotation_path', 'annotation_format'),
    *('overlapping', 'reduce_zero_label'),
}


@dataclass(frozen=True)
class FoldTable:
    """Folds of a data set, and what they were made even in.

    Attributes:
        folds: Fold of each id.
        groups: Group of each sample; None without groups.
        strata: By key, the value of each sample.
        areas: Pixels of each sample by class.
        made: How the folds were made, for the file beside them.
    """

    folds: dict[str, int]
    groups: list[str] | None
    strata: dict[str, list[str]]
    areas: list[ClassAreas]
    made: dict[str, Any]

    def counts(self) -> dict[str, list[int]]:
        """Images, groups and those of each stratum, by fold."""
        fold_of = list(self.folds.values())
        numbers = range(max(fold_of) + 1)
        counts = {'images': [fold_of.count(k) for k in numbers]}
        if self.groups is not None:
            pairs = set(zip(self.groups, fold_of, strict=True))
            label = f'groups ({self.made["group"]})'
            counts[label] = [sum(f == k for _, f in pairs) for k in numbers]
        for key, values in self.strata.items():
            for value, found in count_by_fold(fold_of, values).items():
                counts[f'{key}: {value or "(none)"}'] = found
        return counts

    def foreground(self) -> list[float]:
        """Mean share of foreground in an image: of all, then of each fold.

        Pixels of several classes that overlap count once for each.
        """
        fold_of = np.array(list(self.folds.values()))
        shares = np.array(foreground_shares(self.areas))
        chosen = [fold_of == k for k in range(fold_of.max() + 1)]
        return [
            float(shares.mean()),
            *(float(shares[c].mean()) for c in chosen),
        ]

    def rows(self) -> list[list[str]]:
        """Table to print: what it is, of all, and of each fold."""
        rows = [
            [label, str(sum(found)), *map(str, found)]
            for label, found in self.counts().items()
        ]
        header = ['', 'all', *(f'fold {k}' for k in range(len(rows[0]) - 2))]
        shares = [f'{100 * share:.2f} %' for share in self.foreground()]
        return [header, *rows, ['mean foreground', *shares]]

    def write(self, path: Path) -> None:
        """Write ``folds.csv``, and how it was made beside it.

        Raises:
            SplitError: If the file is there and holds other folds.
            OSError: If it cannot be written.
        """
        columns: dict[str, Sequence[object]] = dict(self.strata)
        if self.groups is not None:
            columns = {self.made['group']: self.groups, **columns}
        share, *shares = self.foreground()
        made = {
            **self.made,
            'counts': self.counts(),
            'mean_foreground': dict(all=share, folds=shares),
        }
        write_folds(path, self.folds, columns=columns, made=made)


def make_fold_table(
    config: Any,
    *,
    num_folds: int = 5,
    group: str | None = None,
    stratify: Sequence[str] | None = None,
    seed: int = 0,
    bins: int = 4,
) -> FoldTable:
    """Make folds of all samples of a data set, whatever its split.

    Args:
        config: Config of a medical data set.
        num_folds: Number of folds.
        group: Key of the samples whose values stay on one side, ``''`` for
            none; None takes the data set's own.
        stratify: Keys of the samples, and ``'empty'`` (has foreground or
            not), ``'area'`` (quantiles of its share) and ``'classes'`` (which
            occur) of the masks; None takes the data set's own.
        seed: Other folds for other numbers.
        bins: Number of quantiles of ``'area'``.

    Raises:
        SplitError: If no sample has a key, the groups make no such folds, or
            they tear the data set's own groups.
        InputError: If the data set or a mask cannot be read.
    """
    dataset = build_whole(config)
    dataset.full_init()
    samples = [dataset.get_data_info(k) for k in range(len(dataset))]
    where = dataset.ann_file or dataset.data_root
    group = dataset.group if group is None else group
    if stratify is None:
        stratify = [dataset.stratum] if dataset.stratum else []
    for key in (*([group] if group else []), *stratify):
        _check_key(samples, key, where)
    groups = group_values(samples, group) if group else None
    ids = [sample['img_id'] for sample in samples]
    # What cannot be is said before masks are read.
    group_names(ids, groups or ids, num_folds)
    quantile_bins([], bins)
    measured = _measure(dataset, samples, config.get('pipeline', []))
    samples = [s for s in samples if s['img_id'] in measured]
    groups = group_values(samples, group) if group else None
    ids, areas = list(measured), list(measured.values())
    classes = dataset.metainfo['classes']
    strata = {
        key: mask_stratum(key, areas, classes, bins=bins)
        if key in OF_MASKS
        else group_values(samples, key)
        for key in stratify
    }
    columns = list(strata.values())
    folds = make_folds(
        ids, num_folds, groups=groups, strata=columns, seed=seed
    ).tolist()
    if dataset.group:
        check_separate(
            group_values(samples, dataset.group),
            [f'fold {fold}' for fold in folds],
            key=dataset.group,
            where=where,
        )
    made = dict(
        made_by=f'tools/kfold.py of mmseg_medical {__version__}',
        dataset=str(config['type']),
        data_root=dataset.data_root,
        ann_file=dataset.ann_file,
        num_folds=num_folds,
        group=group,
        stratify=list(stratify),
        seed=seed,
        area_bins=bins,
    )
    folds = dict(zip(ids, folds, strict=True))
    return FoldTable(folds, groups, strata, areas, made)


def _measure(
    dataset: MedicalDataset,
    samples: Sequence[dict[str, Any]],
    pipeline: list[dict[str, Any]],
) -> dict[str, ClassAreas]:
    """Areas of each sample whose mask can be read, by its id."""
    reader = AreaReader(
        pipeline,
        dataset.metainfo['classes'],
        ignore_index=dataset.ignore_index,
    )
    skipped = Skipped(strict=dataset.strict)
    found = {}
    with Progress(len(samples)) as progress:
        for sample in progress.over(samples):
            try:
                found[sample['img_id']] = reader(sample)
            except InputError as error:
                skipped.add(error)
    dataset.leave_out(
        [*map(str, skipped.errors)], 'samples whose masks cannot be read'
    )
    return found


def _check_key(samples: list[dict[str, Any]], key: str, where: str) -> None:
    if key in OF_MASKS or any(key in sample for sample in samples):
        return
    known = sorted(
        {
            name
            for sample in samples
            for name, value in sample.items()
            if isinstance(value, (str, int, float)) and name not in _INTERNAL
        }
    )
    raise SplitError(
        f'{where}: no sample has {key!r}; known are {", ".join(known)}, and '
        f'of the masks {", ".join(OF_MASKS)}'
    )
