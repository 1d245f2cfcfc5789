"""Images that a table names."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from mmseg_medical.converters.table import TableError, iter_table
from mmseg_medical.datasets.layouts.folders import part_of
from mmseg_medical.datasets.layouts.layout import Layout
from mmseg_medical.datasets.layouts.tree import Tree

_LOOKED_AT = 50  # rows
_RUNS = ('rle', 'encod', 'segmentation')
_MASKS = ('mask', 'label', 'seg')


def table(tree: Tree) -> Iterator[Layout]:
    """A table of image paths, with mask paths or run lengths."""
    for name in tree.match('*.csv'):
        try:
            rows = iter_table(tree.root / name, ())
            options = _columns(tree, [r for _, r in islice(rows, _LOOKED_AT)])
        except (OSError, TableError):
            continue
        if options is None:
            continue
        config = dict(
            type='TableDataset',
            ann_file=name,
            metainfo=dict(classes=('background', 'foreground')),
            **options,
        )
        yield Layout(
            'table',
            'Table of images',
            f'{name} names images and '
            + ('run lengths' if 'rle' in options else 'masks'),
            {part_of(name): config},
            named=False,
        )


def _columns(
    tree: Tree, rows: Sequence[Mapping[str, str]]
) -> dict[str, Any] | None:
    """Arguments of TableDataset: which column is what."""
    there = set(tree.images())
    columns = list(rows[0]) if rows else []
    paths = [
        column
        for column in columns
        if all(row[column].replace('\\', '/') in there for row in rows)
    ]
    if len(paths) >= 2:
        mask = _first(paths, _MASKS) or paths[1]
        image = next(column for column in paths if column != mask)
        return dict(image=image, mask=mask)
    runs = _first(columns, _RUNS)
    if paths and runs:
        return dict(image=paths[0], rle=runs)
    return None


def _first(columns: Sequence[str], words: Sequence[str]) -> str | None:
    """The first column whose name holds one of these words."""
    found = (c for c in columns if any(word in c.lower() for word in words))
    return next(found, None)
