"""CSV tables as owners publish them, read strictly."""

import csv
import os
import sys
from collections.abc import Iterable, Sequence
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
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(
            f'{path} does not exist; check data_root and ann_file'
        )
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))  # masks are long
    with path.open(newline='', encoding='utf-8-sig') as file:
        reader = csv.reader(file, strict=True)
        try:
            header = [name.strip() for name in next(reader, [])]
            _check_header(path, header, columns)
            rows = [
                (reader.line_num, [cell.strip() for cell in cells])
                for cells in reader
                if cells  # a blank line at the end
            ]
        except UnicodeDecodeError as error:
            raise TableError(
                f'{path} is no UTF-8 text ({error}); save it as CSV UTF-8'
            ) from None
        except csv.Error as error:
            raise TableError(
                f'{path} line {reader.line_num}: {error}; a quotation mark is '
                'left open or out of place'
            ) from None
    seen: dict[str, int] = {}
    for line, cells in rows:
        if len(cells) != len(header):
            raise TableError(
                f'{path} line {line}: {len(cells)} cells, the header has '
                f'{len(header)} ({", ".join(header)}); was it cut or edited?'
            )
        if key is None:
            continue
        value = cells[header.index(key)]
        if not value or value in seen or '\n' in value:
            first = f', as on line {seen[value]}' if value in seen else ''
            raise TableError(
                f'{path} line {line}: {key} is {value!r}{first}; every row '
                f'needs its own {key}'
            )
        seen[value] = line
    return [dict(zip(header, cells, strict=True)) for _, cells in rows]


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
