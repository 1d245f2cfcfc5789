"""A page of runs as one HTML file, and small pictures of many cases beside."""

import dataclasses
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from mmseg_medical.visualization import overlay
from mmseg_medical.visualization._page import render


@dataclasses.dataclass(frozen=True)
class Table:
    """A table of a page.

    Attributes:
        header: Names of the columns.
        rows: Cells of each row.
        labels: Number of columns, from the left, that name a row.
        shades: Strength of the colour of each cell that is no label, 0 to 1;
            () for none.
        caption: What is said above it.
        texts: Whether cells are texts, which begin on the left.
    """

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    labels: int = 1
    shades: Sequence[Sequence[float]] = ()
    caption: str = ''
    texts: bool = False


class Shown(NamedTuple):
    """A case with its pictures, those of several runs side by side.

    Attributes:
        name: Its id.
        caption: What is said of it.
        pictures: Addresses by the text below each, '' for a single one.
    """

    name: str
    caption: str
    pictures: Mapping[str, str]


@dataclasses.dataclass(frozen=True)
class Section:
    """A part of a page.

    Attributes:
        title: Its heading.
        notes: Sentences below it.
        figure: An SVG, or ''.
        tables: Tables.
        galleries: Cases by heading.
        missing: What is not there, and the command that makes it.
    """

    title: str
    notes: Sequence[str] = ()
    figure: str = ''
    tables: Sequence[Table] = ()
    galleries: Mapping[str, Sequence[Shown]] = dataclasses.field(
        default_factory=dict
    )
    missing: str = ''


@dataclasses.dataclass(frozen=True)
class CaseList:
    """All cases of a page, which a reader sorts, filters and turns over.

    Attributes:
        header: Names of the columns; the first is the id.
        rows: Texts and numbers; None where there is none.
        sort: Number of the column that the list is sorted by at first, from
            small to large.
        pictures: Address of a small picture of each case, '' where there is
            none; () for none at all.
        note: What is said of them.
    """

    header: Sequence[str]
    rows: Sequence[Sequence[Any]]
    sort: int = 0
    pictures: Sequence[str] = ()
    note: str = ''


def write_report(
    path: str | os.PathLike[str],
    *,
    title: str,
    sections: Sequence[Section],
    summary: Mapping[str, str],
    cases: CaseList | None = None,
    note: str = '',
    foot: str = '',
) -> Path:
    """Write a page of runs, which asks no network for anything.

    Args:
        path: HTML file to write.
        title: Heading of the page.
        sections: Its parts in their order.
        summary: Figures that stand at the top, by what they are.
        cases: All cases, or None.
        note: A sentence below the heading.
        foot: A sentence at the end.

    Returns:
        ``path``.

    Raises:
        OSError: If the file cannot be written.
    """
    return render(
        'report.html.j2',
        path,
        title=title,
        note=note,
        summary=summary,
        sections=sections,
        cases=cases,
        data=cases and dataclasses.asdict(cases),
        foot=foot,
        legend={
            'hit': overlay.HIT,
            'false positive': overlay.FALSE_POSITIVE,
            'miss': overlay.MISS,
        },
    )
