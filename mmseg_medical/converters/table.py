"""CSV tables as owners publish them, read strictly."""

import csv
import itertools
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from mmseg_medical._files import replacing
from mmseg_medical.errors import InputError

PathLike = str | os.PathLike[str]


class TableError(InputError):
    """A CSV file that is not what its owner publishes."""


def read_table(
    path: PathLike, columns: Sequence[str], *, key: str | None = None
) -> list[dict[str, str]]:
    """Read all rows of a CSV file.

    A byte order mark and blanks around the names in the header are accepted;
    both occur in published files.

    Args:
        path: CSV file with a header, UTF-8.
        columns: Names of columns that must be there; others are read too.
        key: Column whose values must not repeat.

    Returns:
        One dict per row, values as text with the blanks around them removed.

    Raises:
        FileNotFoundError: If there is no such file.
        TableError: If a column is missing or named twice, a row has more or
            fewer cells than the header, a quotation mark is out of place, or
            a key is blank, repeated or of two lines; the message names file
            and line.
    """
    seen: dict[str, int] = {}
    rows = []
    for line, row in iter_table(path, columns):
        rows.append(row)
        if key is None:
            continue
        value = row[key]
        if not value or value in seen or '\n' in value:
            first = f', as on line {seen[value]}' if value in seen else ''
            raise TableError(
                f'{path} line {line}: {key} is {value!r}{first}; every row '
                f'needs its own {key}'
            )
        seen[value] = line
    return rows


def iter_table(
    path: PathLike,
    columns: Sequence[str],
    *,
    bare: Sequence[str] | None = None,
    wrong: Callable[[TableError], None] | None = None,
) -> Iterator[tuple[int, dict[str, str]]]:
    """Read the rows of a CSV file one after another.

    Args:
        path: As in :func:`read_table`, and so are the errors.
        columns: Names of columns that must be there.
        bare: Columns of a file that has no header: one whose first line has
            as many cells, and none of these names.
        wrong: Takes the error of a row that has more or fewer cells than the
            header; None raises it.

    Yields:
        Number of the line on which the row ends, and its dict.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(
            f'{path} does not exist; check data_root and ann_file'
        )
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))  # masks are long
    with path.open(newline='', encoding='utf-8-sig') as file:
        reader = csv.reader(file, strict=True)
        try:
            first = next(reader, [])
            header = [name.strip() for name in first]
            rows: Iterable[list[str]] = reader
            if bare and len(header) == len(bare) and not {*header} & {*bare}:
                header, rows = list(bare), itertools.chain([first], reader)
            _check_header(path, header, columns)
            for cells in rows:
                if not cells:  # a blank line at the end
                    continue
                line = reader.line_num
                try:
                    row = _row(f'{path} line {line}', header, cells)
                except TableError as error:
                    if wrong is None:
                        raise
                    wrong(error)
                else:
                    yield line, row
        except UnicodeDecodeError as error:
            raise TableError(
                f'{path} is no UTF-8 text ({error}); save it as CSV UTF-8'
            ) from None
        except csv.Error as error:
            raise TableError(
                f'{path} line {reader.line_num}: {error}; a quotation mark is '
                'left open or out of place'
            ) from None


def _row(where: str, header: list[str], cells: list[str]) -> dict[str, str]:
    if len(cells) != len(header):
        raise TableError(
            f'{where}: {len(cells)} cells, the header has {len(header)} '
            f'({", ".join(header)}); was it cut or edited?'
        )
    return dict(zip(header, map(str.strip, cells), strict=True))


def _check_header(
    path: Path, header: list[str], columns: Iterable[str]
) -> None:
    missing = [name for name in columns if name not in header]
    if missing:
        raise TableError(
            f'{path} has no column {", ".join(map(repr, missing))}; its first '
            f'line is {", ".join(map(repr, header))[:200] or "empty"}'
        )
    twice = {name for name in header if header.count(name) > 1}
    if twice:
        raise TableError(f'{path} has two columns named {sorted(twice)}')


def write_table(
    path: PathLike, columns: Sequence[str], rows: Iterable[Sequence[object]]
) -> int:
    """Write a CSV file, whole or not at all.

    Args:
        path: File to write.
        columns: Names in the header.
        rows: Cells, in the order of the columns; may be a generator.

    Returns:
        Number of rows written.

    Raises:
        OSError: If the file cannot be written; an old one stays as it was.
    """
    count = 0
    with (
        replacing(path) as temporary,
        temporary.open('w', newline='', encoding='utf-8') as file,
    ):
        writer = csv.writer(file, lineterminator='\n')
        writer.writerow(columns)
        for row in rows:
            writer.writerow(row)
            count += 1
    return count
