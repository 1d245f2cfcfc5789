"""Read and write run-length encoded masks in the dialects of their owners.

================  ========  ==========  ========  =====  ======================
dialect           order     first pixel positions empty  used by
================  ========  ==========  ========  =====  ======================
``kaggle``        columns   1           absolute  blank  HuBMAP 2021 and 2022
``kaggle_row``    rows      1           absolute  blank  UW-Madison GI tract
``siim``          columns   0           gap       -1     SIIM-ACR pneumothorax
``dsb2018``       columns   1           absolute  none   Data Science Bowl 2018
``coco``          columns   –           counts    counts COCO, compressed text
``coco_counts``   columns   –           counts    counts COCO, list of integers
================  ========  ==========  ========  =====  ======================

``gap`` counts the background pixels since the end of the run before.
"""

import warnings
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmseg_medical.converters._rle_text import (
    compress_counts,
    decompress_counts,
    join_integers,
    parse_integers,
)
from mmseg_medical.converters.runs import (
    IntArray,
    Mask,
    Order,
    Runs,
    merge,
)
from mmseg_medical.errors import InputError, ToleratedWarning


class RLEDialect(StrEnum):
    """Spelling of a run-length encoded mask; see the table of this module."""

    KAGGLE = 'kaggle'
    KAGGLE_ROW = 'kaggle_row'
    SIIM = 'siim'
    DSB2018 = 'dsb2018'
    COCO = 'coco'
    COCO_COUNTS = 'coco_counts'

    @classmethod
    def _missing_(cls, value: object) -> 'RLEDialect':
        owners = {'hubmap': cls.KAGGLE, 'uw_madison': cls.KAGGLE_ROW}
        if value in owners:
            return owners[str(value)]
        raise ValueError(
            f'unknown RLE dialect {value!r}: expected one of '
            f'{[d.value for d in cls]}, or an owner of {list(owners)}'
        )

    @property
    def order(self) -> Order:
        """Scan order: ``'F'`` down the columns, ``'C'`` along the rows."""
        return 'C' if self is RLEDialect.KAGGLE_ROW else 'F'

    @property
    def is_coco(self) -> bool:
        """Whether the mask is a COCO ``dict(size=…, counts=…)``."""
        return self in (RLEDialect.COCO, RLEDialect.COCO_COUNTS)

    @property
    def empty(self) -> str | None:
        """Text of a mask without foreground; None where there is none."""
        return {'siim': '-1', 'dsb2018': None}.get(self.value, '')


class RLEError(InputError):
    """A run-length encoded mask that cannot be what its owner meant."""


class RLERepairWarning(ToleratedWarning):
    """Says what ``repair=True`` changed in a run-length encoded mask."""


def encode(mask: NDArray[Any], dialect: str) -> Any:
    """Write a mask in a dialect.

    Args:
        mask: (H, W) bool or integer; every value but 0 is foreground.
        dialect: Name of an :class:`RLEDialect`.

    Returns:
        str of the run-length encoding; for ``coco`` a dict of ``size``
        [height, width] and compressed ``counts`` (str), for ``coco_counts``
        the same with ``counts`` as list of int.

    Raises:
        ValueError: If the dialect is unknown or ``mask`` is not a mask.
        RLEError: If the mask is empty and the dialect cannot say so.

    Example:
        >>> import numpy as np
        >>> encode(np.array([[0, 1], [0, 1]]), 'kaggle')
        '3 2'
    """
    dialect = RLEDialect(dialect)
    return dump(Runs.from_mask(mask, dialect.order), dialect)


