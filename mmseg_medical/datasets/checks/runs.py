"""Run lengths that are broken, or in another dialect."""

from collections.abc import Iterator, Sequence

from mmseg_medical.converters.rle_guess import likely_dialect
from mmseg_medical.datasets.checks.finding import (
    About,
    Finding,
    Severity,
    names_of,
    plural,
    problems_of,
)
from mmseg_medical.datasets.checks.observation import Observation


def check_runs(
    observations: Sequence[Observation], about: About
) -> Iterator[Finding]:
    """Find run lengths that are not well-formed."""
    texts = problems_of(observations, 'runs')
    if texts and not _other_dialects(observations):
        yield Finding(
            Severity.ERROR,
            'runs',
            f'{plural(len(texts), "mask")} whose run lengths are not '
            'well-formed',
            tuple(texts),
            'see the message of each; what is left of them can be read by',
            dict(type='LoadMaskRegion', repair=True),
            details=tuple(texts.values()),
        )


def check_dialect(
    observations: Sequence[Observation], about: About
) -> Iterator[Finding]:
    """Find out whether run lengths are in the dialect that is told."""
    settable = 'rle_dialect' in about.takes
    for told, (dialect, names) in _other_dialects(observations).items():
        yield Finding(
            Severity.ERROR,
            'dialect',
            f'run lengths are in dialect {dialect!r}, not {told!r}: read so, '
            'masks are whole, as told they fall into stripes or leave the '
            'image',
            names,
            'correct the dialect'
            if settable
            else 'the data set has one dialect: write its table anew by '
            'tools/convert.py',
            dict(dataset=dict(rle_dialect=dialect)) if settable else {},
        )


def _other_dialects(
    observations: Sequence[Observation],
) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Likely dialect and samples, by the dialect that was told wrongly."""
    found = {}
    for told in {one.dialect for one in observations if one.readings}:
        samples = [o for o in observations if o.dialect == told and o.readings]
        readings = [reading for one in samples for reading in one.readings]
        if dialect := likely_dialect(readings, told):
            found[told] = (dialect, names_of(samples))
    return found
