"""Slices of records put together to volumes, in order and without gaps."""

import itertools
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from mmseg_medical._files import new_folder
from mmseg_medical.converters.image_folder import PathLike
from mmseg_medical.converters.record import Record, Skipped
from mmseg_medical.errors import InputError

_NUMBERED = re.compile(r'(.+?)(?:_slice)?[_/-](\d+)')


class Slice(NamedTuple):
    """One slice of a volume.

    Attributes:
        volume: Name of the volume.
        number: Number of the slice; the first may be any.
        record: Its annotations.
    """

    volume: str
    number: int
    record: Record


def slice_of(record: Record) -> Slice:
    """Find out which slice of which volume a record is.

    Taken from ``volume`` and ``slice_index`` of its properties, or from an
    id as ``case1_day0_slice_0007``, ``case1/7`` or ``case1_7``.

    Raises:
        InputError: If neither says so.
    """
    known = record.properties
    if 'volume' in known and 'slice_index' in known:
        return Slice(str(known['volume']), int(known['slice_index']), record)
    match = _NUMBERED.fullmatch(record.img_id)
    if not match:
        raise InputError(
            f'{record.img_id}: expected the id of a slice, as '
            'case1_slice_0007, to put slices together to a volume'
        )
    return Slice(match[1], int(match[2]), record)


def volumes(
    records: Iterable[Record], skipped: Skipped
) -> Iterator[tuple[str, list[Record]]]:
    """Put slices together; those of a volume stand together.

    Args:
        records: Slices in any order within their volume.
        skipped: Where errors go.

    Yields:
        Name and slices in the order of their numbers.

    Raises:
        InputError: If slices of a volume do not stand together, a number is
            missing or there twice, or their sizes differ.
    """
    done: set[str] = set()
    name, slices = '', list[Slice]()
    for record in records:
        try:
            part = slice_of(record)
        except InputError as error:
            skipped.add(error)
            continue
        if slices and part.volume != name:
            done.add(name)
            yield from _whole(name, slices, skipped)
            slices = []
        if part.volume in done:
            raise InputError(
                f'{record.img_id}: other volumes came between the slices of '
                f'{part.volume!r}; sort the images by their ids'
            )
        name = part.volume
        slices.append(part)
    if slices:
        yield from _whole(name, slices, skipped)


def write_volumes(
    records: Iterable[Record],
    path: PathLike,
    *,
    write_one: Callable[[Path, str, list[Record]], None],
    skipped: Skipped | None,
) -> int:
    """Write volumes one by one into a new folder.

    Args:
        records: Slices; those of a volume stand together.
        path: Folder to make; empty or not there.
        write_one: Writes a volume: the folder, its name, its slices in order.
        skipped: Where errors go; None raises the first one.

    Returns:
        Number of slices written.

    Raises:
        InputError: If the folder exists, and as :func:`volumes`.
    """
    skipped = Skipped() if skipped is None else skipped
    count = 0
    with new_folder(path) as folder:
        for name, slices in volumes(records, skipped):
            try:
                write_one(folder, name, slices)
            except InputError as error:
                skipped.add(error)
            else:
                count += len(slices)
    return count


def _whole(
    name: str, slices: list[Slice], skipped: Skipped
) -> Iterator[tuple[str, list[Record]]]:
    slices = sorted(slices, key=lambda s: s.number)
    numbers = [s.number for s in slices]
    shapes = {s.record.shape for s in slices}
    wrong = [
        after
        for before, after in itertools.pairwise(numbers)
        if after != before + 1
    ]
    if not wrong and len(shapes) == 1:
        yield name, [s.record for s in slices]
    elif wrong:
        skipped.add(
            InputError(
                f'volume {name!r}: slice {wrong[0]} does not follow the one '
                f'before it, of {len(numbers)} slices {numbers[0]} to '
                f'{numbers[-1]}; a volume has each number once'
            )
        )
    else:
        skipped.add(
            InputError(
                f'volume {name!r}: its slices have several sizes '
                f'{sorted(map(str, shapes))} (height, width)'
            )
        )
