"""Files of splits, and the samples that a split and a fold choose."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mmseg_medical._files import replacing
from mmseg_medical.converters.table import TableError, read_table, write_table
from mmseg_medical.datasets.splits import (
    SplitError,
    check_separate,
    make_folds,
)

Sample = dict[str, Any]
_COLUMNS = ('id', 'fold')


def read_ids(path: Path) -> list[str]:
    """Read a text file of ids, one per line.

    Raises:
        SplitError: If it has none, or one twice.
    """
    lines = path.read_text(encoding='utf-8-sig').splitlines()
    ids = [line.strip() for line in lines if line.strip()]
    if len(set(ids)) < len(ids) or not ids:
        what = 'names ids twice' if ids else 'is empty'
        raise SplitError(f'{path} {what}; is it of other data?')
    return ids


def read_folds(path: Path) -> dict[str, int]:
    """Read a table of folds: a CSV file with columns id and fold.

    Returns:
        Fold of each id.

    Raises:
        FileNotFoundError: If there is no such file.
        TableError: If a column is missing, an id is there twice, or a fold
            is no number from 0 on.
    """
    folds = {}
    for row in read_table(path, _COLUMNS, key='id'):
        if not (row['fold'].isascii() and row['fold'].isdigit()):
            raise TableError(
                f'{path} id {row["id"]}: fold is {row["fold"]!r}, expected a '
                'whole number from 0 on'
            )
        folds[row['id']] = int(row['fold'])
    if not folds:
        raise TableError(f'{path} has no rows')
    return folds


def write_folds(
    path: Path,
    folds: Mapping[str, int],
    *,
    columns: Mapping[str, Sequence[object]],
    made: Mapping[str, Any],
) -> None:
    """Write a table of folds, and beside it how it was made.

    Args:
        path: CSV file to write; the JSON file beside it has its name.
        folds: Fold of each id, in the order to write.
        columns: Other columns, for those who look at it.
        made: What the JSON file says.

    Raises:
        SplitError: If the file holds other folds, which somebody may have
            trained with.
        OSError: If a file cannot be written.
    """
    if path.is_file() and read_folds(path) != folds:
        raise SplitError(
            f'{path} holds other folds; choose another folder with --out, or '
            'remove it if nothing was trained with it'
        )
    rows = zip(folds, folds.values(), *columns.values(), strict=True)
    write_table(path, (*_COLUMNS, *columns), rows)
    with replacing(path.with_suffix('.json')) as temporary:
        temporary.write_text(json.dumps(made, indent=1) + '\n')


def select(
    samples: list[Sample],
    *,
    where: str,
    split: Path | None,
    fold: int | None,
    num_folds: int,
    part: str,
    stratum: str,
    group: str,
    leave_out: Callable[..., None],
    report: Callable[[str], None],
) -> list[Sample]:
    """Choose the samples of a split and of a part of a fold.

    Args:
        samples: All samples; ``img_id`` names them.
        where: Name of the data set, for messages.
        split: Text file of ids, or table of folds; None for all samples.
        fold: Fold that validates; None for all samples of the split.
        num_folds: Number of folds, if they are not of a table.
        part: ``'val'`` takes the fold, ``'train'`` all others.
        stratum: Key of the samples to make folds even in, or ``''``.
        group: Key whose values stay on one side, or ``''``.
        leave_out: Takes ids that the split names and the data have not, as
            :meth:`MedicalDataset.leave_out`.
        report: Takes a count of what a table leaves out.

    Raises:
        FileNotFoundError: If there is no such split file.
        TableError: If it is no table of folds.
        SplitError: If it names unknown ids, has no such fold or puts a group
            on both sides, or the samples are too few for so many folds.
    """
    folds: Sequence[int] | None = None
    if split is not None:
        table = read_folds(split) if split.suffix == '.csv' else {}
        count = len(samples)
        ids = [*table] or read_ids(split)
        samples = _named(samples, ids, split, where, leave_out)
        if table:
            folds = [table[sample['img_id']] for sample in samples]
            if unused := count - len(samples):
                report(
                    f'{unused} of {count} samples are not in {split} and left '
                    'out'
                )
            if group:
                _check_groups(samples, folds, group, str(split))
    if fold is None:
        return samples
    if folds is None:
        folds = _computed(samples, num_folds, stratum, group, where)
    if fold not in folds:
        there = ', '.join(map(str, sorted(set(folds))))
        raise SplitError(f'{split or where} has folds {there}, got {fold}')
    held_out = part == 'val'
    return [
        sample
        for sample, number in zip(samples, folds, strict=True)
        if (number == fold) == held_out
    ]


def narrow(
    chosen: list[Sample],
    samples: list[Sample],
    subset: Path,
    *,
    where: str,
    leave_out: Callable[..., None],
) -> list[Sample]:
    """Samples of a part of a split that a text file of ids names.

    Args:
        chosen: Samples of the part.
        samples: All samples; the file may name those of other parts, so that
            one does for all folds.
        subset: Text file of ids.
        where: Name of the data set, for messages.
        leave_out: As of :func:`select`.

    Raises:
        SplitError: If it names unknown ids, or none of the part.
    """
    named = _named(samples, read_ids(subset), subset, where, leave_out)
    ids = {sample['img_id'] for sample in named}
    left = [sample for sample in chosen if sample['img_id'] in ids]
    if not left:
        raise SplitError(
            f'{subset} names {len(ids)} ids of {where}, and none of the '
            f'{len(chosen)} of this part of the split'
        )
    return left


def group_values(samples: Sequence[Sample], group: str) -> list[str]:
    """Group of each sample, ``''`` where it has none."""
    return [str(sample.get(group, '')) for sample in samples]


def _computed(
    samples: list[Sample],
    num_folds: int,
    stratum: str,
    group: str,
    where: str,
) -> list[int]:
    strata = [[str(s.get(stratum, '')) for s in samples]] if stratum else []
    try:
        return make_folds(
            [sample['img_id'] for sample in samples],
            num_folds,
            groups=group_values(samples, group) if group else None,
            strata=strata,
        ).tolist()
    except SplitError as error:
        raise SplitError(f'{where}: {error}') from None


def _check_groups(
    samples: list[Sample], folds: list[int], group: str, where: str
) -> None:
    sides = [f'fold {fold}' for fold in folds]
    check_separate(group_values(samples, group), sides, key=group, where=where)


def _named(
    samples: list[Sample],
    ids: list[str],
    split: Path,
    where: str,
    leave_out: Callable[..., None],
) -> list[Sample]:
    """Samples by id, in the order of the ids."""
    by_id = {sample['img_id']: sample for sample in samples}
    unknown = [i for i in ids if i not in by_id]
    if len(unknown) == len(ids):
        raise SplitError(
            f'{split} names no id of {where}, first {ids[0]!r}; is it of '
            'other data?'
        )
    leave_out(
        unknown,
        f'ids of {split} that the data set has not',
        'check that it is of these data',
        error=SplitError,
    )
    return [by_id[i] for i in ids if i in by_id]
