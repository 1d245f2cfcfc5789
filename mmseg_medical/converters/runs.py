"""Foreground runs: what every RLE dialect writes, without its spelling."""

from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mmseg_medical.converters._run_scans import (
    IntArray,
    Mask,
    column_edges,
    flat_edges,
    paint_columns,
    repeat,
)
from mmseg_medical.converters.tiff import Region

Order = Literal['F', 'C']


class Runs(NamedTuple):
    """The foreground of one mask as runs in scan order.

    Attributes:
        starts: (n,) int64, flat index of the first pixel of each run.
        ends: (n,) int64, flat index after the last pixel of each run;
            ``ends[k] <= starts[k + 1]``.
        shape: (height, width) in pixels.
        order: ``'F'`` scans down the columns, ``'C'`` along the rows.
    """

    starts: IntArray
    ends: IntArray
    shape: tuple[int, int]
    order: Order

    @classmethod
    def from_mask(cls, mask: NDArray[Any], order: Order) -> 'Runs':
        """Find the runs of a mask.

        Args:
            mask: (H, W) bool or integer; every value but 0 is foreground.
            order: Scan order of the runs.

        Raises:
            ValueError: If ``mask`` is not 2-D, or holds floats.
        """
        if mask.ndim != 2 or mask.dtype.kind not in 'bui':
            raise ValueError(
                f'a mask is (H, W) of bool or integers, got shape '
                f'{mask.shape} of {mask.dtype}; threshold probabilities and '
                'select one class first'
            )
        if mask.dtype.itemsize > 1:
            mask = mask != 0
        h, w = mask.shape
        pixels = mask.view(np.uint8)
        # Scanning the columns of an array is scanning the rows of its
        # transpose, which costs nothing where the memory lies that way.
        if order == 'F' and not pixels.flags.c_contiguous:
            pixels, order_in_memory = np.ascontiguousarray(pixels.T), 'C'
        else:
            pixels, order_in_memory = np.ascontiguousarray(pixels), order
        if order_in_memory == 'F' and pixels.size:
            edges = column_edges(pixels)
        else:
            edges = flat_edges(pixels.reshape(-1))
        return cls(edges[::2], edges[1::2], (h, w), order)

    def to_mask(self) -> Mask:
        """Paint the runs: (H, W) uint8 of 0 and 1, C-contiguous."""
        if self.order == 'F' and self.starts.size:
            out = np.zeros(self.shape, np.uint8)
            paint_columns(out, self.starts, self.ends)
            return out
        return repeat(self.starts, self.ends, self.shape)

    def crop(self, top: int, left: int, height: int, width: int) -> 'Runs':
        """Keep what lies in a window, without painting the whole mask.

        Args:
            top: First row of the window, in pixels.
            left: First column of the window, in pixels.
            height: Number of rows.
            width: Number of columns.

        Raises:
            ValueError: If the window leaves the mask.
        """
        h, w = self.shape
        if not (
            0 <= top <= top + height <= h and 0 <= left <= left + width <= w
        ):
            raise ValueError(
                f'window (top {top}, left {left}, height {height}, width '
                f'{width}) leaves the mask of {h} x {w} pixels'
            )
        if self.order == 'F':
            line, first, count = h, left, width
            low, high = top, top + height
        else:
            line, first, count = w, top, height
            low, high = left, left + width
        starts, ends = _split_at_lines(self.starts, self.ends, line)
        at = starts // line
        inside = (at >= first) & (at < first + count)
        at = at[inside]
        begin = np.maximum(starts[inside] - at * line, low)
        stop = np.minimum(ends[inside] - at * line, high)
        kept = begin < stop
        base = (at[kept] - first) * (high - low) - low
        return Runs(
            begin[kept] + base, stop[kept] + base, (height, width), self.order
        )

    def place(self, top: int, left: int, shape: tuple[int, int]) -> 'Runs':
        """Put the mask into a larger one, the inverse of :meth:`crop`.

        Args:
            top: Row of its first pixel there, in pixels.
            left: Column of its first pixel there, in pixels.
            shape: (height, width) of the larger mask in pixels.

        Raises:
            ValueError: If it leaves the larger mask.
        """
        h, w = self.shape
        if not (0 <= top <= shape[0] - h and 0 <= left <= shape[1] - w):
            raise ValueError(
                f'a mask of {h} x {w} pixels at row {top}, column {left} '
                f'leaves one of {shape[0]} x {shape[1]} (height x width)'
            )
        if self.order == 'F':
            line, there, base = h, shape[0], left * shape[0] + top
        else:
            line, there, base = w, shape[1], top * shape[1] + left
        starts, ends = self.starts, self.ends
        if line != there:  # else runs may go on in the next line
            starts, ends = _split_at_lines(starts, ends, line)
        shift = starts // max(line, 1) * (there - line) + base
        return Runs(starts + shift, ends + shift, shape, self.order)

    def box(self) -> Region | None:
        """Smallest window that holds all runs; None where there are none."""
        if not self.starts.size:
            return None
        line = self.shape[0] if self.order == 'F' else self.shape[1]
        first, last = self.starts // line, (self.ends - 1) // line
        low, high = self.starts - first * line, self.ends - last * line
        if (first < last).any():  # a run that goes on in the next line
            begin, stop = 0, line
        else:
            begin, stop = int(low.min()), int(high.max())
        lines = int(first[0]), int(last[-1]) + 1 - int(first[0])
        if self.order == 'F':
            return Region(begin, lines[0], stop - begin, lines[1])
        return Region(lines[0], begin, lines[1], stop - begin)

    @property
    def area(self) -> int:
        """Number of foreground pixels."""
        return int((self.ends - self.starts).sum())


def merge(starts: IntArray, ends: IntArray) -> tuple[IntArray, IntArray]:
    """Join runs, sorted by their starts, that touch or overlap."""
    if not (starts[1:] <= ends[:-1]).any():
        return starts, ends
    ends = np.maximum.accumulate(ends)
    first = np.append(True, starts[1:] > ends[:-1])
    return starts[first], ends[np.append(first[1:], True)]


def _split_at_lines(
    starts: IntArray, ends: IntArray, line: int
) -> tuple[IntArray, IntArray]:
    """Cut runs that go on in the next column (row) at its beginning."""
    first = starts // line
    pieces = (ends - 1) // line - first + 1
    if (pieces == 1).all():
        return starts, ends
    offset = np.arange(pieces.sum()) - np.repeat(
        np.cumsum(pieces) - pieces, pieces
    )
    at = np.repeat(first, pieces) + offset
    return (
        np.maximum(np.repeat(starts, pieces), at * line),
        np.minimum(np.repeat(ends, pieces), (at + 1) * line),
    )
