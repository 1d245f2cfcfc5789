"""Masks scanned for runs and painted from them, each pixel looked at once."""

import numpy as np
from numpy.typing import NDArray

from mmseg_medical._compiled import compiled

IntArray = NDArray[np.int64]
Mask = NDArray[np.uint8]


def flat_edges(flat: Mask) -> IntArray:
    """Flat indices at which foreground begins and ends, alternating."""
    on = flat != 0
    edges = np.flatnonzero(on[1:] != on[:-1]) + 1
    begin = [0] if flat.size and on[0] else []
    end = [flat.size] if flat.size and on[-1] else []
    return np.concatenate([begin, edges, end]).astype(np.int64, copy=False)


def repeat(starts: IntArray, ends: IntArray, shape: tuple[int, int]) -> Mask:
    """Paint runs along the rows by repeating 0 and 1."""
    size = shape[0] * shape[1]
    lengths = np.diff(
        np.stack([starts, ends], 1).reshape(-1), prepend=0, append=size
    )
    value = np.zeros(lengths.size, np.uint8)
    value[1::2] = 1
    return np.repeat(value, lengths).reshape(shape)


def _column_edges_numpy(mask: Mask) -> IntArray:
    return flat_edges(np.ascontiguousarray(mask.T).reshape(-1))


@compiled(_column_edges_numpy)
def column_edges(mask: Mask) -> IntArray:
    """Edges in column order of a C-contiguous mask, without transposing it.

    Each row is compared with the row above, eight pixels at a time; the edges
    met row by row are then sorted by column, by counting.
    """
    height, width = mask.shape
    bit_of = np.empty(64, np.int64)  # de Bruijn: index of a lone bit
    de_bruijn = np.uint64(0x03F79D71B4CB0A89)
    for bit in range(64):
        lone = np.uint64(1) << np.uint64(bit)
        bit_of[(lone * de_bruijn) >> np.uint64(58)] = bit
    change = np.zeros((width + 7) // 8 * 8, np.uint8)
    words = change.view(np.uint64)
    found = np.empty((4096 + mask.size // 32, 2), np.int32)
    per_column = np.zeros(width + 1, np.int64)
    n = 0
    for r in range(height):
        row = mask[r]
        if r:
            above = mask[r - 1]
            for c in range(width):
                change[c] = row[c] ^ above[c]
        else:  # above the top of a column is the bottom of the one before
            bottom = mask[height - 1]
            change[0] = row[0]
            for c in range(1, width):
                change[c] = row[c] ^ bottom[c - 1]
        any_change = np.uint64(0)
        for k in range(words.size):
            any_change |= words[k]
        if any_change == 0:
            continue
        if n + width > found.shape[0]:
            grown = np.empty((2 * found.shape[0] + width, 2), np.int32)
            grown[:n] = found[:n]
            found = grown
        for k in range(words.size):
            word = words[k]
            while word:
                lone = word & (~word + np.uint64(1))
                byte = bit_of[(lone * de_bruijn) >> np.uint64(58)] >> 3
                word &= ~(np.uint64(0xFF) << np.uint64(8 * byte))
                c = 8 * k + byte
                # 1 and 2 differ and are both foreground: no edge.
                if (row[c] != 0) == ((row[c] ^ change[c]) != 0):
                    continue
                found[n, 0] = r
                found[n, 1] = c
                per_column[c + 1] += 1
                n += 1
    open_end = mask[height - 1, width - 1] != 0
    edges = np.empty(n + (1 if open_end else 0), np.int64)
    for c in range(width):
        per_column[c + 1] += per_column[c]
    for k in range(n):
        c = found[k, 1]
        edges[per_column[c]] = np.int64(c) * height + found[k, 0]
        per_column[c] += 1
    if open_end:
        edges[n] = np.int64(height) * width
    return edges


def _paint_columns_numpy(out: Mask, starts: IntArray, ends: IntArray) -> None:
    h, w = out.shape
    out[:] = repeat(starts, ends, (w, h)).T


@compiled(_paint_columns_numpy)
def paint_columns(out: Mask, starts: IntArray, ends: IntArray) -> None:
    """Paint column runs into a zeroed C-contiguous mask.

    Marks the pixels at which foreground begins or ends, then carries the
    state down the rows that need it.
    """
    height, width = out.shape
    open_runs = np.zeros(height + 1, np.int64)  # begun minus ended, per row
    for k in range(starts.size):
        c = starts[k] // height
        r = starts[k] - c * height
        stop = ends[k] - c * height
        while True:  # once per column that the run goes through
            out[r, c] ^= 1
            open_runs[r] += 1
            if stop < height:
                out[stop, c] ^= 1
                open_runs[stop] -= 1
            if stop <= height:
                break
            stop -= height
            c += 1
            r = 0
    for r in range(1, height):
        if open_runs[r - 1] > 0:
            above = out[r - 1]
            row = out[r]
            for c in range(width):
                row[c] ^= above[c]
        open_runs[r] += open_runs[r - 1]
