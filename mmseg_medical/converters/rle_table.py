"""CSV tables of run-length encoded masks, as four competitions have them."""

import contextlib
import dataclasses
import itertools
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from mmseg_medical.converters import rle
from mmseg_medical.converters._sources import refuse_twice
from mmseg_medical.converters.image_folder import (
    PathLike,
    Size,
    size_columns,
    size_lookup,
    table_size,
)
from mmseg_medical.converters.label_map import index_of, runs_of, shape_of
from mmseg_medical.converters.record import Annotation, Record, Skipped
from mmseg_medical.converters.runs import Runs
from mmseg_medical.converters.runs_geometry import nothing, union
from mmseg_medical.converters.table import TableError, iter_table, write_table
from mmseg_medical.errors import InputError

_SIZE = ('img_height', 'img_width')
# What HuBMAP's table says of an image beside its mask.
_HUBMAP = frozenset(
    'organ data_source pixel_size tissue_thickness age sex'.split()
)


@dataclasses.dataclass(frozen=True)
class Layout:
    """Columns of an owner's table and what its rows stand for.

    Attributes:
        key: Column of the image id.
        masks: Names of the column of run lengths; written as the first.
        dialect: Name of an :class:`RLEDialect`.
        label: Column of the class; None where the table has one class.
        rows: Rows of an image: ``'one'``, ``'classes'`` or ``'objects'``.
        sized: Whether the table is written with the sizes of images.
        shape: (height, width) of all images of the owner; None where they
            differ.
    """

    key: str
    masks: tuple[str, ...]
    dialect: str
    label: str | None = None
    rows: str = 'one'
    sized: bool = False
    shape: Size | None = None


LAYOUTS = {
    'hubmap': Layout(
        'id', ('rle', 'encoding', 'predicted'), 'kaggle', sized=True
    ),
    'uw_madison': Layout(
        *('id', ('segmentation', 'predicted'), 'kaggle_row', 'class'),
        rows='classes',
    ),
    'siim': Layout(
        *('ImageId', ('EncodedPixels',), 'siim'),
        rows='objects',
        shape=(1024, 1024),
    ),
    'dsb2018': Layout(
        'ImageId', ('EncodedPixels',), 'dsb2018', rows='objects'
    ),
}


def read(
    path: PathLike,
    *,
    layout: str,
    label: str = 'foreground',
    sizes: PathLike | Size | Mapping[str, Size] | None = None,
    img_dir: PathLike | None = None,
    objects: bool | None = None,
    repair: bool = False,
    skipped: Skipped | None = None,
) -> Iterator[Record]:
    """Read the images of a table, one after another.

    The file is read twice, first to count the rows of each image: their rows
    need not stand together, and only those of unfinished images are kept.

    Args:
        path: CSV file; a byte order mark, blanks around the cells and, for
            ``'siim'`` and ``'dsb2018'``, a missing header are accepted.
        layout: One of :data:`LAYOUTS`.
        label: Class of a table that has no column for it.
        sizes: (height, width) of all images, or a folder of images, or a
            table or mapping of ids; comes before the sizes of the table
            itself (see :func:`size_columns`).
        img_dir: Folder of images, for tables that do not say the sizes.
        objects: Whether several rows of an image are several annotations;
            False joins them. By default only those of ``'dsb2018'`` are.
        repair: Mend run lengths that are not well-formed, with a warning.
        skipped: Where errors go; strict by default.

    Yields:
        Records in the order in which their last rows come. Other columns are
        in ``properties``.

    Raises:
        FileNotFoundError: If there is no such file.
        TableError: If it is not the owner's table, repeats a row, or says
            that an image is empty and that it is not.
        RLEError: If a mask is not well-formed.
        InputError: If the layout is unknown, or a size.
    """
    if layout not in LAYOUTS:
        raise InputError(
            f'unknown layout {layout!r}: expected one of {list(LAYOUTS)}'
        )
    plan = LAYOUTS[layout]
    header, column = _columns(path, plan)
    told = size_columns(header) is not None
    if sizes is None and not told:
        sizes = plan.shape or img_dir
    if sizes is None and not told:
        raise InputError(
            f'{path}: a table of {layout!r} does not say how large images '
            'are; give the folder of the images (--images), or a table with '
            'id, height and width (--from-options sizes=FILE)'
        )
    if objects is None:
        objects = layout == 'dsb2018'
    reader = _Reader(
        *(path, plan, column, label, objects, repair),
        size_of=size_lookup(sizes) if sizes is not None else None,
    )
    return reader.records(Skipped() if skipped is None else skipped)


