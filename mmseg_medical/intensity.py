"""Intensities in any unit, mapped to gray levels of a stated range.

One rule holds everywhere: nan and -inf become the lower end, +inf the upper
one; statistics are of the finite pixels; and where these do not differ, all
pixels become 0.
"""

from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Kind = Literal['uint8', 'float32']
# Pixels above a number, or all but those that are 0; None: all.
Foreground = float | Literal['nonzero'] | None


def map_range(
    img: Array, low: Any, high: Any, *, dtype: Kind = 'uint8'
) -> Array:
    """Map low … high to the range of a type; what lies beyond is clipped.

    Args:
        img: (H, W) or (H, W, C), integers or floats.
        low: Intensity that becomes the lower end, in the unit of ``img``;
            one, or (C,).
        high: Intensity that becomes the upper end.
        dtype: ``'uint8'`` for 0 to 255, rounded; ``'float32'`` for 0 to 1.

    Returns:
        Array of the same shape and of ``dtype``; 0 where ``low >= high``.

    Raises:
        ValueError: If the type is neither of these, or ``img`` is complex.
    """
    if dtype not in ('uint8', 'float32'):
        raise ValueError(f"dtype is 'uint8' or 'float32', got {dtype!r}")
    if img.dtype.kind not in 'uifb':
        raise ValueError(f'intensities are real numbers, got {img.dtype}')
    if img.dtype == np.uint8 and np.ndim(low) == np.ndim(high) == 0:
        levels = _mapped(np.arange(256), low, high, dtype)
        return cv2.LUT(img, levels).reshape(img.shape)
    return _mapped(img, low, high, dtype)


def _mapped(img: Array, low: Any, high: Any, dtype: Kind) -> Array:
    low = np.asarray(low, np.float64)
    extent = np.asarray(high, np.float64) - low
    spread = np.isfinite(extent) & (extent > 0)
    top = 255 if dtype == 'uint8' else 1
    factor = np.where(spread, top / np.where(spread, extent, 1), 0)
    kind = _exact(img)
    out = img.astype(kind)
    with np.errstate(invalid='ignore'):  # inf times 0
        out -= np.where(np.isfinite(low), low, 0).astype(kind)
        out *= factor.astype(kind)
    out = np.clip(np.nan_to_num(out, copy=False, nan=0), 0, top, out=out)
    if dtype == 'uint8':
        np.rint(out, out=out)
    return out.astype(dtype)


def _exact(img: Array) -> type:
    """Type of floats to count in: of 32 bits where they hold all numbers."""
    wide = img.dtype.itemsize > 4 or img.dtype in (np.int32, np.uint32)
    return np.float64 if wide else np.float32


def window_limits(center: float, width: float) -> tuple[float, float]:
    """Ends of a window, in the unit of its center.

    Raises:
        ValueError: If the width is not positive.
    """
    if not width > 0:
        raise ValueError(f'the width of a window is above 0, got {width}')
    return center - width / 2, center + width / 2


def percentile_limits(
    img: Array,
    low: float = 0.5,
    high: float = 99.5,
    *,
    foreground: Foreground = None,
    per_channel: bool = False,
) -> tuple[Array, Array]:
    """Intensities below which so many percent of the pixels lie.

    Args:
        img: (H, W) or (H, W, C).
        low: Percentile of the lower end, 0 to 100.
        high: Percentile of the upper end, above ``low``.
        foreground: Pixels that count.
        per_channel: One pair for each channel, else one for all of them.

    Returns:
        Both ends, 0-d or (C,) float64; 0 where no pixel counts.

    Raises:
        ValueError: If the percentiles are not rising within 0 to 100.

    Example:
        >>> img = np.arange(101)[None]
        >>> percentile_limits(img, 5, 95)
        (array(5.), array(95.))
    """
    if not 0 <= low < high <= 100:
        raise ValueError(
            f'percentiles are rising within 0 to 100, got {low} and {high}'
        )
    ends = [
        _percentiles(part, (low, high)) if part.size else np.zeros(2)
        for part in _counted(img, foreground, per_channel)
    ]
    lower, upper = np.array(ends, np.float64).T
    return (lower, upper) if per_channel else (lower[0, ...], upper[0, ...])


