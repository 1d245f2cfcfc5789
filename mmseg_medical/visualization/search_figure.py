"""The scores of a search over its parameters, as a picture."""

import os
from collections.abc import Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmseg_medical._files import replacing
from mmseg_medical.evaluation.functional import nan_mean
from mmseg_medical.postprocessing.selection import Choice

_SIZE = (10.5, 4.2)  # inches
_NAMES = dict(
    mask_thr='threshold (mask_thr)',
    min_size='least size in pixels (min_size)',
    top_score_thr='threshold of sure pixels (top_score_thr)',
)


def write_surface(
    path: str | os.PathLike[str], choice: Choice, folds: Collection[str]
) -> None:
    """Draw the surface of a search: a heat map, and a curve per class.

    The heat map has the mean over classes; where there is a third parameter,
    the best score over it. A curve has the best score of a class over all
    other parameters, with a dot at what was chosen for all groups.

    Args:
        path: PNG or SVG file to write.
        choice: What was chosen, of one of
            :data:`mmseg_medical.postprocessing.families.FAMILIES`.
        folds: Folds whose scores are drawn.

    Raises:
        OSError: If the file cannot be written.
    """
    from matplotlib.figure import Figure

    tally = choice.tally
    surface = tally.surface(folds)  # (classes, cells)
    scores = surface.reshape(len(surface), *tally.family.shape)
    keys = [*tally.family.axes]
    figure = Figure(figsize=_SIZE, layout='constrained', dpi=120)
    along = 'mask_thr' if 'mask_thr' in keys else keys[0]
    if len(keys) == 1:
        curves = figure.subplots()
    else:
        heat, curves = figure.subplots(1, 2, width_ratios=[1.15, 1])
        _draw_heat(heat, choice, nan_mean(scores), along)
    _draw_curves(curves, choice, scores, along)
    with replacing(path) as temporary:
        kind = os.path.splitext(path)[1].lstrip('.') or 'png'
        figure.savefig(temporary, format=kind)


def _draw_heat(
    axes: Any, choice: Choice, scores: NDArray[Any], along: str
) -> None:
    family, objective = choice.tally.family, choice.tally.objective
    keys = [*family.axes]
    across = 'min_size' if 'min_size' in keys else 'top_score_thr'
    for k, key in reversed(list(enumerate(keys))):
        if key not in (along, across):
            scores = np.nanmax(scores, k)
    left = [key for key in keys if key in (along, across)]
    if left.index(along) == 0:
        scores = scores.T
    x, y = family.axes[along], family.axes[across]
    # What differs near the best is what matters.
    low = max(np.nanmin(scores), np.nanmedian(scores) - 0.05)
    img = axes.pcolormesh(
        _edges(x), np.arange(len(y) + 1), scores, vmin=low, cmap='viridis'
    )
    axes.figure.colorbar(img, ax=axes, extend='min', label=objective.name)
    step = -(-len(y) // 12)
    axes.set_yticks(
        np.arange(0, len(y), step) + 0.5, [f'{v:.4g}' for v in y[::step]]
    )
    axes.set(xlabel=_NAMES[along], ylabel=_NAMES[across])
    row, col = np.unravel_index(np.nanargmax(scores), scores.shape)
    start = y.index(family.start[across])
    for marker, at, label in (
        ('o', (x[col], row + 0.5), f'best: {scores[row, col]:.4f}'),
        ('X', (family.start[along], start + 0.5), 'the model as it is'),
    ):
        axes.plot(
            *at, marker, color='white', markeredgecolor='black', label=label
        )
    axes.figure.legend(loc='outside upper left', ncols=2, frameon=False)


def _draw_curves(
    axes: Any, choice: Choice, scores: NDArray[Any], along: str
) -> None:
    tally = choice.tally
    family = tally.family
    place = [*family.axes].index(along) + 1
    others = tuple(k for k in range(1, scores.ndim) if k != place)
    x = family.axes[along]
    for label, curve in zip(
        tally.labels, np.nanmax(scores, others), strict=True
    ):
        (line,) = axes.plot(x, curve, label=label)
        at = choice.parameters(label)[along]
        axes.plot(at, curve[x.index(at)], 'o', color=line.get_color())
    axes.axvline(family.start[along], color='gray', lw=1, ls=':')
    if along == 'min_size':
        axes.set_xscale('symlog')
    axes.set(xlabel=_NAMES[along], ylabel=tally.objective.name)
    axes.spines[['top', 'right']].set_visible(False)
    axes.grid(alpha=0.25)
    axes.legend(frameon=False)


def _edges(values: Any) -> NDArray[np.float64]:
    """Edges of cells around ascending values."""
    at = np.asarray(values, np.float64)
    if len(at) == 1:
        return np.array([at[0] - 0.5, at[0] + 0.5])
    middle = (at[1:] + at[:-1]) / 2
    return np.concatenate(
        [[2 * at[0] - middle[0]], middle, [2 * at[-1] - middle[-1]]]
    )
