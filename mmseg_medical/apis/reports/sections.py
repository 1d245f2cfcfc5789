"""The parts of a page of runs."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mmseg_medical.apis.reports.cases import Cases
from mmseg_medical.apis.reports.run import FOLD, Run
from mmseg_medical.apis.reports.scores import (
    class_table,
    comparison_table,
    group_table,
    in_common,
    score_of,
)
from mmseg_medical.apis.search_result import WAYS
from mmseg_medical.errors import InputError
from mmseg_medical.postprocessing import SavedPipeline
from mmseg_medical.visualization.report import Section, Table
from mmseg_medical.visualization.report_figures import (
    draw_distribution,
    draw_histogram,
    draw_learning,
)

_FEW = 20  # images below which a bootstrap is said to be rough

Patients = Mapping[str, Sequence[str] | None]


def head(runs: Sequence[Run]) -> Section:
    """What the runs are."""
    names = [n for n in runs[0].facts if any(r.facts[n] for r in runs)]
    rows = [
        [run.name, *(run.facts[name] or '–' for name in names)] for run in runs
    ]
    flipped = [list(row) for row in zip(['run', *names], *rows, strict=True)]
    table = Table(flipped[0], flipped[1:], texts=True)
    return Section('Runs', tables=[table])


def learning(runs: Sequence[Run]) -> Section:
    """Loss, learning rate, and Dice of validations."""
    curves = {c.name: c for run in runs for c in run.curves}
    if not curves:
        return Section(
            'Training',
            missing='No log of a training (*/vis_data/scalars.json) is there; '
            'name the folder of tools/train.py.',
        )
    silent = [name for name, c in curves.items() if not c.validated]
    notes = []
    if silent:
        notes.append(
            f'Never validated: {", ".join(silent)}. A run validates every '
            'train_cfg.val_interval iterations, if that is not above '
            'max_iters.'
        )
    stages = next((c.stages for c in curves.values() if c.stages), [])
    scalars = {name: c.scalars for name, c in curves.items()}
    return Section('Training', notes, draw_learning(scalars, stages))


def scores(cases: Mapping[str, Cases], patients: Patients) -> Section:
    """Scores of each class with their intervals."""
    drawn = 'patients' if any(patients.values()) else 'images'
    empty = next(iter(cases.values())).empty
    told = 'does not count' if np.isnan(empty) else f'counts {empty:g}'
    notes = [
        'In brackets: where the score lies in 95 % of 2,000 bootstrap samples '
        f'of the {drawn}. An image without a class in mask and prediction '
        f'{told} in dice_per_image and iou_per_image; …_positives are images '
        'whose mask has the class; …_pooled adds up the pixels of all images '
        'first. Sensitivity and specificity leave out images in which they '
        'are not defined.'
    ]
    drawn_of = {
        run: len(set(patients[run] or of.ids)) for run, of in cases.items()
    }
    notes += [
        f'{run} has {count} {drawn}: intervals of so few are too narrow.'
        for run, count in drawn_of.items()
        if count < _FEW
    ]
    values = {
        run: dict(zip(of.labels, of.dice.T, strict=True))
        for run, of in cases.items()
    }
    single = len(cases) == 1 and len(next(iter(cases.values())).labels) == 1
    draw = draw_histogram if single else draw_distribution
    more = '' if single else ' Diamond: mean; line: median; box: quartiles.'
    notes.append(f'Below: the Dice of each image.{more}')
    return Section(
        'Scores', notes, draw(values), [class_table(cases, patients)]
    )


def comparisons(
    cases: Mapping[str, Cases], patients: Patients
) -> Section | None:
    """Differences of all runs to the first."""
    if len(cases) < 2:
        return None
    (first, base), *others = cases.items()
    tables, notes = [], []
    for name, of in others:
        before, after = in_common(base, of)
        caption = f'{name} against {first}'
        counts = [len(c.ids) for c in (before, base, of)]
        same = counts[0] == counts[1] == counts[2]
        if not same:
            notes.append(
                f'{caption}: {counts[0]:,} images are in both; {counts[1]:,} '
                f'are in {first}, {counts[2]:,} in {name}. The others are '
                'left out here.'
            )
        if not counts[0]:
            continue
        place = {img_id: k for k, img_id in enumerate(base.ids)}
        groups = patients[first]
        some = groups and [groups[place[i]] for i in before.ids]
        table = comparison_table({first: before, name: after}, some)
        tables.append(Table(table.header, table.rows, 2, caption=caption))
    notes.append(
        'Difference: the run minus the first, with the interval of 95 % of '
        'bootstrap samples in which both runs are scored on the same images. '
        'Of many intervals about one in twenty excludes 0 by chance alone.'
    )
    return Section('Comparison', notes, tables=tables)


def groups(cases: Mapping[str, Cases], patients: Patients) -> Section:
    """Dice per image of each group and fold."""
    keys = dict.fromkeys(k for of in cases.values() for k in of.groups())
    keys.update(
        dict.fromkeys(k for c in cases.values() for k in c.meta if k == FOLD)
    )
    tables, notes = [], ['Mean Dice per image, with its interval of 95 %.']
    for key in keys:
        tables.append(group_table(cases, key, patients))
    for run, of in cases.items():
        folds = of.meta.get(FOLD, [])
        values = [
            score_of(of.some(rows), 'dice_per_image').value
            for fold in dict.fromkeys(folds)
            if (rows := [k for k, name in enumerate(folds) if name == fold])
        ]
        if len(values) > 1:
            notes.append(
                f'{run}: {np.mean(values):.4f} ± {np.std(values, ddof=1):.4f} '
                f'(mean and standard deviation of {len(values)} folds).'
            )
    missing = ''
    if not keys:
        missing = (
            'No column of per_image.csv has values that images share; let the '
            "metric write some, as  test_evaluator=dict(type='OverlapMetric', "
            "group_by='organ')"
        )
        notes = []
    return Section('Groups and folds', notes, tables=tables, missing=missing)


def postprocessing(path: Path | None, cases: Cases) -> Section:
    """What a search has found, with its honest estimate.

    Raises:
        FileNotFoundError: If there is no such file.
        InputError: If it is of other classes.
    """
    title = 'Post-processing'
    if path is None:
        return Section(
            title,
            missing='No postprocess.json is there; it is made by  '
            'tools/search_postprocess.py CONFIG MAPS --out '
            'WORK_DIR/postprocess.json',
        )
    saved = SavedPipeline.read(path)
    if len(saved.classes) != len(cases.labels) or (
        len(cases.labels) > 1 and [*saved.classes] != cases.labels
    ):
        raise InputError(
            f'{path} was made for the classes {list(saved.classes)}, the run '
            f'has {cases.labels}'
        )
    steps = ', '.join(str(step['type']) for step in saved.steps)
    notes = [f'Steps: {steps}.']
    rows = saved.found.get('table') or []
    if saved.found.get('verdict'):
        metric = (saved.found.get('metric') or {}).get('name', '')
        notes.append(f'{metric}: {saved.found["verdict"]}')
    if rows:
        notes.append(
            'untuned: the model as it is; tuned: the steps on the images that '
            'they were chosen on; honest: on images that they were not chosen '
            'on.'
        )
    cells = [[_cell(key, row[key]) for key in row] for row in rows]
    tables = [Table([*rows[0]], cells, labels=2)] if rows else []
    return Section(title, notes, tables=tables)


def _cell(key: str, value: Any) -> str:
    """A score in four digits; parameters as they are."""
    if value is None:
        return '–'
    if not isinstance(value, float):
        return str(value)
    return f'{value:.4f}' if key in WAYS else f'{value:.4g}'
