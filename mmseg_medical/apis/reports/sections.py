"""The parts of a page of runs."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from mmseg_medical.apis.reports.cases import Cases
from mmseg_medical.apis.reports.maps import CUTS, MapStatistics
from mmseg_medical.apis.reports.pictures import Source, address
from mmseg_medical.apis.reports.run import FOLD, Run
from mmseg_medical.apis.reports.scores import (
    class_table,
    comparison_table,
    confusion_table,
    group_table,
    in_common,
    score_of,
)
from mmseg_medical.errors import InputError
from mmseg_medical.postprocessing import SavedPipeline
from mmseg_medical.visualization.report import Section, Shown, Table
from mmseg_medical.visualization.report_figures import (
    draw_calibration,
    draw_distribution,
    draw_histogram,
    draw_learning,
    draw_thresholds,
)

Patients = Mapping[str, Sequence[str] | None]
_NO_MAPS = (
    'Needs probability maps:  tools/test.py CONFIG CHECKPOINT --work-dir '
    'WORK_DIR --out MAPS  and then  tools/report.py WORK_DIR --maps MAPS'
)


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
        table = comparison_table(before, after, some)
        tables.append(Table(table.header, table.rows, 2, caption=caption))
    notes.append(
        'Difference: this run minus the first, with the interval of 95 % of '
        'bootstrap samples in which both runs are scored on the same images.'
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


def extremes(
    cases: Mapping[str, Cases], sources: Mapping[str, Source], count: int
) -> Section:
    """The worst and the best cases of each class, by the first run.

    Args:
        cases: Images of each run.
        sources: Overlays of each run that has some.
        count: Number of cases at each end.
    """
    base = next(iter(cases.values()))
    if not sources:
        return Section(
            'Worst and best cases',
            tables=[_extreme_table(base, count)],
            missing='Pictures need overlays:  tools/test.py CONFIG CHECKPOINT '
            '--work-dir WORK_DIR --show-dir DIR  and then  tools/report.py '
            'WORK_DIR --overlays DIR;  or probability maps, --maps.',
        )
    galleries = {}
    for k, label in enumerate(base.labels):
        worst, best = extreme_rows(base, k, count)
        for heading, rows in (('worst', worst), ('best', best)):
            if not rows:
                continue
            galleries[f'{label}: {heading}'] = [
                _shown(base.ids[row], k, cases, sources) for row in rows
            ]
    notes = [
        'By the Dice of the class'
        + (f' in {next(iter(cases))}' if len(cases) > 1 else '')
        + '; the best are among images whose mask has it.'
    ]
    lost = {n: s.missing for n, s in sources.items() if s.missing}
    notes += [
        f'{n:,} images of {name} have no picture.' for name, n in lost.items()
    ]
    return Section('Worst and best cases', notes, galleries=galleries)


def extreme_rows(
    cases: Cases, k: int, count: int
) -> tuple[list[int], list[int]]:
    """Numbers of the worst and of the best cases of a class, each in order.

    Of cases that score alike the one with more wrong pixels is worse, and the
    one with the larger mask is better.

    Args:
        cases: Images.
        k: Number of the class.
        count: Number of cases at each end, at most half of all.
    """
    count = min(count, -(-len(cases.ids) // 2))
    dice, counts = cases.dice[:, k], cases.counts[:, k]
    wrong, size = counts[:, 1] + counts[:, 2], counts[:, 0] + counts[:, 2]
    worst = np.lexsort((-wrong, dice))
    worst = worst[~np.isnan(dice[worst])][:count].tolist()
    best = np.lexsort((-size, -dice))
    best = [row for row in best.tolist() if size[row] and row not in worst]
    return worst, best[:count]


def _extreme_table(cases: Cases, count: int) -> Table:
    rows = []
    for k, label in enumerate(cases.labels):
        ends = zip(
            ('worst', 'best'), extreme_rows(cases, k, count), strict=True
        )
        for heading, chosen in ends:
            rows += [
                [label, heading, cases.ids[row], f'{cases.dice[row, k]:.4f}']
                for row in chosen
            ]
    return Table(['class', '', 'case', 'Dice'], rows, labels=3)


def _shown(
    img_id: str,
    k: int,
    cases: Mapping[str, Cases],
    sources: Mapping[str, Source],
) -> Shown:
    said, pictures = [], {}
    for run, of in cases.items():
        if img_id not in of.ids:
            continue
        row = of.ids.index(img_id)
        tp, fp, fn, _ = of.counts[row, k].tolist()
        name = f'{run}: ' if len(cases) > 1 else ''
        said.append(
            f'{name}Dice {of.dice[row, k]:.4f}; {tp:,} hit, {fp:,} false, '
            f'{fn:,} missed'
        )
        if run in sources:
            picture = sources[run].draw(img_id, k)
            pictures[run if len(cases) > 1 else ''] = address(picture)
    base = next(iter(cases.values()))
    row = base.ids.index(img_id)
    facts = [cells[row] for key, cells in base.groups().items() if cells[row]]
    return Shown(
        img_id, '; '.join([*said, ', '.join(facts)]).strip('; '), pictures
    )


def thresholds(found: Mapping[str, MapStatistics]) -> Section:
    """Dice over the threshold."""
    title = 'Threshold'
    if not found:
        return Section(title, missing=_NO_MAPS)
    rows, curves, used = [], {}, {}
    for run, one in found.items():
        curves[run] = dict(zip(one.labels, one.curve, strict=True))
        used[run] = dict(zip(one.labels, one.mask_thr.tolist(), strict=True))
        for label, curve in curves[run].items():
            thr = used[run][label]
            at = int(np.nanargmax(curve)) if np.isfinite(curve).any() else 0
            here = (
                curve[np.searchsorted(CUTS, thr)] if thr < CUTS[-1] else np.nan
            )
            cells = [here, CUTS[at], curve[at]]
            rows.append(
                [
                    *([run] if len(found) > 1 else []),
                    label,
                    'most likely class' if np.isnan(thr) else f'{thr:g}',
                    *('–' if np.isnan(v) else f'{v:.4f}' for v in cells),
                ]
            )
    header = ['class', 'threshold of the model', 'its dice_per_image']
    header = [*(['run'] if len(found) > 1 else []), *header]
    header += ['best threshold', 'dice_per_image there']
    notes = [
        'dice_per_image of pixels above each threshold, on the images of the '
        'test. Line: the threshold of the model; dot: the best one, which '
        'was chosen on these very images: tools/search_postprocess.py says '
        'what it is worth on others.'
    ]
    if any(one.confusion is not None for one in found.values()):
        notes.append(
            'The model takes the most likely class; the curve is that of each '
            'class against the rest.'
        )
    notes += [
        f'{one.other_masks:,} masks of {run} are not those of its maps and '
        'threshold: they were made by post-processing, or by a test of '
        'another model.'
        for run, one in found.items()
        if one.other_masks
    ]
    table = Table(header, rows, labels=1 + (len(found) > 1))
    figure = draw_thresholds(CUTS, curves, used)
    return Section(title, notes, figure, [table])


def confusion(
    cases: Mapping[str, Cases], found: Mapping[str, MapStatistics]
) -> Section:
    """What is taken for what."""
    tables = []
    for run, of in cases.items():
        caption = run if len(cases) > 1 else ''
        one = confusion_table(of)
        tables.append(Table(one.header, one.rows, caption=caption))
    notes = ['Each class against all else, in pixels and in whole images.']
    for run, stats in found.items():
        if stats.confusion is not None:
            tables.append(_matrix(stats, run if len(cases) > 1 else ''))
    several = len(next(iter(cases.values())).labels) > 1
    missing = ''
    if len(tables) > len(cases):
        notes.append(
            'Matrix: share of the pixels of each class of the mask (rows) '
            'that are given each class (columns).'
        )
    elif several and found:
        notes.append('Classes overlap, so that there is no single matrix.')
    elif several:
        missing = f'The matrix of classes that exclude each other: {_NO_MAPS}'
    return Section('Confusion', notes, tables=tables, missing=missing)


def _matrix(stats: MapStatistics, caption: str) -> Table:
    assert stats.confusion is not None
    whole = stats.confusion.sum(1, keepdims=True)
    shares = stats.confusion / np.maximum(whole, 1)
    rows = [
        [name, *(f'{100 * share:.2f} %' for share in row), f'{int(n):,}']
        for name, row, n in zip(
            stats.classes, shares, whole[:, 0], strict=True
        )
    ]
    shades = [[*row.tolist(), 0.0] for row in shares]
    header = ['mask', *stats.classes, 'pixels']
    return Table(header, rows, shades=shades, caption=caption)


def calibration(found: Mapping[str, MapStatistics]) -> Section:
    """Whether probabilities are right as often as they say."""
    if not found:
        return Section('Calibration', missing=_NO_MAPS)
    by_run = {
        run: {label: one.reliability(label) for label in one.labels}
        for run, one in found.items()
    }
    notes = [
        'Pixels of all images in ten bins of their probability; larger points '
        'have more pixels. ECE, the expected calibration error, is the mean '
        'distance to the diagonal over pixels; where most are sure '
        'background, it is small for that reason alone.'
    ]
    return Section('Calibration', notes, draw_calibration(by_run))


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
    cells = [
        [
            '–'
            if v is None
            else f'{v:.4g}'
            if isinstance(v, float)
            else str(v)
            for v in row.values()
        ]
        for row in rows
    ]
    tables = [Table([*rows[0]], cells, labels=2)] if rows else []
    return Section(title, notes, tables=tables)
