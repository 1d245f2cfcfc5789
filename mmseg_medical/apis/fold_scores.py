"""Scores of all folds in one table: each, mean, deviation, out of fold."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import METRICS

from mmseg_medical.apis.folds import fold_dir
from mmseg_medical.apis.notes import read_note
from mmseg_medical.apis.test import add_table, evaluators_of
from mmseg_medical.apis.train_folds import TESTED, results_files
from mmseg_medical.converters.table import write_table
from mmseg_medical.errors import InputError


@dataclasses.dataclass(frozen=True)
class FoldScores:
    """Scores of folds.

    Attributes:
        by_fold: Scores by name, of each fold that was tested.
        pooled: Scores of the images of these folds together, each predicted
            by the model that has not seen it; of metrics that can.
    """

    by_fold: dict[int, dict[str, float]]
    pooled: dict[str, float]

    def table(self) -> list[list[str | float]]:
        """Rows: score, each fold, mean, standard deviation, out of fold.

        The deviation is that of a sample (divided by n - 1). Folds in which
        a score is not defined (nan) are left out of mean and deviation.
        """
        names = dict.fromkeys(
            name for scores in self.by_fold.values() for name in scores
        )
        rows: list[list[str | float]] = []
        for name in names:
            values = [s.get(name, np.nan) for s in self.by_fold.values()]
            known = np.array([v for v in values if not np.isnan(v)])
            mean = float(known.mean()) if known.size else np.nan
            std = float(known.std(ddof=1)) if known.size > 1 else np.nan
            rows.append(
                [name, *values, mean, std, self.pooled.get(name, np.nan)]
            )
        return rows

    def header(self) -> list[str]:
        """Names of the columns of :meth:`table`."""
        folds = [f'fold_{k}' for k in self.by_fold]
        return ['score', *folds, 'mean', 'std', 'out_of_fold']

    def rows(self) -> list[list[str]]:
        """Table to print, of the scores over all classes and groups."""
        return [
            self.header(),
            *(
                [str(name), *(f'{value:.4f}' for value in values)]
                for name, *values in self.table()
                if '/' not in str(name)
            ),
        ]

    def write(self, path: Path) -> None:
        """Write all scores as CSV; what is not defined is left blank.

        Raises:
            OSError: If the file cannot be written.
        """
        write_table(
            path,
            self.header(),
            (
                [name, *('' if np.isnan(v) else f'{v:.6f}' for v in values)]
                for name, *values in self.table()
            ),
        )


def collect(cfg: Config, work_dir: str, folds: Sequence[int]) -> FoldScores:
    """Collect the scores of those folds that were tested.

    The table per image of all of them, ``per_image.csv``, is written to
    ``work_dir``.

    Args:
        cfg: Config of one fold.
        work_dir: Folder of ``fold_0``, ``fold_1`` …
        folds: Folds to look for.

    Raises:
        InputError: If no fold is tested, or two have an image in common.
    """
    by_fold, files = {}, {k: [] for k in results_files(cfg)}
    for fold in folds:
        folder = Path(fold_dir(work_dir, fold))
        state = read_note(folder / TESTED)
        if state is None:
            continue
        by_fold[fold] = state['scores']
        for k, path in results_files(cfg).items():
            files[k].append(folder / path.name)
    if not by_fold:
        raise InputError(f'no fold in {work_dir} is tested yet')
    init_default_scope(cfg.get('default_scope', 'mmseg'))
    pooled = {}
    for k, parts in files.items():
        if parts:
            evaluator = dict(evaluators_of(cfg)[k])
            add_table(evaluator, Path(work_dir, 'per_image.csv'))
            pooled.update(METRICS.build(evaluator).pool(parts))
    return FoldScores(by_fold, pooled)
