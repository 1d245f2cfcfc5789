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
    deep = [
        o
        for o in observations
        if o.image and o.image.dtype != 'uint8' and not np.isnan(o.image.low)
    ]
    if not deep or about.maps_intensity:
        return
    low, high = min(o.image.low for o in deep), max(o.image.high for o in deep)
    kinds = sorted({o.image.dtype for o in deep})
    text = (
        f'{plural(len(deep), "image")} of {", ".join(kinds)} from {low:g} to '
        f'{high:g}, and nothing maps them to one range'
    )
    faint = [o for o in deep if 'int' in o.image.dtype and o.image.high <= 255]
    if faint:
        text += f'; black on a screen: {plural(len(faint), "image")}'
    config = dict(type='MapIntensity', method='percentile')
    bright = [o.image.quantiles[:, _BRIGHT].max() for o in deep]
    darkest, brightest = np.quantile(bright, (0.05, 0.95))
    alike = brightest <= _RATIO * darkest
    if alike:
        config.update(method='window', low=_short(low), high=_short(high))
    yield Finding(
        Severity.WARNING,
        'range',
        text,
        names_of(faint),
        'one window serves all'
        if alike
        else 'the 99th percentiles of images differ more than '
        f'{_RATIO}-fold: map each image by itself',
        config,
    )


def _short(value: float) -> float:
    """Six digits of a number, without a point where it has no fraction."""
    value = float(f'{value:.6g}')
    return int(value) if value.is_integer() else value
