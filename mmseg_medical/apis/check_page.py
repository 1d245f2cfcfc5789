"""From a check to its page: which samples are shown, and how."""

import contextlib
import os
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

from mmseg_medical.apis.check_dataset import DatasetCheck
from mmseg_medical.apis.dataset_facts import palette
from mmseg_medical.apis.starter_config import starter_config
from mmseg_medical.datasets.checks import (
    About,
    Finding,
    Observation,
    Severity,
)
from mmseg_medical.datasets.checks.finding import percent
from mmseg_medical.datasets.checks.groups import group_key
from mmseg_medical.datasets.checks.loading import Loader, Unreadable
from mmseg_medical.datasets.checks.objects import known, parsed
from mmseg_medical.datasets.checks.reading import middle
from mmseg_medical.visualization.dataset_page import write_dataset_page
from mmseg_medical.visualization.pictures import Picture, make_picture

_OF_FINDING = 3  # samples shown of each finding
_OF_FINDINGS = 12  # samples shown of all of them
_OF_ENDS = 4  # samples of the largest and of the smallest foreground
_RANDOM = 8

# Number of an observation, and what is said of it.
Chosen = tuple[int, str]


def write_check_page(
    check: DatasetCheck, folder: str | os.PathLike[str]
) -> Path:
    """Write the page of a check.

    Args:
        check: What came of looking at a data set.
        folder: Folder to write ``index.html`` to.

    Returns:
        The page.

    Raises:
        OSError: If the folder cannot be written.
    """
    layout = check.layouts[0] if check.layouts else None
    shown = choose_samples(check.observations, check.findings, check.about)
    colours = _palette(check)
    return write_dataset_page(
        Path(folder, 'index.html'),
        title=Path(check.source).name,
        note=f'{layout.title}: {layout.because}.' if layout else check.source,
        observations=check.observations,
        findings=check.findings,
        about=check.about,
        config=starter_config(check),
        palette=colours,
        galleries={
            heading: list(_pictures(check, chosen, colours))
            for heading, chosen in shown.items()
        },
    )


def choose_samples(
    observations: Sequence[Observation],
    findings: Sequence[Finding],
    about: About,
) -> dict[str, list[Chosen]]:
    """Choose what is worth looking at, each sample once.

    Args:
        observations: All samples.
        findings: What is wrong, the gravest first.
        about: What the data set says of its samples.

    Returns:
        Samples by heading.
    """
    key = group_key(observations, about)
    left = {str(one): k for k, one in enumerate(observations) if one.image}
    shown: dict[str, list[Chosen]] = {'Samples with findings': []}
    for finding in findings:
        if finding.severity == Severity.NOTE:
            continue
        room = _OF_FINDINGS - len(shown['Samples with findings'])
        names = [name for name in finding.names if name in left]
        shown['Samples with findings'] += [
            (left.pop(name), finding.problem)
            for name in names[: min(room, _OF_FINDING)]
        ]
    filled = sorted(
        (k for k in left.values() if _share(observations[k])),
        key=lambda k: _share(observations[k]),
    )
    if len(filled) > 2 * _OF_ENDS:
        ends = {
            'Largest foreground': filled[::-1],
            'Smallest foreground': filled,
        }
        for heading, ordered in ends.items():
            unlike = _unlike(observations, ordered[: len(filled) // 2], key)
            shown[heading] = [(k, '') for k in unlike[:_OF_ENDS]]
    taken = {k for of in shown.values() for k, _ in of}
    rest = [k for k in left.values() if k not in taken]
    some = random.Random(0).sample(rest, min(_RANDOM, len(rest)))
    shown['Chosen at random'] = [(k, '') for k in sorted(some)]
    return shown


def _unlike(
    observations: Sequence[Observation], ordered: Sequence[int], key: str
) -> list[int]:
    """Numbers with the first of each group before all others."""
    first: dict[object, int] = {}
    for k in ordered if key else ():
        first.setdefault(observations[k].facts.get(key), k)
    chosen = list(first.values())
    return chosen + [k for k in ordered if k not in set(chosen)]


def _share(one: Observation) -> float:
    """Foreground of a sample, 0 to 1."""
    return one.mask.share if one.mask else 0.0


def _palette(check: DatasetCheck) -> list[list[int]]:
    """Colours of the first part that names some."""
    named = (palette(one.dataset, one.config) for one in check.parts)
    return next(filter(None, named), [])


def _pictures(
    check: DatasetCheck,
    chosen: Sequence[Chosen],
    colours: Sequence[Sequence[int]],
) -> Iterator[Picture]:
    for index, said in chosen:
        one = check.observations[index]
        part, sample = check.sample(index)
        sample = known(parsed(middle(sample), []))
        if any(problem.kind == 'table_size' for problem in one.problems):
            sample.pop('height', None)
            sample.pop('width', None)
        with contextlib.suppress(Unreadable):
            img, labels = Loader(part.transforms).shown(sample)
            yield make_picture(
                str(one),
                img,
                labels,
                caption=said or _caption(one),
                palette=colours,
                ignore_index=check.about.ignore_index,
            )


def _caption(one: Observation) -> str:
    assert one.image is not None
    height, width = one.image.shape[:2]
    said = [f'{height} x {width}']
    if one.mask:
        said.append(f'{percent(one.mask.share)} foreground')
    return ', '.join(said)
