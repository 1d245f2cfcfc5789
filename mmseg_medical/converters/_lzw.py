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


def is_lzw(data: bytes) -> bool:
    """Whether codes begin with the highest bit, as all but old writers do."""
    return data[:1] == b'\x80'


def _window_numpy(
    src: Bytes,
    to: NDArray[Any],
    top: int,
    left: int,
    columns: int,
    differences: bool,
) -> bool:
    height, width, samples = to.shape
    size = (top + height) * columns * samples
    try:
        flat = imagecodecs.lzw_decode(src.tobytes())
    except imagecodecs.ImcdError:
        return False
    if len(flat) < size:
        return False
    part = np.frombuffer(flat, np.uint8, size).reshape(-1, columns, samples)
    part = part[top:, : left + width]
    if differences:
        part = imagecodecs.delta_decode(np.ascontiguousarray(part), axis=-2)
    to[:] = part[:, left:]
    return True


@compiled(_window_numpy)
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
    line = columns * samples
    # Entry k of the table is a string of the output itself. Literals stand
    # before it, and eight bytes are copied where fewer are meant.
    before = 256
    stop = before + (top + height) * line
    size = src.size
    if stop > before + 4096 * size:  # no code stands for more
        return False
    out = np.empty(stop + 4096 + 8, np.uint8)
    start = np.empty(4098, np.int32)
    length = np.empty(4098, np.int32)
    for k in range(256):
        out[k] = k
        start[k] = k
        length[k] = 1
    at, pos, bits, limit = 0, before, 9, 511
    entry, previous, before_length = 257, 0, 0
    while pos < stop:
        if at + bits > 8 * size:
            return False
        j = at >> 3
        word = np.int32(src[j]) << 16
        if j + 1 < size:
            word |= np.int32(src[j + 1]) << 8
        if j + 2 < size:
            word |= np.int32(src[j + 2])
        code = (word >> (24 - (at & 7) - bits)) & ((1 << bits) - 1)
        at += bits
        if code == 256:  # begin a new table
            bits, limit, entry, before_length = 9, 511, 257, 0
            continue
        start[entry] = previous
        length[entry] = before_length + 1
        if code == 257 or code > entry:  # the end, or no code
            return False
        first, count = start[code], length[code]
        for k in range(8):
            out[pos + k] = out[first + k]
        for k in range(8, count):
            out[pos + k] = out[first + k]
        previous, before_length = pos, count
        pos += count
        entry += 1
        if entry >= limit:
            if bits < 12:
                bits += 1
                limit = (1 << bits) - 1
            elif entry > 4096:
                return False
    for r in range(height):
        row = before + (top + r) * line
        if not differences:
            for c in range(width):
                for s in range(samples):
                    to[r, c, s] = out[row + (left + c) * samples + s]
            continue
        for s in range(samples):
            value = np.uint8(0)
            for c in range(left):
                value += out[row + c * samples + s]
            for c in range(width):
                value += out[row + (left + c) * samples + s]
                to[r, c, s] = value
    return True
