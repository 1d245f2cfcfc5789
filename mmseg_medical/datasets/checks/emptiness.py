"""Masks that are empty or full, and classes that never occur."""

from collections.abc import Iterator, Sequence

from mmseg_medical.datasets.checks.finding import (
    About,
    Finding,
    Severity,
    names_of,
    percent,
    plural,
)
from mmseg_medical.datasets.checks.observation import Observation


def check_empty(
    observations: Sequence[Observation], about: About
) -> Iterator[Finding]:
    """Count masks without foreground."""
    masked = [o for o in observations if o.mask]
    empty = [o for o in masked if not o.mask.foreground]
    if not empty:
        return
    every = len(empty) == len(masked)
    yield Finding(
        Severity.ERROR if every else Severity.NOTE,
        'mask_empty',
        f'{plural(len(empty), "mask")} without foreground, '
        f'{percent(len(empty) / len(masked))}',
        names_of(empty),
        'nothing can be learnt: are these the masks, and are their values '
        'understood?'
        if every
        else 'scores of empty masks follow OverlapMetric(empty=…); regions '
        'with foreground are chosen by',
        {} if every else dict(type='ChooseRandomRegion', foreground=0.5),
    )


def check_full(
    observations: Sequence[Observation], about: About
) -> Iterator[Finding]:
    """Find masks without background."""
    full = [
        o
        for o in observations
        if o.mask
        and o.mask.planes is None
        and o.mask.foreground
        and not o.mask.areas.get(0, 0)
    ]
    if full:
        yield Finding(
            Severity.WARNING,
            'mask_full',
            f'{plural(len(full), "mask")} without background',
            names_of(full),
            'is the mask inverted, or is label 0 a class (reduce_zero_label)?',
        )


def check_absent(
    observations: Sequence[Observation], about: About
) -> Iterator[Finding]:
    """Find classes that a part of the data set never shows."""
    first = 0 if about.overlapping else 1
    for part in dict.fromkeys(one.part for one in observations):
        masks = [o.mask for o in observations if o.part == part and o.mask]
        if not any(mask.foreground for mask in masks):
            continue
        seen = {k for mask in masks for k in mask.foreground}
        absent = [
            about.classes[k]
            for k in range(first, len(about.classes))
            if k not in seen
        ]
        if absent:
            where = f' in {part}' if part else ''
            yield Finding(
                Severity.WARNING,
                'class_absent',
                f'no pixel of {", ".join(absent)}{where}',
                cure='a class without an example cannot be learnt or scored: '
                'check its name and value, or choose another split',
            )
