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

from mmseg_medical.converters._rle_counts import dump_counts, load_counts
from mmseg_medical.converters._rle_pairs import dump_pairs, load_pairs
from mmseg_medical.converters.runs import Mask, Order, Runs, merge
from mmseg_medical.converters.runs_geometry import nothing
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
            return load_counts(rle, shape)
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
        runs, changes = load_pairs(
            *(text, shape, dialect.order),
            relative=dialect is RLEDialect.SIIM,
            repair=repair,
        )
    except ValueError as error:
        raise RLEError(f'{where}: {error}' if where else str(error)) from None
    if changes:
        told = '; '.join(changes)
        warnings.warn(
            f'{where}: {told}' if where else told,
            RLERepairWarning,
            stacklevel=3,
        )
    return runs


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
        compressed = dialect is RLEDialect.COCO
        return dump_counts(starts, ends, runs.shape, compressed=compressed)
    if not starts.size:
        if dialect.empty is None:
            raise RLEError(
                f'dialect {dialect.value!r} has one row per object and none '
                'for an empty mask; leave the row out'
            )
        return dialect.empty
    return dump_pairs(starts, ends, relative=dialect is RLEDialect.SIIM)


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
    return nothing(shape, dialect.order)
