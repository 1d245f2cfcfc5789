"""A page to look at after a test: scores, curves, the worst images first."""

import csv
import json
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mmseg_medical.visualization import overlay
from mmseg_medical.visualization._page import embed_jpeg, figure_svg, render

PathLike = str | os.PathLike[str]


def write_report(
    path: PathLike,
    *,
    title: str,
    per_image: PathLike,
    overlay_dir: PathLike | None = None,
    scalars: Sequence[PathLike] = (),
    note: str = '',
    limit: int = 60,
) -> Path:
    """Write a report as one HTML file that needs nothing beside it.

    Args:
        path: HTML file to write.
        title: Heading of the page.
        per_image: Table that :class:`OverlapMetric` wrote, one row per image;
            images without a Dice (``empty=None``) are left out.
        overlay_dir: Folder of ``<id>.jpg`` that :class:`OverlayHook` wrote.
        scalars: The ``scalars.json`` of mmengine's logs, from the oldest; a
            run that was resumed has several, and the latest counts.
        note: A sentence below the heading.
        limit: Number of pictures, the worst images first.

    Returns:
        ``path``.

    Raises:
        FileNotFoundError: If a file that was named does not exist.
        ValueError: If the table is empty, or has no Dice.
    """
    with open(per_image, newline='', encoding='utf-8') as file:
        rows = list(csv.DictReader(file))
    if not rows:
        raise ValueError(f'{per_image} has no rows; nothing was tested')
    scores = [key for key in rows[0] if key.split('/')[0] == 'dice']
    for row in rows:
        row['score'] = _mean([float(row[key]) for key in scores])
    rows = [row for row in rows if not math.isnan(row['score'])]
    if not rows:
        raise ValueError(f'{per_image} has no Dice in any row')
    rows.sort(key=lambda row: row['score'])
    for row in rows[:limit] if overlay_dir else ():
        row['picture'] = embed_jpeg(
            Path(overlay_dir, f'{row["id"]}.jpg').read_bytes()
        )
    values = np.array([row['score'] for row in rows])
    return render(
        'report.html.j2',
        path,
        title=title,
        note=note,
        rows=rows,
        limit=limit,
        summary={
            'images': len(rows),
            'mean Dice per image': f'{values.mean():.4f}',
            'median': f'{np.median(values):.4f}',
            'worst': f'{values.min():.4f}',
        },
        histogram=figure_svg(_draw_histogram, values),
        curves=figure_svg(_draw_curves, _read_scalars(scalars)),
        legend={
            'hit': overlay.HIT,
            'false positive': overlay.FALSE_POSITIVE,
            'miss': overlay.MISS,
        },
    )


def _mean(scores: list[float]) -> float:
    """Mean of what is not nan; nan if nothing is."""
    counted = [score for score in scores if not math.isnan(score)]
    return float(np.mean(counted)) if counted else math.nan


def _read_scalars(paths: Sequence[PathLike]) -> dict[str, list[Any]]:
    """Curves by name, each a list of (iteration, value)."""
    curves: dict[str, dict[int, float]] = {}
    for path in paths:
        fresh = True
        for line in Path(path).read_text().splitlines():
            try:
                entry = json.loads(line)
            except ValueError:  # the run was killed while it wrote
                continue
            step = entry.get('step', entry.get('iter'))
            if not step:  # of a test
                continue
            if fresh and 'loss' in entry:  # this run began here
                for curve in curves.values():
                    for later in [s for s in curve if s >= step]:
                        del curve[later]
                fresh = False
            for key in ('loss', 'lr', 'dice_per_image', 'dice_pooled'):
                if key in entry:
                    curves.setdefault(key, {})[step] = entry[key]
    return {key: sorted(curve.items()) for key, curve in curves.items()}


def _draw_histogram(figure: Any, values: Any) -> None:
    axes = figure.subplots()
    low = min(0.9, np.floor(values.min() * 20) / 20)
    axes.hist(values, bins=np.linspace(low, 1, 41), color='#0072b2')
    axes.set(xlabel='Dice of an image', ylabel='images', xlim=(low, 1))
    axes.yaxis.get_major_locator().set_params(integer=True)


def _draw_curves(figure: Any, curves: dict[str, list[Any]]) -> None:
    panels = [('loss',), ('lr',), ('dice_per_image', 'dice_pooled')]
    panels = [p for p in panels if any(key in curves for key in p)]
    for axes, keys in zip(
        np.atleast_1d(figure.subplots(1, len(panels))), panels, strict=True
    ):
        for key in keys:
            if key in curves:
                steps, values = zip(*curves[key], strict=True)
                axes.plot(steps, values, label=key, marker='.', markersize=3)
        axes.set_xlabel('iteration')
        axes.legend(frameon=False)
