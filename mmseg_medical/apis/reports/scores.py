"""Scores with the interval that they can be trusted in, and their tables."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from mmseg_medical.apis.reports.cases import ON_PAGE, Cases
from mmseg_medical.errors import InputError
from mmseg_medical.evaluation.functional import (
    bootstrap_gain,
    bootstrap_ratio,
    nan_mean,
    presence,
)
from mmseg_medical.visualization.report import Table

_ALL = 'mean over classes'


class Score(NamedTuple):
    """A score, or a difference, with its interval of 95 %; nan for none."""

    value: float
    low: float
    high: float

    def text(self, sign: str = '') -> str:
        """``0.8123 (0.7901 … 0.8301)``; – where it is not defined."""
        if np.isnan(self.value):
            return '–'
        value, low, high = (f'{part:{sign}.4f}' for part in self)
        return value if np.isnan(self.low) else f'{value} ({low} … {high})'


def score_of(
    cases: Cases,
    name: str,
    label: str | None = None,
    *,
    patients: Sequence[str] | None = None,
) -> Score:
    """A score of images, and its bootstrap interval.

    Args:
        cases: Images.
        name: One of :data:`ON_PAGE`.
        label: Class, or None for the mean over classes.
        patients: One label per image; images of one are drawn together, and
            a single one has no interval.
    """
    parts, wholes = _terms(cases, name, label)
    value = _value(cases, name, parts, wholes)
    if _is_alone(cases, patients):
        return Score(value, np.nan, np.nan)
    return Score(value, *bootstrap_ratio(parts, wholes, groups=patients))


def difference(
    before: Cases,
    after: Cases,
    name: str,
    label: str | None = None,
    *,
    patients: Sequence[str] | None = None,
) -> Score:
    """A score of one run minus that of another, on the same images.

    Args:
        before: Images of one run.
        after: The same images in the same order, of the other.
        name: As of :func:`score_of`, as are the others.
        label: Class, or None.
        patients: One label per image.
    """
    terms = [_terms(cases, name, label) for cases in (before, after)]
    values = [
        _value(cases, name, *of)
        for cases, of in zip((before, after), terms, strict=True)
    ]
    gain = values[1] - values[0]
    if _is_alone(before, patients):
        return Score(gain, np.nan, np.nan)
    return Score(gain, *bootstrap_gain(*terms, groups=patients))


def in_common(one: Cases, other: Cases) -> tuple[Cases, Cases]:
    """The images that two runs have tested, in the order of the first.

    Raises:
        InputError: If their classes differ.
    """
    if one.labels != other.labels:
        raise InputError(
            f'the runs have different classes, {one.labels} and '
            f'{other.labels}: they cannot stand side by side; make a page of '
            'each'
        )
    place = {img_id: k for k, img_id in enumerate(other.ids)}
    rows = [k for k, img_id in enumerate(one.ids) if img_id in place]
    return one.some(rows), other.some([place[one.ids[k]] for k in rows])


def class_table(
    runs: Mapping[str, Cases], patients: Mapping[str, Sequence[str] | None]
) -> Table:
    """Scores of each class, those of several runs below each other.

    Args:
        runs: Images of each run.
        patients: Of each run, as of :func:`score_of`.
    """
    several = len(runs) > 1
    rows = []
    for label in _rows(next(iter(runs.values()))):
        for run, cases in runs.items():
            chosen = slice(None) if label is None else _place(cases, label)
            found = cases.has_mask[:, chosen]
            some = found.any(1) if label is None else found
            rows.append(
                [
                    label or _ALL,
                    *([run] if several else []),
                    f'{len(cases.ids):,}',
                    f'{int(some.sum()):,}',
                    *(
                        score_of(
                            cases, name, label, patients=patients[run]
                        ).text()
                        for name in ON_PAGE
                    ),
                ]
            )
    if len(next(iter(runs.values())).labels) == 1:
        rows = rows[len(runs) :]
    header = ['class', *(['run'] if several else []), 'images', 'with mask']
    return Table([*header, *ON_PAGE], rows, labels=1 + several)


def group_table(
    runs: Mapping[str, Cases],
    key: str,
    patients: Mapping[str, Sequence[str] | None],
) -> Table:
    """Dice per image of each value of a column, with that of each class."""
    several = len(runs) > 1
    values = sorted(
        {cell for cases in runs.values() for cell in cases.meta.get(key, [])},
        key=_natural,
    )
    labels = _rows(next(iter(runs.values())))
    labels = labels[1:] if len(labels) == 2 else labels
    rows = []
    for value in values:
        for run, cases in runs.items():
            cells = cases.meta.get(key, [''] * len(cases.ids))
            chosen = [k for k, cell in enumerate(cells) if cell == value]
            if not chosen:
                continue
            groups = patients[run]
            some = groups and [groups[k] for k in chosen]
            scores = (
                score_of(
                    cases.some(chosen), 'dice_per_image', label, patients=some
                ).text()
                for label in labels
            )
            row = [value or '–', *([run] if several else [])]
            rows.append([*row, f'{len(chosen):,}', *scores])
    header = [key, *(['run'] if several else []), 'images']
    names = [label or _ALL for label in labels]
    return Table([*header, *names], rows, labels=1 + several)


def comparison_table(
    runs: Mapping[str, Cases], patients: Sequence[str] | None
) -> Table:
    """Both scores, and their difference on the same images.

    Args:
        runs: The same images in the same order of two runs.
        patients: One label per image, or None.
    """
    before, after = runs.values()
    rows = []
    labels = _rows(before)
    for label in labels[1:] if len(labels) == 2 else labels:
        for name in ON_PAGE:
            terms = [
                _value(cases, name, *_terms(cases, name, label))
                for cases in (before, after)
            ]
            gain = difference(before, after, name, label, patients=patients)
            sure = gain.low > 0 or gain.high < 0
            said = 'excludes 0' if sure else 'includes 0'
            said = '–' if np.isnan(gain.low) else said
            rows.append(
                [
                    label or _ALL,
                    name,
                    *('–' if np.isnan(v) else f'{v:.4f}' for v in terms),
                    gain.text('+'),
                    said,
                ]
            )
    header = ['class', 'score', *runs, 'difference', 'its interval']
    return Table(header, rows, labels=2)


def confusion_table(cases: Cases) -> Table:
    """Pixels and images of each class against the rest."""
    rows = []
    for k, label in enumerate(cases.labels):
        of_class = cases.counts[:, k]
        pixels = of_class.sum(0).tolist()
        images = presence(of_class).sum(0).tolist()
        rows.append([label, *(f'{n:,}' for n in (*pixels, *images))])
    names = ('hits', 'false positives', 'misses', 'true negatives')
    header = [f'{name}: {of}' for of in ('pixels', 'images') for name in names]
    return Table(['class', *header], rows)


def _is_alone(cases: Cases, patients: Sequence[str] | None) -> bool:
    """Whether there is a single image or patient: it has no interval."""
    return len(set(patients or cases.ids)) < 2


def _rows(cases: Cases) -> list[str | None]:
    return [None, *cases.labels]


def _place(cases: Cases, label: str) -> int:
    return cases.labels.index(label)


def _terms(
    cases: Cases, name: str, label: str | None
) -> tuple[np.ndarray, np.ndarray]:
    parts, wholes = cases.terms(name)
    if label is None:
        return parts, wholes
    k = _place(cases, label)
    return parts[:, [k]], wholes[:, [k]]


def _value(
    cases: Cases, name: str, parts: np.ndarray, wholes: np.ndarray
) -> float:
    """The score of the metric: a mean over classes of what is defined."""
    part, whole = parts.sum(0), wholes.sum(0)
    nothing = cases.empty if name.endswith('pooled') else np.nan
    values = np.where(whole > 0, part / np.maximum(whole, 1), nothing)
    return float(nan_mean(values))


def _natural(text: str) -> tuple[int, float, str]:
    """Numbers by their value, before other texts."""
    try:
        return 0, float(text), text
    except ValueError:
        return 1, 0.0, text
