"""The worst and the best cases of each class, with their overlays."""

from collections.abc import Mapping

import numpy as np

from mmseg_medical.apis.reports.cases import Cases
from mmseg_medical.apis.reports.pictures import Source, address
from mmseg_medical.visualization.report import Section, Shown, Table


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
    pictures = {}
    for run, of in cases.items():
        if img_id not in of.ids:
            continue
        row = of.ids.index(img_id)
        tp, fp, fn, _ = of.counts[row, k].tolist()
        said = (
            f'Dice {of.dice[row, k]:.4f}; {tp:,} hit, {fp:,} false, '
            f'{fn:,} missed'
        )
        picture = sources[run].draw(img_id, k) if run in sources else None
        pictures[f'{run}: {said}' if len(cases) > 1 else ''] = address(picture)
    base = next(iter(cases.values()))
    row = base.ids.index(img_id)
    facts = [f'{k} {cells[row]}' for k, cells in base.groups().items()]
    told = [*([said] if len(cases) == 1 else []), ', '.join(facts)]
    return Shown(img_id, '; '.join(filter(None, told)), pictures)
