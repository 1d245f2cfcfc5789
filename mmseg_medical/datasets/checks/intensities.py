"""Ranges of intensities, and images that show nothing."""

from collections.abc import Iterator, Sequence

import numpy as np

from mmseg_medical.datasets.checks.finding import (
    About,
    Finding,
    Severity,
    names_of,
    plural,
)
from mmseg_medical.datasets.checks.observation import SHARES, Observation

# Images whose bright ends differ more than this need a range of their own.
_RATIO = 2
_DARK = 16  # of 255: less is black on a screen
_BRIGHT = SHARES.index(0.99)
_MAP_EACH = "dict(type='MapIntensity', method='percentile')"
_MAP_ALL = "dict(type='MapIntensity', method='window', low={:g}, high={:g})"


def check_numbers(
    observations: Sequence[Observation], about: About
) -> Iterator[Finding]:
    """Find pixels that are no numbers."""
    found = [o for o in observations if o.image and not o.image.finite]
    if found:
        yield Finding(
            Severity.ERROR,
            'not_finite',
            f'{plural(len(found), "image")} with nan or infinite pixels',
            names_of(found),
            'one of them makes every weight nan: replace the pixels in the '
            'files, or leave the images out',
        )


def check_blank(
    observations: Sequence[Observation], about: About
) -> Iterator[Finding]:
    """Find images of one colour."""
    found = [
        o
        for o in observations
        if o.image
        and (o.image.quantiles[:, 0] == o.image.quantiles[:, -1]).all()
    ]
    if found:
        yield Finding(
            Severity.WARNING,
            'blank',
            f'{plural(len(found), "image")} of one colour',
            names_of(found),
            'nothing to see: were they exported or converted wrongly?',
        )


def check_dark(
    observations: Sequence[Observation], about: About
) -> Iterator[Finding]:
    """Find images of 8 bits that are black on a screen."""
    dark = [
        o
        for o in observations
        if o.image
        and o.image.dtype == 'uint8'
        and 0 < o.image.high < _DARK
        and o.image.low < o.image.high
    ]
    if dark:
        yield Finding(
            Severity.WARNING,
            'dark',
            f'{plural(len(dark), "image")} of 8 bits with no value above '
            f'{_DARK - 1}',
            names_of(dark),
            'were 16 bits cut to 8, or are these masks?',
        )


def check_ranges(
    observations: Sequence[Observation], about: About
) -> Iterator[Finding]:
    """Look at the ranges of images of other types than 8 bits."""
    deep = [o for o in observations if o.image and o.image.dtype != 'uint8']
    if not deep or about.maps_intensity:
        return
    lows = [o.image.low for o in deep]
    highs = [o.image.high for o in deep]
    kinds = sorted({o.image.dtype for o in deep})
    text = (
        f'{plural(len(deep), "image")} of {", ".join(kinds)} from '
        f'{min(lows):g} to {max(highs):g}, and nothing maps them to one range'
    )
    faint = [o for o in deep if o.image.high <= 255]
    if faint:
        text += f'; {len(faint)} stay below 256, which as 16 bits is black'
    bright = [o.image.quantiles[:, _BRIGHT].max() for o in deep]
    low, high = np.quantile(bright, (0.05, 0.95))
    each = high > _RATIO * low
    yield Finding(
        Severity.WARNING,
        'range',
        text,
        names_of(faint),
        'the 99th percentiles of images differ by a factor of '
        f'{high / max(low, 1):.1f}: map each image by itself'
        if each
        else 'one window serves all',
        _MAP_EACH if each else _MAP_ALL.format(min(lows), max(highs)),
    )
