"""Curves and distributions of runs, as they stand on their page."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mmseg_medical.evaluation.functional import Reliability
from mmseg_medical.visualization._page import BLUE, figure_svg

# Told apart with any colour vision, and by their dashes without one.
_COLOURS = (BLUE, '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9')
_DASHES = ('-', '--', ':', '-.')
_ACROSS = 3  # panels of a row
_FEW = 200  # cases that are drawn as points

Points = Sequence[tuple[int, float]]
# Values of each class by the name of the run.
ByRun = Mapping[str, Mapping[str, Any]]


def draw_learning(
    curves: Mapping[str, Mapping[str, Points]],
    stages: Sequence[tuple[int, str]] = (),
) -> str:
    """Draw curves over iterations, a panel for each that is no Dice.

    Of a single run, Dice of all classes share a panel; of several runs each
    class has one.

    Args:
        curves: Iterations and values by name, of each run.
        stages: First iteration and name of stages, which are marked.

    Returns:
        SVG, or '' where there is no curve.
    """
    names = list(dict.fromkeys(k for of in curves.values() for k in of))
    plain = [[name] for name in ('loss', 'lr') if name in names]
    scores = [name for name in names if name not in ('loss', 'lr')]
    if len(curves) == 1:
        heads = dict.fromkeys(name.split('/')[0] for name in scores)
        groups = [[n for n in scores if n.split('/')[0] == h] for h in heads]
        if len(scores) == len(heads):  # a single class
            groups = [scores]
    else:
        groups = [[name] for name in scores]
    panels = [keys for keys in (*plain, *groups) if keys][:12]

    def draw(figure: Any, _: Any) -> None:
        for axes, keys in _panels(figure, panels):
            shown = [
                (run if len(curves) > 1 else key, curve[key])
                for key in keys
                for run, curve in curves.items()
                if key in curve
            ]
            for k, (label, points) in enumerate(shown):
                steps, values = zip(*points, strict=True)
                few = len(points) < 40
                axes.plot(
                    *(steps, values),
                    **_style(k),
                    label=label.split('/')[-1],
                    marker='.' if few else '',
                    lw=1.3,
                )
            for step, name in stages:
                axes.axvline(step, color='gray', lw=0.8, ls=':')
                axes.text(
                    *(step, 0.02, f' {name}'),
                    transform=axes.get_xaxis_transform(),
                    fontsize=7,
                )
            heads = {key.split('/')[0] for key in keys}
            title = keys[0] if len(keys) == 1 else keys[0].split('/')[0]
            axes.set_title(title if len(heads) == 1 else 'Dice')
            axes.set_xlabel('iteration')
            if len(shown) > 1:
                axes.legend(frameon=False, fontsize=8)

    return figure_svg(draw, panels, _size(panels))


def draw_distribution(values: ByRun) -> str:
    """Draw the Dice of all images: boxes, and a point for each of a few.

    Args:
        values: (n,) Dice of each class, of each run; nan is left out.
    """
    labels = list(next(iter(values.values()))) if values else []
    rows = [
        (label, run, np.asarray(of[label])[~np.isnan(of[label])])
        for label in labels
        for run, of in values.items()
    ]
    runs = list(values)

    def draw(figure: Any, _: Any) -> None:
        axes = figure.subplots()
        rng = np.random.default_rng(0)
        for k, (_label, run, found) in enumerate(rows):
            colour = _COLOURS[runs.index(run) % len(_COLOURS)]
            if len(found) <= _FEW:
                noise = rng.uniform(-0.22, 0.22, len(found))
                axes.plot(
                    *(found, k + noise, 'o'),
                    **dict(color=colour, alpha=0.5, ms=3.5, mew=0),
                )
            if found.size:
                axes.boxplot(
                    [found],
                    positions=[k],
                    vert=False,
                    widths=0.6,
                    showfliers=len(found) > _FEW,
                    showmeans=True,
                    flierprops=dict(marker='.', ms=2, alpha=0.3),
                    medianprops=dict(color='black'),
                    meanprops=dict(marker='D', ms=4, mfc='white', mec='black'),
                )
        several = len(runs) > 1
        axes.set_yticks(
            range(len(rows)),
            [f'{lab}, {run}' if several else lab for lab, run, _ in rows],
        )
        axes.invert_yaxis()
        axes.set(xlabel='Dice of an image', xlim=(-0.02, 1.02))

    return figure_svg(draw, rows, (9, 0.7 + 0.42 * len(rows)))


def draw_histogram(values: ByRun) -> str:
    """Draw how many images have which Dice, a panel for each class."""
    labels = list(next(iter(values.values()))) if values else []

    def draw(figure: Any, _: Any) -> None:
        for axes, label in _panels(figure, labels[:12]):
            for k, (run, of) in enumerate(values.items()):
                found = np.asarray(of[label])[~np.isnan(of[label])]
                one = len(values) == 1
                axes.hist(
                    found,
                    bins=np.linspace(0, 1, 41),
                    histtype='stepfilled' if one else 'step',
                    color=_style(k)['color'],
                    ls=_style(k)['ls'],
                    label=run,
                )
            axes.set_title(label)
            axes.set(xlabel='Dice of an image', ylabel='images', xlim=(0, 1))
            axes.yaxis.get_major_locator().set_params(integer=True)
            if len(values) > 1:
                axes.legend(frameon=False, fontsize=8, loc='upper left')

    return figure_svg(draw, labels, _size(labels[:12]))


def draw_thresholds(
    cuts: ArrayLike, curves: ByRun, used: Mapping[str, Mapping[str, float]]
) -> str:
    """Draw Dice over the threshold, a panel for each class.

    Args:
        cuts: (T,) thresholds.
        curves: (T,) scores of each class, of each run.
        used: Threshold of the model for each class, of each run; nan where
            it has none.
    """
    labels = list(next(iter(curves.values()))) if curves else []
    x: NDArray[Any] = np.asarray(cuts)

    def draw(figure: Any, _: Any) -> None:
        for axes, label in _panels(figure, labels[:12]):
            for k, (run, of) in enumerate(curves.items()):
                style, y = _style(k), np.asarray(of[label])
                axes.plot(x, y, **style, label=run if len(curves) > 1 else '')
                if not np.isnan(y).all():
                    best = int(np.nanargmax(y))
                    axes.plot(x[best], y[best], 'o', color=style['color'])
                axes.axvline(used[run][label], color=style['color'], lw=0.8)
            axes.set_title(label)
            axes.set(xlabel='threshold', ylabel='dice_per_image', xlim=(0, 1))
            if len(curves) > 1:
                axes.legend(frameon=False, fontsize=8, loc='lower center')

    return figure_svg(draw, labels, _size(labels[:12]))


def draw_calibration(found: Mapping[str, Mapping[str, Reliability]]) -> str:
    """Draw how often a probability is right, a panel for each class.

    Points are as large as their bin has pixels, on a scale of logarithms.

    Args:
        found: Reliability of each class, of each run.
    """
    labels = list(next(iter(found.values()))) if found else []

    def draw(figure: Any, _: Any) -> None:
        for axes, label in _panels(figure, labels[:12]):
            axes.plot([0, 1], [0, 1], color='gray', lw=0.8, ls=':')
            for k, (run, of) in enumerate(found.items()):
                one, style = of[label], _style(k)
                said = f'ECE {one.error:.4f}'
                axes.plot(
                    *(one.confidence, one.frequency),
                    **style,
                    label=f'{run}: {said}' if len(found) > 1 else said,
                )
                share = np.log1p(one.pixels) / np.log1p(one.pixels.max())
                axes.scatter(
                    one.confidence, one.frequency, 45 * share, style['color']
                )
            axes.set_title(label)
            axes.set(
                xlabel='predicted probability',
                ylabel='share of the class',
                xlim=(-0.02, 1.02),
                ylim=(-0.02, 1.02),
            )
            axes.legend(frameon=False, fontsize=8, loc='upper left')

    return figure_svg(draw, labels, _size(labels[:12], 3.1))


def _panels(figure: Any, panels: Sequence[Any]) -> Any:
    """Axes with what each shall show; those that are left over are empty."""
    rows, across = _grid(panels)
    axes = figure.subplots(rows, across, squeeze=False).ravel()
    for one in axes[len(panels) :]:
        figure.delaxes(one)
    return zip(axes, panels, strict=False)


def _grid(panels: Sequence[Any]) -> tuple[int, int]:
    """Rows and columns; of four panels two stand beside each other."""
    count = max(len(panels), 1)
    across = 2 if count == 4 else min(_ACROSS, count)
    return -(-count // across), across


def _size(panels: Sequence[Any], height: float = 2.7) -> tuple[float, float]:
    """Width and height in inches of panels in rows."""
    rows, across = _grid(panels)
    return (4.5 if across == 1 else 3.3 * across), height * rows


def _style(k: int) -> dict[str, str]:
    turns = k // len(_COLOURS) + k
    return dict(
        color=_COLOURS[k % len(_COLOURS)], ls=_DASHES[turns % len(_DASHES)]
    )
