"""Integers to text and back, as fast as the masks behind them are scanned."""

import re

import numpy as np
from numpy.typing import NDArray

from mmseg_medical._compiled import compiled

Bytes = NDArray[np.uint8]
IntArray = NDArray[np.int64]


def parse_integers(text: str) -> IntArray:
    """Read integers parted by white space.

    Raises:
        ValueError: If a word is no integer, or has more than 18 digits; the
            message names it and its place.
    """
    try:
        raw = np.frombuffer(text.encode('ascii'), np.uint8)
        numbers, count = _parse(raw)
    except UnicodeEncodeError:
        count = -1
    if count >= 0:
        return numbers[:count]
    for place, word in enumerate(text.split(), 1):
        if not re.fullmatch(r'-?[0-9]{1,18}', word):
            raise ValueError(
                f'expected integers parted by blanks, word {place} is '
                f'{word[:30]!r}'
            )
    raise AssertionError(text[:80])


def join_integers(numbers: IntArray) -> str:
    """Write integers >= 0 parted by one blank."""
    return str(memoryview(_join(numbers)), 'ascii')


def _parse_numpy(raw: Bytes) -> tuple[IntArray, int]:
    words = raw.tobytes().split()
    if not all(re.fullmatch(rb'-?[0-9]{1,18}', word) for word in words):
        return np.empty(0, np.int64), -1
    return np.array(words, dtype='S').astype(np.int64), len(words)


@compiled(_parse_numpy)
def _parse(raw: Bytes) -> tuple[IntArray, int]:
    """Integers of an ASCII text and their count, which is -1 on an error."""
    numbers = np.empty((raw.size + 1) // 2, np.int64)
    n = 0
    i = 0
    size = raw.size
    while True:
        while i < size and (raw[i] == 32 or 9 <= raw[i] <= 13):
            i += 1
        if i == size:
            return numbers, n
        negative = raw[i] == 45
        if negative:
            i += 1
        first = i
        value = np.int64(0)
        while i < size and 48 <= raw[i] <= 57:
            value = value * 10 + (np.int64(raw[i]) - 48)
            i += 1
        blank = i == size or raw[i] == 32 or 9 <= raw[i] <= 13
        if i == first or i - first > 18 or not blank:
            return numbers, -1
        numbers[n] = -value if negative else value
        n += 1


def _join_numpy(numbers: IntArray) -> Bytes:
    text = ' '.join(map(str, numbers.tolist()))
    return np.frombuffer(text.encode('ascii'), np.uint8)


@compiled(_join_numpy)
def _join(numbers: IntArray) -> Bytes:
    """Decimal digits of each number, from the last to the first."""
    out = np.empty(20 * numbers.size + 1, np.uint8)
    i = out.size
    for k in range(numbers.size - 1, -1, -1):
        value = np.uint64(numbers[k])
        while value >= 10:
            rest = value // np.uint64(10)
            i -= 1
            out[i] = 48 + (value - rest * np.uint64(10))
            value = rest
        out[i - 1] = 48 + value
        out[i - 2] = 32
        i -= 2
    return out[i + 1 :]


def compress_counts(counts: IntArray) -> str:
    """COCO's text of run lengths: differences in groups of five bits.

    Each count from the fourth on is written as its difference to the one two
    places before it, in groups of five bits from the lowest, with 0x20 where
    another group follows, plus 48 to make it printable.

    Source: maskApi.c of the COCO API, ``rleToString``.
    """
    return str(memoryview(_compress(counts)), 'ascii')


def _compress_numpy(counts: IntArray) -> Bytes:
    value = counts.astype(np.int64)
    value[3:] -= counts[1:-2]
    groups = np.ones(value.size, np.int64)
    rest = value >> 4  # the fifth bit is the sign of the last group
    while (more := (rest != 0) & (rest != -1)).any():
        groups += more
        rest = rest >> 5
    last = np.cumsum(groups) - 1
    place = np.arange(groups.sum()) - np.repeat(last - groups + 1, groups)
    code = (np.repeat(value, groups) >> (5 * place)) & 0x1F
    code |= 0x20
    code[last] &= 0x1F
    return (code + 48).astype(np.uint8)


@compiled(_compress_numpy)
def _compress(counts: IntArray) -> Bytes:
    """Groups of each difference, from the lowest bits."""
    out = np.empty(13 * counts.size, np.uint8)
    i = 0
    for k in range(counts.size):
        value = counts[k] - (counts[k - 2] if k > 2 else 0)
        more = True
        while more:
            code = value & 0x1F
            value >>= 5
            more = value != (-1 if code & 0x10 else 0)
            out[i] = 48 + code + (0x20 if more else 0)
            i += 1
    return out[:i]


def decompress_counts(text: str) -> IntArray:
    """Read COCO's text of run lengths; see :func:`compress_counts`.

    Raises:
        ValueError: If the text ends within a number or has characters that
            COCO does not use.
    """
    raw = np.frombuffer(text.encode(), np.uint8)
    counts, problem = _decompress(raw)
    if problem == 1:
        raise ValueError(
            'compressed COCO counts are broken: they end within a number or '
            'have characters outside of "0" to "o"'
        )
    if problem == 2:
        raise ValueError('compressed COCO counts hold a number over 60 bits')
    return counts


def _decompress_numpy(raw: Bytes) -> tuple[IntArray, int]:
    code = raw.astype(np.int64) - 48
    if not code.size:
        return code, 0
    if code.min() < 0 or code.max() > 63 or code[-1] & 0x20:
        return code, 1
    last = np.flatnonzero((code & 0x20) == 0)
    first = np.concatenate([[0], last[:-1] + 1])
    groups = last - first + 1
    if groups.max() > 12:
        return code, 2
    place = np.arange(code.size) - np.repeat(first, groups)
    value = np.add.reduceat((code & 0x1F) << (5 * place), first)
    negative = (code[last] & 0x10) != 0
    value -= np.where(negative, np.int64(1) << (5 * groups), 0)
    value[1::2] = np.cumsum(value[1::2])
    value[2::2] = np.cumsum(value[2::2])
    return value, 0


@compiled(_decompress_numpy)
def _decompress(raw: Bytes) -> tuple[IntArray, int]:
    """Counts, and what is wrong: 1 broken, 2 a number over 60 bits."""
    counts = np.empty(raw.size, np.int64)
    n = 0
    value = np.int64(0)
    shift = 0
    for k in range(raw.size):
        code = np.int64(raw[k]) - 48
        if code < 0 or code > 63:
            return counts, 1
        value |= (code & 0x1F) << shift
        shift += 5
        if code & 0x20:
            if shift == 60:
                return counts, 2
            continue
        if code & 0x10:
            value -= np.int64(1) << shift
        if n > 2:
            value += counts[n - 2]
        counts[n] = value
        n += 1
        value = np.int64(0)
        shift = 0
    return counts[:n], 0 if shift == 0 else 1
