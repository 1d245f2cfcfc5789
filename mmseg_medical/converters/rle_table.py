"""CSV tables of run-length encoded masks, as four competitions have them."""

import functools
import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from mmseg_medical.converters._rle_layouts import Layout, get_layout
from mmseg_medical.converters._rle_rows import Row, RowReader, rows_of
from mmseg_medical.converters._sources import refuse_twice
from mmseg_medical.converters.image_folder import (
    PathLike,
    Size,
    size_columns,
    size_lookup,
)
from mmseg_medical.converters.record import Record, Skipped
from mmseg_medical.converters.table import TableError, iter_table, write_table
from mmseg_medical.errors import InputError

_SIZE = ('img_height', 'img_width')
# What HuBMAP's table says of an image beside its mask.
_HUBMAP = frozenset(
    'organ data_source pixel_size tissue_thickness age sex'.split()
)


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
        layout: One of :data:`_rle_layouts.LAYOUTS`.
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
    plan = get_layout(layout)
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
    reader = RowReader(
        *(path, plan, column, label, objects, repair),
        size_of=size_lookup(sizes) if sizes is not None else None,
    )
    return _records(reader, Skipped() if skipped is None else skipped)


def _columns(path: PathLike, plan: Layout) -> tuple[list[str], str]:
    """All columns, and that of the masks; of a table without rows the first.

    Raises:
        TableError: If there is none.
    """
    columns = [c for c in (plan.key, plan.label) if c]
    table = iter_table(path, columns, bare=plan.bare, wrong=lambda _: None)
    _, row = next(table, (0, {}))
    found = [c for c in plan.masks if c in row]
    if row and not found:
        raise TableError(
            f'{path} has no column {" or ".join(map(repr, plan.masks))}; its '
            f'columns are {list(row)}'
        )
    return list(row), (found or plan.masks)[0]


def _records(reader: RowReader, skipped: Skipped) -> Iterator[Record]:
    plan = reader.plan
    columns = [c for c in (plan.key, reader.column, plan.label) if c]
    read = functools.partial(iter_table, reader.path, columns, bare=plan.bare)
    left = Counter(row[plan.key] for _, row in read(wrong=lambda _: None))
    open_rows: dict[str, list[Row]] = {}
    for line, row in read(wrong=skipped.add):
        name = row[plan.key]
        open_rows.setdefault(name, []).append((line, row))
        left[name] -= 1
        if left[name]:
            continue
        try:
            yield reader.record(name, open_rows.pop(name))
        except InputError as error:
            skipped.add(error)


def check_classes(layout: str, classes: Sequence[str] | None) -> None:
    """Refuse classes that a table cannot hold.

    Args:
        layout: One of :data:`_rle_layouts.LAYOUTS`.
        classes: As of :func:`write`.

    Raises:
        InputError: As of :func:`write`.
    """
    plan = get_layout(layout)
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
        layout: One of :data:`_rle_layouts.LAYOUTS`.
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
    plan = get_layout(layout)
    check_classes(layout, classes)
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
                found = list(
                    rows_of(
                        *(record, plan),
                        classes=classes,
                        objects=objects,
                        extra=extra,
                    )
                )
            except InputError as error:
                skipped.add(error)
                continue
            written.add(record.img_id)
            yield from found

    write_table(path, [*columns, plan.masks[0]], rows())
    return len(written)
