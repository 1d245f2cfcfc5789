"""LZW of TIFF, as much of a strip or tile as a window needs.

Strips go across the whole image, so that most of what is decoded for a window
is thrown away; here what lies below it is not decoded, and differences are
added up for its rows and columns only.
"""

from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from mmseg_medical._compiled import compiled

Bytes = NDArray[np.uint8]

# Signed indices would be tested at every access, as they may be negative.
_U = np.uint64
_1, _2, _3, _4, _5, _6, _7, _8 = (np.uint64(k) for k in range(1, 9))
_RESET, _END, _FIRST, _ENTRIES = (np.uint64(k) for k in (256, 257, 257, 4096))
_LEAST, _MOST = np.uint64(9), np.uint64(12)  # bits of a code
_LONGEST = 4096  # bytes that a code can stand for


def is_lzw(data: bytes) -> bool:
    """Whether codes begin with the highest bit, as all but old writers do."""
    return data[:1] == b'\x80'


def window(
    src: Bytes,
    to: NDArray[Any],
    top: int,
    left: int,
    columns: int,
    differences: bool,
) -> bool:
    """Decode a window of a strip or tile of 8-bit samples.

    Args:
        src: (n,) uint8, the compressed bytes.
        to: (h, w, samples) uint8, takes the window.
        top: First row of the window within the strip or tile.
        left: First column of the window.
        columns: Width of the strip or tile in pixels.
        differences: Whether pixels are stored as differences to their left
            neighbours (TIFF's predictor 2).

    Returns:
        Whether the data were sound.
    """
    height, width, samples = to.shape
    size = (top + height) * columns * samples
    if size > _LONGEST * src.size:
        return False
    flat = decode(src, size)
    if flat.size < size:
        return False
    part = flat.reshape(-1, columns, samples)[top:]
    if differences:
        add_up(part, to, left)
    else:
        to[:] = part[:, left : left + width]
    return True


def _decode_numpy(src: Bytes, size: int) -> Bytes:
    try:
        flat = imagecodecs.lzw_decode(src.tobytes())
    except imagecodecs.ImcdError:
        return np.empty(0, np.uint8)
    return np.frombuffer(flat, np.uint8)[:size]


@compiled(_decode_numpy)
def decode(src: Bytes, size: int) -> Bytes:
    """Decode the first ``size`` bytes: fewer where the data are damaged.

    Args:
        src: (n,) uint8, the compressed bytes.
        size: Number of bytes.
    """
    # Entry k of the table is a string of the output itself. Literals stand
    # before it, and eight bytes are copied where fewer are meant.
    before = _U(256)
    stop = before + _U(size)
    end = _U(src.size)
    out = np.empty(stop + _ENTRIES + _8, np.uint8)
    start = np.empty(_ENTRIES + _2, np.uint32)
    length = np.empty(_ENTRIES + _2, np.uint32)
    for k in range(256):
        out[k] = start[k] = k
        length[k] = 1
    at, word, unread = _U(0), _U(0), _U(0)
    pos, previous, before_length = before, before, _U(0)
    bits, limit, entry = _LEAST, _U(511), _FIRST
    while pos < stop:
        while unread < bits:
            if at >= end:
                return out[:0]
            word = word << _8 | _U(src[at])
            unread += _8
            at += _1
        unread -= bits
        code = word >> unread & (_1 << bits) - _1
        if code == _RESET:
            bits, limit, entry = _LEAST, _U(511), _FIRST
            before_length = _U(0)
            continue
        start[entry] = previous
        length[entry] = before_length + _1
        if code == _END or code > entry:
            return out[:0]
        first, count = _U(start[code]), _U(length[code])
        # All are loaded before one is stored, so that it is one instruction.
        a, b, c = out[first], out[first + _1], out[first + _2]
        d, e, f = out[first + _3], out[first + _4], out[first + _5]
        g, h = out[first + _6], out[first + _7]
        out[pos], out[pos + _1], out[pos + _2] = a, b, c
        out[pos + _3], out[pos + _4], out[pos + _5] = d, e, f
        out[pos + _6], out[pos + _7] = g, h
        more = _8
        while more < count:
            out[pos + more] = out[first + more]
            more += _1
        if code == entry:  # a string that ends with its own first byte
            out[pos + count - _1] = out[first]
        previous, before_length = pos, count
        pos += count
        entry += _1
        if entry >= limit:
            if bits < _MOST:
                bits += _1
                limit = (_1 << bits) - _1
            elif entry > _ENTRIES:
                return out[:0]
    return out[before:stop]


def _add_up_numpy(part: Bytes, to: NDArray[Any], left: int) -> None:
    part = part[:, : left + to.shape[1]]
    whole = imagecodecs.delta_decode(np.ascontiguousarray(part), axis=-2)
    to[:] = whole[:, left:]


@compiled(_add_up_numpy)
def add_up(part: Bytes, to: NDArray[Any], left: int) -> None:
    """Add up differences to left neighbours.

    Args:
        part: (h, columns, samples) uint8 differences.
        to: (h, w, samples) uint8, takes the pixels from ``left`` on.
        left: First column of the window.
    """
    height, width, samples = to.shape
    for r in range(height):
        for s in range(samples):
            value = np.uint8(part[r, :left, s].sum())
            for c in range(width):
                value += part[r, left + c, s]
                to[r, c, s] = value