def _percentiles(values: Array, percents: tuple[float, float]) -> Array:
    """``numpy.percentile``; of 8 and 16 bits counted, which is faster."""
    signed = values.dtype == np.int16
    if (
        not (signed or values.dtype in (np.uint8, np.uint16))
        or not 4096 < values.size < 2**24  # counts are float32
    ):
        return np.percentile(values, percents)
    least = -32768 if signed else 0
    if signed:
        values = values.view(np.uint16) ^ np.uint16(0x8000)
    bins = np.iinfo(values.dtype).max + 1
    counts = cv2.calcHist(
        [values.reshape(-1, 1)], [0], None, [bins], [0, bins]
    )
    before = np.cumsum(counts.ravel(), dtype=np.float64)
    rank = np.array(percents) / 100 * (values.size - 1)
    below = np.searchsorted(before, np.floor(rank), 'right')
    above = np.searchsorted(before, np.ceil(rank), 'right')
    return least + below + (above - below) * (rank - np.floor(rank))


def greatest(
    img: Array,
    *,
    foreground: Foreground = None,
    per_channel: bool = False,
) -> Array:
    """Greatest intensity: 0-d or (C,) float64, 0 where no pixel counts.

    Args:
        img: (H, W) or (H, W, C).
        foreground: Pixels that count.
        per_channel: One for each channel, else one for all of them.
    """
    parts = _counted(img, foreground, per_channel)
    found = np.array([p.max() if p.size else 0 for p in parts], np.float64)
    return found if per_channel else found[0, ...]


def standardize(
    img: Array,
    *,
    foreground: Foreground = None,
    per_channel: bool = False,
) -> NDArray[np.float32]:
    """Subtract the mean and divide by the standard deviation.

    Args:
        img: (H, W) or (H, W, C).
        foreground: Pixels that mean and deviation are of; all pixels are
            mapped.
        per_channel: Each channel by itself, else all of them together.

    Returns:
        Array of the same shape in standard deviations; what is not finite
        becomes the least and the greatest finite one of the image.
    """
    kind = _exact(img)
    moments = [
        _mean_and_deviation(part.astype(kind))
        for part in _counted(img, foreground, per_channel)
    ]
    mean, deviation = np.array(moments).T
    factor = np.where(deviation > 0, 1 / np.where(deviation, deviation, 1), 0)
    values = img.astype(kind)
    if img.dtype.kind == 'f' and not (finite := np.isfinite(values)).all():
        known = values[finite] if finite.any() else np.zeros(1)
        low, high = known.min(), known.max()
        values = np.nan_to_num(values, nan=low, neginf=low, posinf=high)
    values -= mean.astype(kind)
    values *= factor.astype(kind)
    return values.astype(np.float32, copy=False)


def _mean_and_deviation(values: Array) -> tuple[float, float]:
    """Of floats (n,); no deviation where all are the same."""
    if not values.size or values.min() == values.max():
        return 0.0, 0.0
    mean, deviation = cv2.meanStdDev(values.reshape(-1, 1))
    return float(mean[0, 0]), float(deviation[0, 0])


def _counted(
    img: Array, foreground: Foreground, per_channel: bool
) -> list[Array]:
    """Pixels (n,) that count, of all channels or of each."""
    channels = (
        [img[..., k] for k in range(img.shape[2])]
        if (per_channel and img.ndim == 3)
        else [img]
    )
    if foreground is None and img.dtype.kind != 'f':
        return [channel.ravel() for channel in channels]
    parts = []
    for channel in channels:
        counts = np.ones(channel.shape, bool)
        if img.dtype.kind == 'f':
            counts &= np.isfinite(channel)
        if foreground == 'nonzero':
            counts &= channel != 0
        elif foreground is not None:
            counts &= channel > foreground
        parts.append(channel[counts])
    return parts