def decode(
    rle: Any,
    shape: tuple[int, int] | None,
    dialect: str,
    *,
    repair: bool = False,
    where: str = '',
) -> Mask:
    """Read a mask written in a dialect.

    Args:
        rle: What :func:`encode` returns; a blank cell (None, nan, '') where
            the dialect writes empty masks so.
        shape: (height, width) of the image in pixels; None takes the size
            from a COCO dict.
        dialect: Name of an :class:`RLEDialect`.
        repair: Mend what is not well-formed and say so in an
            :class:`RLERepairWarning` instead of raising.
        where: File and row, put before every message.

    Returns:
        (H, W) uint8 of 0 and 1, C-contiguous.

    Raises:
        ValueError: If the dialect is unknown.
        RLEError: If the text is no list of integers, their count is odd, a
            run is empty or negative, overlaps the run before it or leaves
            the image, or a COCO size differs from ``shape``.

    Example:
        >>> decode('3 2', (2, 2), 'kaggle')
        array([[0, 1],
               [0, 1]], dtype=uint8)
    """
    return load(rle, shape, dialect, repair=repair, where=where).to_mask()


def load(
    rle: Any,
    shape: tuple[int, int] | None,
    dialect: str,
    *,
    repair: bool = False,
    where: str = '',
) -> Runs:
    """Read the runs of a mask; arguments and errors as :func:`decode`."""
    dialect = RLEDialect(dialect)
    try:
        if dialect.is_coco:
            return _load_coco(rle, shape)
        if shape is None:
            raise ValueError(f'dialect {dialect.value!r} needs the shape')
        blank = rle is None or (isinstance(rle, float) and np.isnan(rle))
        text = '' if blank else rle
        if not isinstance(text, str):
            raise ValueError(
                f'expected text in dialect {dialect.value!r}, got '
                f'{type(rle).__name__}'
            )
        if text.strip() in ('', '-1'):
            return _load_empty(text.strip(), shape, dialect)
        return _load_pairs(text, shape, dialect, repair, where)
    except ValueError as error:
        raise RLEError(f'{where}: {error}' if where else str(error)) from None


def dump(runs: Runs, dialect: str) -> Any:
    """Write runs in a dialect; return and errors as :func:`encode`.

    Raises:
        ValueError: If the runs were scanned in the other order.
    """
    dialect = RLEDialect(dialect)
    if runs.order != dialect.order:
        raise ValueError(
            f'dialect {dialect.value!r} scans in order {dialect.order!r}, '
            f'the runs in {runs.order!r}'
        )
    starts, ends = merge(runs.starts, runs.ends)
    if dialect.is_coco:
        size = runs.shape[0] * runs.shape[1]
        edges = np.stack([starts, ends], 1).reshape(-1)
        counts = np.diff(edges, prepend=0, append=size)
        if counts.size > 1 and counts[-1] == 0:  # foreground to the end
            counts = counts[:-1]
        text = (
            counts.tolist()
            if dialect is RLEDialect.COCO_COUNTS
            else compress_counts(counts)
        )
        return dict(size=list(runs.shape), counts=text)
    if not starts.size:
        if dialect.empty is None:
            raise RLEError(
                f'dialect {dialect.value!r} has one row per object and none '
                'for an empty mask; leave the row out'
            )
        return dialect.empty
    pairs = np.empty(2 * starts.size, np.int64)
    if dialect is RLEDialect.SIIM:
        pairs[0] = starts[0]
        pairs[2::2] = starts[1:] - ends[:-1]
    else:
        pairs[::2] = starts + 1
    pairs[1::2] = ends - starts
    return join_integers(pairs)


def _load_empty(
    text: str, shape: tuple[int, int], dialect: RLEDialect
) -> Runs:
    if text != dialect.empty:
        written = (
            'has no empty masks'
            if dialect.empty is None
            else f'writes an empty mask as {dialect.empty!r}'
        )
        raise ValueError(
            f'dialect {dialect.value!r} {written}, got {text!r}; is this '
            'another dialect?'
        )
    nothing = np.empty(0, np.int64)
    return Runs(nothing, nothing, shape, dialect.order)