def _columns(path: PathLike, plan: Layout) -> tuple[list[str], str]:
    """All columns, and that of the masks; of a table without rows the first.

    Raises:
        TableError: If there is none.
    """
    columns = [c for c in (plan.key, plan.label) if c]
    _, row = next(iter_table(path, columns, bare=_bare(plan)), (0, {}))
    found = [c for c in plan.masks if c in row]
    if row and not found:
        raise TableError(
            f'{path} has no column {" or ".join(map(repr, plan.masks))}; its '
            f'columns are {list(row)}'
        )
    return list(row), (found or plan.masks)[0]


def _bare(plan: Layout) -> tuple[str, ...] | None:
    """Columns of a table that may lack its header."""
    return (plan.key, *plan.masks) if plan.rows == 'objects' else None


@dataclasses.dataclass(frozen=True)
class _Reader:
    path: PathLike
    plan: Layout
    column: str
    label: str
    objects: bool
    repair: bool
    size_of: Any

    def rows(self) -> Iterator[tuple[int, dict[str, str]]]:
        columns = [self.plan.key, self.column]
        if self.plan.label:
            columns.append(self.plan.label)
        return iter_table(self.path, columns, bare=_bare(self.plan))

    def records(self, skipped: Skipped) -> Iterator[Record]:
        left = Counter(row[self.plan.key] for _, row in self.rows())
        open_rows: dict[str, list[tuple[int, dict[str, str]]]] = {}
        for line, row in self.rows():
            name = row[self.plan.key]
            open_rows.setdefault(name, []).append((line, row))
            left[name] -= 1
            if left[name]:
                continue
            try:
                yield self.record(name, open_rows.pop(name))
            except InputError as error:
                skipped.add(error)

    def record(
        self, name: str, rows: list[tuple[int, dict[str, str]]]
    ) -> Record:
        if not name:
            raise TableError(
                f'{self.path} line {rows[0][0]}: {self.plan.key} is blank'
            )
        shape = self.shape(name, *rows[0])
        column = self.plan.label
        masks = [
            (line, row, self.runs(line, row, shape)) for line, row in rows
        ]
        self.check(name, masks)
        filled = [
            Annotation(row[column] if column else self.label, runs)
            for _, row, runs in masks
            if runs.starts.size
        ]
        if self.plan.rows == 'objects' and filled and not self.objects:
            joined = union(runs for _, _, runs in masks)
            filled = [Annotation(self.label, joined)]
        _, cells = rows[0]
        known = {
            self.plan.key,
            self.column,
            column,
            *(size_columns(cells) or ()),
        }
        properties: dict[str, Any] = {
            k: v for k, v in cells.items() if k not in known
        }
        with contextlib.suppress(KeyError, ValueError):
            properties['pixel_size'] = float(properties['pixel_size'])
        return Record(name, shape, tuple(filled), properties=properties)

    def check(self, name: str, masks: Sequence[tuple[int, Any, Any]]) -> None:
        """Refuse rows that contradict or repeat one another."""
        if self.plan.rows == 'objects':
            filled = [bool(runs.starts.size) for _, _, runs in masks]
            if any(filled) and not all(filled):
                raise TableError(
                    f'{self.path} line {masks[filled.index(False)][0]}: '
                    f'{name!r} is empty here and not on line '
                    f'{masks[filled.index(True)][0]}; delete one of the rows'
                )
            return
        seen: dict[str, int] = {}
        for line, row, _ in masks:
            label = row[self.plan.label] if self.plan.label else ''
            if label in seen:
                raise TableError(
                    f'{self.path} line {line}: {name!r} {label} stands on '
                    f'line {seen[label]} already; delete one of the rows'
                )
            seen[label] = line

    def runs(self, line: int, row: dict[str, str], shape: Size) -> Runs:
        return rle.load(
            row[self.column],
            shape,
            self.plan.dialect,
            repair=self.repair,
            where=f'{self.path} line {line} {row[self.plan.key]}',
        )

    def shape(self, name: str, line: int, row: dict[str, str]) -> Size:
        if self.size_of is not None:
            size: Size = self.size_of(name)
            return size
        return table_size(row, f'{self.path} line {line} {name}')


