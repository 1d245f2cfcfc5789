"""Histograms of a data set, as they stand on its page."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from mmseg_medical.datasets.checks import About, Observation
from mmseg_medical.datasets.checks.observation import SHARES
from mmseg_medical.datasets.checks.statistics import ClassFacts
from mmseg_medical.visualization._page import BLUE, figure_svg

_SIZE = (5.2, 2.9)  # inches
_MOST_IMAGES = 200  # that intensities are drawn of


def dataset_figures(
    observations: Sequence[Observation],
    classes: Sequence[ClassFacts],
    about: About,
) -> dict[str, str]:
    """Draw what a data set consists of.

    Args:
        observations: All samples.
        classes: Classes over all of them.
        about: What the data set says of its samples.

    Returns:
        SVG by heading; figures without data are left out.
    """
    images = [o.image for o in observations if o.image]
    bright = [image for image in images if not np.isnan(image.low)]
    masks = [o.mask for o in observations if o.mask]
    sizes = Counter(image.shape[1::-1] for image in images)
    shares = [mask.share for mask in masks]
    shown = [c for c in classes if c.label or about.overlapping]
    figures = {
        'Sizes': figure_svg(_draw_sizes, sizes, _SIZE),
        'Foreground of an image': figure_svg(_draw_shares, shares, _SIZE),
        'Sizes of components': figure_svg(
            _draw_components, [c for c in shown if c.components], _SIZE
        ),
        'Intensities': figure_svg(_draw_intensities, bright, _SIZE),
    }
    return {name: svg for name, svg in figures.items() if svg}


def _draw_sizes(figure: Any, sizes: Counter[tuple[int, int]]) -> None:
    axes = figure.subplots()
    widths, heights = np.array(list(sizes)).T
    counts = np.array(list(sizes.values()))
    axes.scatter(
        widths, heights, 20 + 200 * counts / counts.max(), BLUE, alpha=0.6
    )
    few = len(sizes) <= 4
    said = [
        f'{n:,} of {h} x {w}'
        for (w, h), n in sizes.most_common(4)
        if few or n > 1
    ]
    said += ['…'] * (not few and bool(said))
    axes.text(
        *(0.03, 0.97, '\n'.join(said)),
        transform=axes.transAxes,
        va='top',
        fontsize=8,
    )
    axes.set(xlabel='width in pixels', ylabel='height in pixels')
    axes.set_xlim(0, 1.15 * widths.max())
    axes.set_ylim(0, 1.15 * heights.max())


def _draw_shares(figure: Any, shares: Sequence[float]) -> None:
    axes = figure.subplots()
    percent = 100 * np.array(shares)
    bins = int(np.clip(2 * np.sqrt(len(shares)), 8, 40))
    axes.hist(percent, bins, (0, percent.max() or 1), color=BLUE)
    axes.set(xlabel='share of its pixels in %', ylabel='images')
    axes.yaxis.get_major_locator().set_params(integer=True)


def _draw_components(figure: Any, classes: Sequence[ClassFacts]) -> None:
    from matplotlib.ticker import EngFormatter

    axes = figure.subplots()
    total = sum(one.sizes for one in classes)
    filled = np.flatnonzero(total)
    low, high = filled[0] // 2 * 2, filled[-1] // 2 * 2 + 2
    octaves = total[low:high].reshape(-1, 2).sum(1)
    edges = 2.0 ** np.arange(low // 2, high // 2 + 1)
    axes.stairs(octaves, edges, fill=True, color=BLUE)
    axes.set_xscale('log')
    axes.xaxis.set_major_formatter(EngFormatter(sep=''))  # 10k, 1M
    axes.xaxis.set_minor_formatter(lambda *_: '')
    axes.set(xlabel='pixels', ylabel='components')
    axes.set_xlim(*10.0 ** np.array([0, np.ceil(np.log10(edges[-1]))]))
    axes.yaxis.get_major_locator().set_params(integer=True)


def _draw_intensities(figure: Any, images: Sequence[Any]) -> None:
    axes = figure.subplots()
    middle = SHARES.index(0.5)
    ordered = sorted(images, key=lambda i: np.mean(i.quantiles[:, middle]))
    step = -(-len(ordered) // _MOST_IMAGES)
    found = np.array([i.quantiles.mean(0) for i in ordered[::step]])
    at = np.arange(len(found)) * step
    for low, high, strength in ((0, 6, 0.12), (1, 5, 0.25), (2, 4, 0.5)):
        axes.fill_between(
            at,
            found[:, low],
            found[:, high],
            color=BLUE,
            alpha=strength,
            linewidth=0,
            step='mid',
            label=('all', '1 … 99 %', '25 … 75 %')[low],
        )
    axes.step(at, found[:, middle], color='black', lw=1, where='mid')
    axes.set(xlabel='images, from dark to bright', ylabel='intensity')
    axes.xaxis.get_major_locator().set_params(integer=True)
    figure.legend(frameon=False, fontsize=8, loc='outside upper left', ncols=3)
