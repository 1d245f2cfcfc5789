"""From folders of runs to one page."""

import contextlib
import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mmseg_medical.apis.config import read_config
from mmseg_medical.apis.reports import map_sections, sections
from mmseg_medical.apis.reports.cases import Cases
from mmseg_medical.apis.reports.extremes import extremes
from mmseg_medical.apis.reports.maps import MapStatistics, open_maps, sum_maps
from mmseg_medical.apis.reports.pictures import (
    INLINE,
    FirstOf,
    MapOverlays,
    OverlayFolder,
    Source,
    thumbnails,
)
from mmseg_medical.apis.reports.run import FOLD, Run, open_runs
from mmseg_medical.errors import InputError
from mmseg_medical.postprocessing.saved import NAME
from mmseg_medical.version import __version__
from mmseg_medical.visualization.report import (
    CaseList,
    Section,
    write_report,
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class PageSettings:
    """What a page shows beside the runs.

    Attributes:
        overlays: Folder of ``tools/test.py --show-dir`` of each run, or ().
        maps: Folder of ``tools/test.py --out`` of each run, or ().
        postprocess: A ``postprocess.json``; None takes that of the first run.
        config: Config that names the data of the maps; None takes that of
            each run.
        patients: Column of ``per_image.csv`` whose images are drawn together
            for intervals; '' is the ``patient_key`` of the metric.
        cases: Number of the worst and of the best cases of each class.
        thumbnails: Cases of the list that get a picture, the worst first.
        title: Heading; '' makes one of the names.
        note: A sentence below it.
    """

    overlays: Sequence[str] = ()
    maps: Sequence[str] = ()
    postprocess: str | None = None
    config: str | None = None
    patients: str = ''
    cases: int = 6
    thumbnails: int = 10_000
    title: str = ''
    note: str = ''


def make_report(
    folders: Sequence[Path], out: Path, settings: PageSettings | None = None
) -> Path:
    """Make a page of runs, side by side.

    Args:
        folders: Folder of each run: of ``tools/train.py``, ``tools/test.py``
            or ``tools/train_folds.py``.
        out: HTML file to write; pictures of many cases lie beside it in
            ``<out>_files``.
        settings: What is shown beside the runs.

    Returns:
        ``out``.

    Raises:
        InputError: If a folder is no run, or something belongs to another
            one; the message names it.
        OSError: If the page cannot be written.
    """
    settings = settings or PageSettings()
    runs = open_runs(folders)
    for option in ('overlays', 'maps'):
        given = len(getattr(settings, option))
        if given not in (0, len(runs)):
            raise InputError(
                f'--{option} names {given} folders for {len(runs)} runs; '
                'name one for each, in their order'
            )
    if settings.config:
        cfg = read_config(settings.config)
        runs = [dataclasses.replace(run, cfg=cfg) for run in runs]
    cases = {run.name: run.cases for run in runs if run.cases is not None}
    sources, found = _open(runs, settings)
    parts = [
        sections.head(runs),
        sections.learning(runs),
        *_tested_sections(runs, cases, sources, found, settings),
    ]
    with contextlib.ExitStack() as stack:
        listed = None
        if cases:
            listed = _list(cases, sources, out, settings, stack)
        return write_report(
            out,
            title=settings.title or ', '.join(run.name for run in runs),
            note=settings.note,
            summary=_summary(cases),
            sections=parts,
            cases=listed,
            foot=f'Made by mmseg-medical {__version__}.',
        )


def _open(
    runs: Sequence[Run], settings: PageSettings
) -> tuple[dict[str, Source], dict[str, MapStatistics]]:
    """Overlays and sums of maps, of each run that has some."""
    sources: dict[str, Source] = {}
    found: dict[str, MapStatistics] = {}
    for run, folder in zip(runs, settings.maps, strict=False):
        data = open_maps(run, folder)
        found[run.name] = sum_maps(run, data)
        sources[run.name] = MapOverlays(data)
    for run, folder in zip(runs, settings.overlays, strict=False):
        if run.cases is not None:
            sources[run.name] = OverlayFolder(folder, run.cases.ids)
    return sources, found


def _tested_sections(
    runs: Sequence[Run],
    cases: Mapping[str, Cases],
    sources: Mapping[str, Source],
    found: Mapping[str, MapStatistics],
    settings: PageSettings,
) -> list[Section]:
    untested = [run.name for run in runs if run.cases is None]
    parts = []
    if untested:
        command = 'tools/test.py CONFIG CHECKPOINT --work-dir WORK_DIR'
        said = f'Not tested yet: {", ".join(untested)}. Test with  {command}'
        parts.append(Section('Scores', missing=said))
    if not cases:
        return parts
    patients = {
        run.name: run.patients(settings.patients)
        for run in runs
        if run.cases is not None
    }
    path = Path(settings.postprocess or runs[0].folder / NAME)
    there = settings.postprocess or path.is_file()
    compared = sections.comparisons(cases, patients)
    return [
        *parts,
        sections.scores(cases, patients),
        *([compared] if compared else []),
        sections.groups(cases, patients),
        extremes(cases, sources, settings.cases),
        map_sections.thresholds(found),
        map_sections.confusion(cases, found),
        map_sections.calibration(found),
        sections.postprocessing(
            path if there else None, next(iter(cases.values()))
        ),
    ]


def _summary(cases: Mapping[str, Cases]) -> dict[str, str]:
    """Figures at the top."""
    found = {}
    for run, of in cases.items():
        name = 'mean Dice per image'
        parts, wholes = (part.sum(0) for part in of.terms('dice_per_image'))
        values = np.where(wholes > 0, parts / np.maximum(wholes, 1), np.nan)
        mean = np.nanmean(values) if np.isfinite(values).any() else np.nan
        found[f'{name}, {run}' if len(cases) > 1 else name] = f'{mean:.4f}'
    if len(cases) == 1:
        (of,) = cases.values()
        found['images'] = f'{len(of.ids):,}'
        if len(of.labels) > 1:
            found['classes'] = str(len(of.labels))
        if folds := set(of.meta.get(FOLD, [])):
            found['folds'] = str(len(folds))
    return found


def _list(
    cases: Mapping[str, Cases],
    sources: Mapping[str, Source],
    out: Path,
    settings: PageSettings,
    stack: contextlib.ExitStack,
) -> CaseList:
    """All cases, with small pictures of the first run that has some."""
    ids = list(dict.fromkeys(i for of in cases.values() for i in of.ids))
    columns: dict[str, list[Any]] = {'case': ids}
    base = next(iter(cases.values()))
    for run, of in cases.items():
        place = {img_id: k for k, img_id in enumerate(of.ids)}
        rows = [place.get(img_id) for img_id in ids]
        table = [None if k is None else of.dice[k] for k in rows]
        means = [_mean(row) for row in table]
        if len(cases) > 1:
            columns[f'Dice, {run}'] = means
        elif len(of.labels) == 1:
            columns['Dice'] = means
        else:
            columns['mean Dice'] = means
            for k, label in enumerate(of.labels):
                columns[f'Dice, {label}'] = [
                    None if row is None else _number(row[k]) for row in table
                ]
    for key, cells in base.meta.items():
        known = dict(zip(base.ids, cells, strict=True))
        columns[key] = [known.get(img_id) for img_id in ids]
    if len(cases) == 1:
        total = base.counts.sum(1)
        columns['mask pixels'] = (total[:, 0] + total[:, 2]).tolist()
        columns['predicted pixels'] = (total[:, 0] + total[:, 1]).tolist()
    dice = list(columns.values())[1]
    order = sorted(
        range(len(ids)), key=lambda k: 2.0 if dice[k] is None else dice[k]
    )
    note = f'{len(ids):,} cases, the worst first.'
    pictures: list[str] = []
    if sources and settings.thumbnails:
        source = FirstOf(sources[run] for run in cases if run in sources)
        chosen = order[: settings.thumbnails]
        pictures = stack.enter_context(thumbnails(source, ids, chosen, out))
        if len(chosen) < len(ids):
            note += f' The first {len(chosen):,} have a picture.'
        if len(ids) > INLINE:
            note += (
                f' Pictures are in {out.stem}_files, beside this page; '
                'everything else is in the page itself.'
            )
    rows = [list(row) for row in zip(*columns.values(), strict=True)]
    return CaseList([*columns], rows, 1, pictures, note)


def _mean(dice: Any) -> float | None:
    if dice is None or np.isnan(dice).all():
        return None
    return round(float(np.nanmean(dice)), 6)


def _number(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 6)
