"""Run lengths as pairs of integers: where a run begins, and how long it is."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmseg_medical.converters._rle_text import join_integers, parse_integers
from mmseg_medical.converters.runs import IntArray, Order, Runs, merge


def dump_pairs(starts: IntArray, ends: IntArray, *, relative: bool) -> str:
    """Write merged runs; see :func:`load_pairs`."""
    pairs = np.empty((starts.size, 2), np.int64)
    pairs[:, 0] = starts + 1
    if relative:
        pairs[:1, 0] = starts[:1]
        pairs[1:, 0] = starts[1:] - ends[:-1]
    pairs[:, 1] = ends - starts
    return join_integers(pairs.reshape(-1))


def load_pairs(
    text: str,
    shape: tuple[int, int],
    order: Order,
    *,
    relative: bool,
    repair: bool,
) -> tuple[Runs, list[str]]:
    """Read the runs of a mask.

    Args:
        text: Pairs of integers.
        shape: (height, width) of the image in pixels.
        order: Scan order of the runs.
        relative: Whether a run begins so many pixels after the end of the one
            before it; else it says its first pixel, counted from 1.
        repair: Mend what is not well-formed.

    Returns:
        The runs, and what was mended.

    Raises:
        ValueError: If the text is no list of integers, or not well-formed and
            not to be mended.
    """
    numbers = parse_integers(text)
    pairs = numbers[: numbers.size // 2 * 2].reshape(-1, 2)
    if relative:
        ends = np.cumsum(pairs.sum(1))
        starts = ends - pairs[:, 1]
    else:
        if (pairs[1:, 0] < pairs[:-1, 0]).any():  # some owners do not sort
            pairs = pairs[np.argsort(pairs[:, 0], kind='stable')]
        starts = pairs[:, 0] - 1
        ends = starts + pairs[:, 1]
    size = shape[0] * shape[1]
    well_formed = (
        numbers.size % 2 == 0
        and (starts[:1] >= 0).all()
        and (ends[-1:] <= size).all()
        and (starts < ends).all()
        and (ends[:-1] <= starts[1:]).all()
    )
    if well_formed:
        return Runs(starts, ends, shape, order), []
    changes = []
    for problem, cure in _problems(numbers, pairs, starts, ends, shape):
        if not repair:
            raise ValueError(f'{problem} (repair=True: {cure})')
        changes.append(f'{problem}: {cure}')
    return Runs(*_mend(starts, ends, size), shape, order), changes


def _problems(
    numbers: IntArray,
    pairs: IntArray,
    starts: IntArray,
    ends: IntArray,
    shape: tuple[int, int],
) -> Iterator[tuple[str, str]]:
    """What is wrong with runs, and what mends it."""
    if numbers.size % 2:
        odd = f'odd number of integers ({numbers.size})'
        yield f'{odd}: the last run has no length', 'last integer dropped'
    height, width = shape
    size = height * width
    checks: tuple[tuple[NDArray[Any], str, str], ...] = (
        (pairs[:, 1] <= 0, 'has a length below 1', 'dropped'),
        (
            (starts < 0) | (ends > size),
            f'leaves the image of {height} x {width} = {size} pixels (height '
            'x width); is the size right, and in this order?',
            'cut at the border',
        ),
        (
            np.append(False, starts[1:] < ends[:-1]),
            'begins within the run before',
            'merged',
        ),
    )
    for bad, problem, cure in checks:
        count = np.count_nonzero(bad)
        if count:
            k = int(np.argmax(bad))
            begin, length = pairs[k].tolist()
            more = f' and {count - 1} more' if count > 1 else ''
            run = f'run {k + 1} of {len(pairs)} ({begin} {length}){more}'
            yield f'{run} {problem}', cure


def _mend(
    starts: IntArray, ends: IntArray, size: int
) -> tuple[IntArray, IntArray]:
    """Cut runs at the border, drop empty ones, sort and merge the rest."""
    starts, ends = np.clip(starts, 0, size), np.clip(ends, 0, size)
    kept = np.flatnonzero(starts < ends)
    kept = kept[np.argsort(starts[kept], kind='stable')]
    return merge(starts[kept], ends[kept])
