"""Classes that are rare, share pixels or have no name."""

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from mmseg_medical.datasets.checks.finding import (
    About,
    Finding,
    Severity,
    listed,
    percent,
    plural,
)
from mmseg_medical.datasets.checks.observation import Observation
from mmseg_medical.datasets.checks.statistics import count_classes

_RARE = 1e-3  # of the pixels
_SPECK = 4  # pixels


def check_labels(
    observations: Sequence[Observation], about: About
) -> Iterator[Finding]:
    """Find labels of annotation files that are no class."""
    drawn: Counter[str] = Counter()
    for one in observations:
        drawn.update(one.drawn)
    strange = [
        name
        for name in drawn
        if name not in (*about.classes, 'None', str(about.ignore_index))
    ]
    if strange:
        said = [f'{name!r} ({drawn[name]:,})' for name in strange]
        yield Finding(
            Severity.ERROR,
            'labels',
            f'objects whose label is no class: {listed(said)}',
            tuple(str(o) for o in observations if set(strange) & set(o.drawn)),
            'name the class of each label; None leaves its objects out',
            dict(dataset=dict(labels=dict.fromkeys(strange))),
        )


def check_rare(
    observations: Sequence[Observation], about: About
) -> Iterator[Finding]:
    """Say which classes are rare."""
    found = count_classes(observations, about)
    rare = [
        c
        for c in found
        if (about.overlapping or c.label) and c.pixels and c.share < _RARE
    ]
    if rare:
        said = ', '.join(
            f'{c.name} {percent(c.share)} in {plural(c.images, "image")}'
            for c in rare
        )
        yield Finding(
            Severity.NOTE,
            'class_rare',
            f'classes of few pixels: {said}',
            cure='a region loss (SoftDiceLoss, FocalTverskyLoss) or '
            'class_weight lets them count',
        )


def check_shared(
    observations: Sequence[Observation], about: About
) -> Iterator[Finding]:
    """Say how many pixels belong to several classes."""
    found = [o for o in observations if o.mask and o.mask.shared]
    if found:
        most: dict[tuple[int, int], int] = {}
        for one in found:
            for pair, count in one.mask.shared.items():
                most[pair] = most.get(pair, 0) + count
        (a, b), count = max(most.items(), key=lambda item: item[1])
        yield Finding(
            Severity.NOTE,
            'classes_share',
            f'classes share pixels in {plural(len(found), "image")}, most of '
            f'all {about.class_name(a)} and {about.class_name(b)} '
            f'({plural(count, "pixel")})',
            tuple(map(str, found)),
            'each class needs its own channel',
            dict(model=dict(task='multilabel')),
        )


def check_specks(
    observations: Sequence[Observation], about: About
) -> Iterator[Finding]:
    """Count components of a few pixels."""
    bins = int(2 * np.log2(_SPECK)) + 1
    specks = objects = 0
    names = []
    for one in observations:
        if one.mask:
            few = sum(int(n[:bins].sum()) for n in one.mask.sizes.values())
            specks += few
            objects += sum(int(n.sum()) for n in one.mask.sizes.values())
            names += [str(one)] * bool(few)
    if specks:
        yield Finding(
            Severity.NOTE,
            'specks',
            f'{plural(specks, "component")} of at most {_SPECK} pixels, of '
            f'{objects:,}',
            tuple(names),
            'slips of a pen, or edges between classes: removing them changes '
            'little in Dice and much in object counts',
        )