def _load_pairs(
    text: str,
    shape: tuple[int, int],
    dialect: RLEDialect,
    repair: bool,
    where: str,
) -> Runs:
    changes = []

    def object_to(problem: str, cure: str) -> None:
        if not repair:
            raise ValueError(f'{problem} (repair=True: {cure})')
        changes.append(f'{problem}: {cure}')

    numbers = parse_integers(text)
    if numbers.size % 2:
        object_to(
            f'odd number of integers ({numbers.size}): the last run has no '
            'length',
            'last integer dropped',
        )
        numbers = numbers[:-1]
    lengths = numbers[1::2]
    if dialect is RLEDialect.SIIM:
        ends = np.cumsum(numbers[::2] + lengths)
        starts = ends - lengths
    else:
        starts = numbers[::2] - 1
        ends = starts + lengths

    if dialect is not RLEDialect.SIIM and (np.diff(starts) < 0).any():
        order = np.argsort(starts, kind='stable')  # some owners do not sort
        numbers = numbers.reshape(-1, 2)[order].reshape(-1)
        starts, ends, lengths = starts[order], ends[order], lengths[order]

    def first_of(bad: NDArray[np.bool_]) -> str:
        k = int(np.argmax(bad))
        more = f' and {bad.sum() - 1} more' if bad.sum() > 1 else ''
        written = f'{numbers[2 * k]} {numbers[2 * k + 1]}'
        return f'run {k + 1} of {bad.size} ({written}){more}'

    size = shape[0] * shape[1]
    if (bad := lengths <= 0).any():
        object_to(f'{first_of(bad)} has a length below 1', 'dropped')
    if (bad := (starts < 0) | (ends > size)).any():
        object_to(
            f'{first_of(bad)} leaves the image of {shape[0]} x {shape[1]} = '
            f'{size} pixels (height x width); is the size right, and in '
            'this order?',
            'cut at the border',
        )
    if (bad := np.append(False, starts[1:] < ends[:-1])).any():
        object_to(f'{first_of(bad)} begins within the run before', 'merged')
    if changes:
        starts, ends = _mend(starts, ends, size)
        text = '; '.join(changes)
        warnings.warn(
            f'{where}: {text}' if where else text,
            RLERepairWarning,
            stacklevel=4,
        )
    return Runs(starts, ends, shape, dialect.order)


def _mend(
    starts: IntArray, ends: IntArray, size: int
) -> tuple[IntArray, IntArray]:
    """Cut runs at the border, drop empty ones, sort and merge the rest."""
    starts, ends = np.clip(starts, 0, size), np.clip(ends, 0, size)
    kept = np.flatnonzero(starts < ends)
    kept = kept[np.argsort(starts[kept], kind='stable')]
    return merge(starts[kept], ends[kept])


def _load_coco(rle: Any, shape: tuple[int, int] | None) -> Runs:
    if not isinstance(rle, dict) or not {'size', 'counts'} <= set(rle):
        raise ValueError(
            'expected a COCO dict(size=[height, width], counts=…), got '
            f'{type(rle).__name__}'
        )
    size, counts = tuple(rle['size']), rle['counts']
    if len(size) != 2:
        raise ValueError(f'COCO size is [height, width], got {list(size)}')
    if shape is not None and size != tuple(shape):
        raise ValueError(
            f'COCO size {size} differs from the image {tuple(shape)} '
            '(height, width)'
        )
    if isinstance(counts, bytes):
        counts = counts.decode('ascii')
    if isinstance(counts, str):
        counts = decompress_counts(counts)
    counts = np.asarray(counts, np.int64)
    if counts.size and counts.min() < 0:
        raise ValueError(f'COCO count {np.argmin(counts) + 1} is negative')
    edges = np.cumsum(counts)
    beyond = (edges < 0) | (edges > size[0] * size[1])  # also past 64 bits
    if beyond.any() or counts.sum() != size[0] * size[1]:
        raise ValueError(
            f'COCO counts add up to {sum(counts.tolist())} pixels, the size '
            f'{size} has {size[0] * size[1]}'
        )
    starts, ends = edges[:-1:2], edges[1::2]
    filled = starts < ends  # other writers leave runs of no pixel
    return Runs(starts[filled], ends[filled], size, 'F')
