"""COCO's run lengths: background and foreground in turn, and their size.

Source: maskApi.h of the COCO API.
"""

from typing import Any

import numpy as np

from mmseg_medical.converters._rle_text import (
    compress_counts,
    decompress_counts,
)
from mmseg_medical.converters.runs import IntArray, Runs


def dump_counts(
    starts: IntArray,
    ends: IntArray,
    shape: tuple[int, int],
    *,
    compressed: bool,
) -> dict[str, Any]:
    """Write merged runs down the columns; see :func:`load_counts`."""
    edges = np.stack([starts, ends], 1).reshape(-1)
    counts = np.diff(edges, prepend=0, append=shape[0] * shape[1])
    if counts.size > 1 and counts[-1] == 0:  # foreground to the end
        counts = counts[:-1]
    text = compress_counts(counts) if compressed else counts.tolist()
    return dict(size=list(shape), counts=text)


def load_counts(rle: Any, shape: tuple[int, int] | None) -> Runs:
    """Read the runs of a mask.

    Args:
        rle: dict of ``size`` [height, width] and ``counts``: a list of
            integers, or their compressed text.
        shape: (height, width) of the image in pixels; None takes ``size``.

    Raises:
        ValueError: If it is no such dict, its size is not that of the image,
            or its counts are broken or do not add up to it.
    """
    if not isinstance(rle, dict) or not {'size', 'counts'} <= set(rle):
        raise ValueError(
            'expected a COCO dict(size=[height, width], counts=…), got '
            f'{type(rle).__name__}'
        )
    height, width = _integers(rle['size'], 'size', 2).tolist()
    if shape is not None and (height, width) != tuple(shape):
        raise ValueError(
            f'COCO size {(height, width)} differs from the image '
            f'{tuple(shape)} (height, width)'
        )
    counts = rle['counts']
    if isinstance(counts, bytes):
        counts = counts.decode('ascii')
    if isinstance(counts, str):
        counts = decompress_counts(counts)
    counts = _integers(counts, 'counts')
    if (counts < 0).any():
        raise ValueError(f'COCO count {np.argmin(counts) + 1} is negative')
    edges = np.cumsum(counts)
    beyond = (edges < 0) | (edges > height * width)  # also past 64 bits
    if beyond.any() or counts.sum() != height * width:
        raise ValueError(
            f'COCO counts add up to {sum(counts.tolist())} pixels, the size '
            f'{(height, width)} has {height * width}'
        )
    starts, ends = edges[:-1:2], edges[1::2]
    filled = starts < ends  # other writers leave runs of no pixel
    return Runs(starts[filled], ends[filled], (height, width), 'F')


def _integers(values: Any, name: str, count: int | None = None) -> IntArray:
    """Whole numbers of a list, ``count`` of them."""
    found = np.asarray(values)
    whole = found.dtype.kind in 'iu' or found.size == 0
    if not whole or found.ndim != 1 or count not in (None, found.size):
        kind = '[height, width]' if count else 'a list of integers, or text'
        raise ValueError(f'COCO {name} is {kind}, got {str(values)[:40]}')
    return found.astype(np.int64)
