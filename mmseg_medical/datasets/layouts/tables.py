"""Images that a table names."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from mmseg_medical.converters.table import TableError, read_table
from mmseg_medical.datasets.checks.groups import GROUPS
from mmseg_medical.datasets.layouts.layout import Layout
from mmseg_medical.datasets.layouts.names import MASKS, part_of
from mmseg_medical.datasets.layouts.tree import Tree

_LOOKED_AT = 50  # rows
_RUNS = ('rle', 'encod', 'segmentation')
_MASKS = ('mask', 'label', 'seg')
_CLASSES = ('class', 'class_name', 'label', 'category')


class Place(NamedTuple):
    """Where the files are that the cells of a column name.

    Attributes:
        folder: Before the text of a cell.
        suffix: After it.
    """

    folder: str
    suffix: str


def table(tree: Tree) -> Iterator[Layout]:
    """A table of images by path or name, with masks or run lengths."""
    paths: dict[str, list[str]] = defaultdict(list)
    for path in tree.images():
        for key in {PurePosixPath(path).name, PurePosixPath(path).stem}:
            paths[key].append(path)
    for name in tree.match('*.csv'):
        try:
            rows = read_table(tree.root / name, ())
        except (OSError, TableError):
            continue
        options = _options(paths, rows) if rows else None
        if options:
            classes = options.get('metainfo')
            blank = dict(metainfo=dict(classes=('background', 'foreground')))
            config = dict(type='TableDataset', ann_file=name) | blank
            what = 'masks' if 'mask' in options else 'run lengths'
            yield Layout(
                'table',
                'Table of images',
                f'{name} names images and {what}',
                {part_of(name): config | options},
                named=classes is not None,
            )


def _options(
    paths: Mapping[str, Sequence[str]], rows: Sequence[Mapping[str, str]]
) -> dict[str, Any] | None:
    """Arguments of TableDataset: which column is what; None of no images.

    Args:
        paths: Paths of images by their names, with and without suffix.
        rows: All rows of a table.
    """
    columns = list(rows[0])
    texts = {c: [row[c] for row in rows[:_LOOKED_AT]] for c in columns}
    named = {
        column: place
        for column in columns
        if (place := _place(paths, texts[column], bool(_like(column, _MASKS))))
    }
    runs = next((c for c in columns if _like(c, _RUNS)), None)
    mask = next((c for c in [*named][::-1] if _like(c, _MASKS)), None)
    # Numbers may be names of images by chance, names of files are none.
    files = [c for c, place in named.items() if not place.suffix]
    mask = mask or (files[1] if len(files) > 1 else None)
    image = next((c for c in named if c != mask), None)
    if image is None or not (mask or runs):
        return None
    folders, suffix = dict(img_path=named[image].folder), named[image].suffix
    options: dict[str, Any] = dict(image=image, img_suffix=suffix)
    if mask:
        folders['seg_map_path'] = named[mask].folder
        options |= dict(mask=mask, seg_map_suffix=named[mask].suffix)
    else:
        options |= dict(rle=runs, **_classes(rows))
    options['data_prefix'] = folders if any(folders.values()) else None
    options['group'] = next((c for c in GROUPS if c in columns), None)
    return {key: value for key, value in options.items() if value}


def _place(
    paths: Mapping[str, Sequence[str]], texts: Sequence[str], mask: bool
) -> Place | None:
    """Where the files of most cells are; of several places one of masks."""
    found: Counter[Place] = Counter()
    for text in texts:
        name = text.replace('\\', '/')
        for path in paths.get(PurePosixPath(name).name, ()):
            suffix = PurePosixPath(path).suffix
            for end in {'', suffix}:
                whole = path.removesuffix(end)
                if f'/{whole}'.endswith(f'/{name}'):
                    folder = whole.removesuffix(name).rstrip('/')
                    found[Place(folder, end)] += 1
    fitting = [place for place, n in found.items() if 2 * n > len(texts)]
    return max(
        fitting,
        key=lambda p: (bool(MASKS.search(p.folder)) == mask, found[p]),
        default=None,
    )


def _classes(rows: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """The column of classes and their names, if there is one."""
    label = next((c for c in _CLASSES if c in rows[0]), None)
    if label is None:
        return {}
    names = sorted({row[label] for row in rows} - {''})
    return dict(label=label, metainfo=dict(classes=tuple(names)))


def _like(column: str, words: Sequence[str]) -> bool:
    """Whether the name of a column holds one of these words."""
    return any(word in column.lower() for word in words)