def write(
    records: Iterable[Record],
    path: PathLike,
    *,
    layout: str,
    classes: Sequence[str] | None = None,
    objects: bool = True,
    skipped: Skipped | None = None,
) -> int:
    """Write a table of masks, whole or not at all.

    Args:
        records: Images; each must say its size.
        path: CSV file to write.
        layout: One of :data:`LAYOUTS`.
        classes: Classes that have a row for each image; needed by
            ``'uw_madison'``. The other tables have one class.
        objects: One row for each annotation of ``'siim'``; False joins those
            of an image.
        skipped: Where errors go; strict by default.

    Returns:
        Number of images written.

    Raises:
        InputError: If the layout is unknown, ``classes`` is missing, a label
            is none of them, an image has several classes and the table one,
            its size is not that of the owner, or two images have one id.
        RLEError: If the table cannot say that an image is empty.
    """
    if layout not in LAYOUTS:
        raise InputError(
            f'unknown layout {layout!r}: expected one of {list(LAYOUTS)}'
        )
    plan = LAYOUTS[layout]
    if plan.rows == 'classes' and not classes:
        raise InputError(
            f'a table of {layout!r} has a row for every class of an image; '
            'say which they are (--classes)'
        )
    if plan.rows != 'classes' and classes is not None and len(classes) > 1:
        raise InputError(
            f'a table of {layout!r} has one class, got {list(classes)}; '
            'choose one (--classes NAME --only), or another format'
        )
    skipped = Skipped() if skipped is None else skipped
    records = iter(records)
    first = next(records, None)
    extra = sorted(_HUBMAP & {*first.properties}) if first else []
    columns = [plan.key, *([plan.label] if plan.label else [])]
    if plan.sized:
        columns += [*extra, *_SIZE]
    written: set[str] = set()

    def rows() -> Iterator[Sequence[object]]:
        for record in itertools.chain([first] if first else [], records):
            try:
                refuse_twice(record, written)
                found = list(_rows(record, plan, classes, objects, extra))
            except InputError as error:
                skipped.add(error)
                continue
            written.add(record.img_id)
            yield from found

    write_table(path, [*columns, plan.masks[0]], rows())
    return len(written)


def _rows(
    record: Record,
    plan: Layout,
    classes: Sequence[str] | None,
    objects: bool,
    extra: Sequence[str],
) -> Iterator[Sequence[object]]:
    """Rows of one image."""
    shape = shape_of(record)
    if plan.shape not in (None, shape):
        raise InputError(
            f'{record.img_id} has {shape} pixels (height, width), the images '
            f'of this table {plan.shape}, and it cannot say so'
        )
    labels = classes or sorted({a.label for a in record.annotations})
    if plan.rows != 'classes' and len(labels) > 1:
        raise InputError(
            f'{record.img_id} has the classes {list(labels)} and the table '
            'one; choose one (--classes NAME --only), or another format'
        )
    dialect = rle.RLEDialect(plan.dialect)
    masks: dict[str, list[Runs]] = {label: [] for label in labels}
    for annotation in record.annotations:
        index_of(record, annotation.label, classes=labels)
        runs = runs_of(record, annotation, order=dialect.order)
        masks[annotation.label].append(runs)

    def text(*parts: Runs) -> str:
        runs = union(parts) if parts else nothing(shape, dialect.order)
        try:
            return str(rle.dump(runs, dialect))
        except rle.RLEError as error:
            raise rle.RLEError(f'{record.img_id}: {error}') from None

    if plan.rows == 'classes':
        for label in labels:
            yield record.img_id, label, text(*masks[label])
        return
    together = [runs for parts in masks.values() for runs in parts]
    if plan.rows == 'objects' and objects and together:
        for runs in together:
            yield record.img_id, text(runs)
        return
    told = dict(record.properties)
    if record.pixel_size:  # of one number here, which keeps areas
        told['pixel_size'] = math.sqrt(math.prod(record.pixel_size))
    more = [told.get(column, '') for column in extra]
    yield record.img_id, *more, *shape * plan.sized, text(*together)
