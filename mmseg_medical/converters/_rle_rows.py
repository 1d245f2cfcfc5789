"""The rows that say the masks of one image in a table of run lengths."""

import contextlib
import dataclasses
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from mmseg_medical.converters import rle
from mmseg_medical.converters._rle_layouts import Layout
from mmseg_medical.converters.image_folder import (
    PathLike,
    Size,
    size_columns,
    table_size,
)
from mmseg_medical.converters.label_map import index_of, runs_of, shape_of
from mmseg_medical.converters.record import Annotation, Record
from mmseg_medical.converters.runs import Runs
from mmseg_medical.converters.runs_geometry import nothing, union
from mmseg_medical.converters.table import TableError
from mmseg_medical.errors import InputError

Row = tuple[int, dict[str, str]]  # its line, and its cells by column


@dataclasses.dataclass(frozen=True)
class RowReader:
    """Makes a record of the rows of an image.

    Attributes:
        path: Table, for messages.
        plan: What rows stand for.
        column: Column of the run lengths.
        label: Class of a table that has no column for it.
        objects: Whether several rows of an image are several annotations.
        repair: Mend run lengths that are not well-formed.
        size_of: (height, width) of the image of an id; None where the rows
            say it.
    """

    path: PathLike
    plan: Layout
    column: str
    label: str
    objects: bool
    repair: bool
    size_of: Callable[[str], Size] | None

    def record(self, name: str, rows: Sequence[Row]) -> Record:
        """Read the rows of an image.

        Raises:
            TableError: If its id is blank, or rows contradict or repeat one
                another.
            RLEError: If a mask is not well-formed.
            InputError: If its size is not known.
        """
        if not name:
            raise TableError(
                f'{self.path} line {rows[0][0]}: {self.plan.key} is blank'
            )
        shape = self._shape(name, *rows[0])
        column = self.plan.label
        masks = [
            (line, row, self._runs(line, row, shape)) for line, row in rows
        ]
        self._check(name, masks)
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

    def _check(self, name: str, masks: Sequence[tuple[int, Any, Any]]) -> None:
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

    def _runs(self, line: int, row: dict[str, str], shape: Size) -> Runs:
        return rle.load(
            row[self.column],
            shape,
            self.plan.dialect,
            repair=self.repair,
            where=f'{self.path} line {line} {row[self.plan.key]}',
        )

    def _shape(self, name: str, line: int, row: dict[str, str]) -> Size:
        if self.size_of is not None:
            return self.size_of(name)
        return table_size(row, f'{self.path} line {line} {name}')


def rows_of(
    record: Record,
    plan: Layout,
    *,
    classes: Sequence[str] | None,
    objects: bool,
    extra: Sequence[str],
) -> Iterator[Sequence[object]]:
    """Cells of the rows of an image.

    Args:
        record: Image; it must say its size.
        plan: What rows stand for.
        classes: Classes that have a row, or may have one.
        objects: Whether several annotations are several rows.
        extra: Properties that have a column.

    Raises:
        InputError: If the table cannot say what the record does.
        RLEError: If the table cannot say that the image is empty.
    """
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
