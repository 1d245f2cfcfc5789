"""The parts of a page that need probability maps."""

from collections.abc import Mapping

import numpy as np

from mmseg_medical.apis.reports.cases import Cases
from mmseg_medical.apis.reports.maps import CUTS, MapStatistics
from mmseg_medical.apis.reports.scores import confusion_table
from mmseg_medical.visualization.report import Section, Table
from mmseg_medical.visualization.report_figures import (
    draw_calibration,
    draw_thresholds,
)

_NO_MAPS = (
    'Needs probability maps:  tools/test.py CONFIG CHECKPOINT --work-dir '
    'WORK_DIR --out MAPS  and then  tools/report.py WORK_DIR --maps MAPS'
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
