"""A page to look at before a training: findings, classes, sizes, samples."""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mmseg_medical.datasets.checks import (
    About,
    Finding,
    Observation,
    Severity,
)
from mmseg_medical.datasets.checks.finding import percent, plural
from mmseg_medical.datasets.checks.observation import ImageFacts
from mmseg_medical.datasets.checks.statistics import (
    ClassFacts,
    count_classes,
    count_together,
)
from mmseg_medical.visualization._page import render
from mmseg_medical.visualization.dataset_figures import dataset_figures
from mmseg_medical.visualization.overlay import class_colour
from mmseg_medical.visualization.pictures import Picture

_WIDEST = 13  # rem of the longest bar


def write_dataset_page(
    path: str | os.PathLike[str],
    *,
    title: str,
    note: str,
    observations: Sequence[Observation],
    findings: Sequence[Finding],
    about: About,
    config: str,
    palette: Sequence[Sequence[int]],
    galleries: Mapping[str, Sequence[Picture]],
) -> Path:
    """Write a page on a data set as one HTML file that needs nothing beside.

    Args:
        path: HTML file to write.
        title: Heading of the page.
        note: A sentence below the heading.
        observations: All samples.
        findings: What is wrong, the gravest first.
        about: What the data set says of its samples.
        config: Config to start from, or ''.
        palette: [R, G, B] of each class, or [] for those of
            :func:`class_colour`.
        galleries: Pictures by heading.

    Returns:
        ``path``.
    """
    classes = count_classes(observations, about)
    colours = {
        one.label: class_colour(
            one.label, palette, overlapping=about.overlapping
        )
        for one in classes
        if one.label or about.overlapping
    }
    return render(
        'dataset_page.html.j2',
        path,
        title=title,
        note=note,
        summary=summary(observations) | _counts(findings),
        findings=findings,
        config=config,
        classes=_rows(classes, colours) if len(classes) > 1 else [],
        drawn=any(one.drawn for one in classes),
        together=_together(observations, classes, about),
        figures=dataset_figures(observations, classes, about),
        legend={
            c.name: colours[c.label] for c in classes if c.label in colours
        },
        galleries={name: of for name, of in galleries.items() if of},
    )


def summary(observations: Sequence[Observation]) -> dict[str, str]:
    """Figures that stand at the top: text by what it counts."""
    images = [o.image for o in observations if o.image]
    found = {'images': f'{len(observations):,}'}
    parts = dict.fromkeys(o.part for o in observations)
    if len(parts) > 1:
        found['images'] = ' + '.join(
            f'{sum(o.part == part for o in observations):,}' for part in parts
        )
        found[' + '.join(parts)] = found.pop('images')
    if images:
        sizes = sorted({i.shape[:2] for i in images}, key=np.prod)
        ends = [f'{h} x {w}' for h, w in (sizes[0], sizes[-1])]
        found['height x width'] = ' … '.join(dict.fromkeys(ends))
        found['channels'] = ', '.join(
            f'{" or ".join(map(str, sorted(counts)))} of {kind}'
            for kind, counts in _channels(images).items()
        )
        found['intensities'] = (
            f'{min(i.low for i in images):g} … {max(i.high for i in images):g}'
        )
    return found


def _counts(findings: Sequence[Finding]) -> dict[str, str]:
    found = Counter(one.severity for one in findings)
    graver = (Severity.ERROR, Severity.WARNING)
    said = [plural(found[one], one.name.lower()).split() for one in graver]
    return {noun: count for count, noun in said}


def _channels(images: Sequence[ImageFacts]) -> dict[str, set[int]]:
    """Numbers of channels by type."""
    found: dict[str, set[int]] = {}
    for image in images:
        found.setdefault(image.dtype, set()).add(image.shape[2])
    return found


def _rows(
    classes: Sequence[ClassFacts], colours: Mapping[int, Any]
) -> list[dict[str, Any]]:
    most = max(c.share for c in classes if c.label in colours) or 1
    return [
        dict(
            name=one.name,
            rgb=colours.get(one.label),
            images=one.images,
            share=percent(one.share),
            width=round(_WIDEST * min(one.share / most, 1), 2),
            objects=f'{one.drawn or one.components:,}'
            if one.label in colours
            else '',
            size=f'≈ {float(f"{one.median_size:.2g}"):,.0f} px'
            if one.components
            else '',
        )
        for one in classes
    ]


def _together(
    observations: Sequence[Observation],
    classes: Sequence[ClassFacts],
    about: About,
) -> dict[str, Any] | None:
    """Matrix of classes that occur together."""
    shown = [c for c in classes if c.images and (c.label or about.overlapping)]
    if not 2 <= len(shown) <= 24:
        return None
    images, pixels = count_together(observations, [c.label for c in shown])
    most = max(int(images.max()), 1)
    rows = [
        [
            dict(
                text=f'{images[a, b]:,}' if images[a, b] else '',
                strength=round(0.7 * images[a, b] / most, 3),
                title=f'{pixels[a, b]:,} pixels',
            )
            for b in range(len(shown))
        ]
        for a in range(len(shown))
    ]
    return dict(names=[c.name for c in shown], rows=rows)
