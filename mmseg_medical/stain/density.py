"""Optical density of 8-bit images by tables, one pass, little memory.

Stains absorb light: the optical density -ln(I / I0) of a pixel is the sum of
the densities of its stains (Beer and Lambert), so separating and changing
stains is linear algebra between a logarithm and an exponential. An 8-bit
channel has 256 densities: both ends are tables, and what lies between is a
sum of three table entries per pixel.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mmseg_medical._compiled import compiled
from mmseg_medical.errors import InputError

Image = NDArray[np.uint8]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

BINS = 1 << 16
_FIELD = 21  # bits per output channel in a packed table entry
_STEPS = 15  # bits that choose an output intensity
_BLOCK = 1 << 18  # pixels at a time in the numpy path


class Density(NamedTuple):
    """How intensities are turned into optical densities.

    Attributes:
        white: Intensity of unstained background, 0 to 255.
        offset: Added to every intensity, so that black has a density; where
            it is 0, black counts as intensity 1.
    """

    white: float
    offset: float

    def table(self) -> FloatArray:
        """Density of each intensity, (256,)."""
        level = np.arange(256) + self.offset
        return -np.log(np.maximum(level, 1) / self.white)

    def intensity(self, density: ArrayLike) -> FloatArray:
        """Intensity of densities, unrounded; the inverse of the table."""
        return self.white * np.exp(-np.asarray(density)) - self.offset


def as_pixels(img: NDArray[Any]) -> Image:
    """View an RGB image as (H * W, 3) pixels.

    Raises:
        ValueError: If ``img`` is not (H, W, 3) uint8.
    """
    if img.dtype != np.uint8 or img.ndim != 3 or img.shape[2] != 3:
        raise InputError(
            'stain functions take (H, W, 3) uint8 RGB, got shape '
            f'{img.shape} of {img.dtype}; drop alpha and map to 8 bit first'
        )
    return np.ascontiguousarray(img).reshape(-1, 3)


def recolor(
    img: Image, matrix: ArrayLike, shift: ArrayLike, density: Density
) -> Image:
    """Apply a linear map to the optical density of every pixel.

    Args:
        img: (H, W, 3) uint8 RGB.
        matrix: (3, 3), new density = matrix @ density + shift.
        shift: (3,).
        density: Meaning of the intensities.

    Returns:
        (H, W, 3) uint8 RGB, rounded and clipped to 0 … 255; a new array.

    Raises:
        ValueError: If ``img`` is not (H, W, 3) uint8.
    """
    pixels = as_pixels(img)
    # part[k, c, i]: what intensity i of input channel c adds to output k.
    part = np.asarray(matrix)[:, :, None] * density.table()
    shift = np.asarray(shift, np.float64)
    low = (part.min(2).sum(1) + shift).min()
    high = max((part.max(2).sum(1) + shift).max(), low + 1e-6)
    scale = ((1 << _FIELD) - 8) / (high - low)
    low -= 4 / scale  # room for the rounding of the parts
    part += ((shift - low) / 3)[:, None, None]
    fields = np.round(part * scale).astype(np.int64)
    packed = (fields << np.array([0, _FIELD, 2 * _FIELD])[:, None, None]).sum(
        0
    )
    level = low + (np.arange(1 << _STEPS) + 0.5) * (
        (1 << (_FIELD - _STEPS)) / scale
    )
    intensity = np.clip(np.round(density.intensity(level)), 0, 255)
    out = np.empty_like(pixels)
    _recolor(pixels, packed, intensity.astype(np.uint8), out)
    return out.reshape(img.shape)


def project(img: Image, matrix: ArrayLike, table: FloatArray) -> NDArray[Any]:
    """Multiply the optical density of every pixel with a matrix.

    Args:
        img: (H, W, 3) uint8 RGB.
        matrix: (K, 3).
        table: (256,) density of each intensity.

    Returns:
        (H, W, K) float32.

    Raises:
        ValueError: If ``img`` is not (H, W, 3) uint8.
    """
    pixels = as_pixels(img)
    matrix = np.asarray(matrix)
    part = np.ascontiguousarray(
        table[None, :, None] * matrix.T[:, None, :], np.float32
    )
    out = np.empty((pixels.shape[0], matrix.shape[0]), np.float32)
    _project(pixels, part, out)
    return out.reshape(*img.shape[:2], -1)


def moments(
    pixels: Image, table: FloatArray, darkest: int
) -> tuple[int, FloatArray, FloatArray]:
    """Mean and covariance of the optical density of stained pixels.

    Args:
        pixels: (N, 3) uint8.
        table: (256,) density of each intensity, falling.
        darkest: A pixel counts where no channel is brighter than this.

    Returns:
        Number of pixels that count, (3,) mean, (3, 3) covariance.
    """
    unit = 4096.0  # densities as integers: sums are exact and fast
    sums = _moments(pixels, np.round(table * unit).astype(np.int64), darkest)
    count = int(sums[0])
    if count < 2:
        return count, np.zeros(3), np.zeros((3, 3))
    mean = sums[1:4] / count
    square = sums[[4, 5, 6, 5, 7, 8, 6, 8, 9]].reshape(3, 3)
    covariance = (square - count * np.outer(mean, mean)) / (count - 1)
    return count, mean / unit, covariance / unit**2


def ratio_percentiles(
    pixels: Image,
    numerator: FloatArray,
    denominator: FloatArray,
    darkest: int,
    percent: ArrayLike,
    limit: float = 8.0,
) -> FloatArray:
    """Percentiles of the ratio of two projections of the density.

    Args:
        pixels: (N, 3) uint8.
        numerator: (3, 256) what each intensity of each channel adds to the
            one projection.
        denominator: (3, 256) what it adds to the other.
        darkest: A pixel counts where no channel is brighter than this.
        percent: Percentiles, 0 to 100.
        limit: Ratios are clipped to -limit … limit.

    Returns:
        As many values as ``percent``, of those that occur, exact to
        ``2 * limit / 65536``.
    """
    counts = np.zeros(BINS, np.int64)
    scale = np.float32(BINS / (2 * limit))
    _ratios(
        pixels,
        np.ascontiguousarray(numerator * scale, np.float32),
        np.ascontiguousarray(denominator, np.float32),
        darkest,
        counts,
    )
    return (_percentiles(counts, percent) - BINS / 2) / scale


def sum_percentiles(
    pixels: Image, part: FloatArray, brightest: int, percent: float
) -> FloatArray:
    """One percentile of two projections of the density.

    Args:
        pixels: (N, 3) uint8.
        part: (2, 3, 256) what each intensity of each channel adds.
        brightest: A pixel counts where some channel is not brighter than
            this; 255 counts all.
        percent: Percentile, 0 to 100.

    Returns:
        (2,), a value that occurs, exact to 1 / 65536 of the range.
    """
    low = part.min(2).sum(1)
    scale = (BINS - 8) / np.maximum(part.max(2).sum(1) - low, 1e-6)
    low -= 4 / scale  # room for the rounding of the parts
    fields = np.round(
        (part - low[:, None, None] / 3) * scale[:, None, None]
    ).astype(np.int64)
    counts = np.zeros((2, BINS), np.int64)
    _sums(pixels, fields[0] + (fields[1] << 32), brightest, counts)
    bins = np.array([_percentiles(c, percent) for c in counts])
    return bins / scale + low


def _percentiles(counts: IntArray, percent: ArrayLike) -> FloatArray:
    """Percentiles in units of bins; values are spread evenly in a bin."""
    total = np.cumsum(counts)
    rank = np.asarray(percent) / 100 * (total[-1] - 1)
    k = np.searchsorted(total, rank, side='right')
    before = total[k] - counts[k]
    return k + (rank - before + 0.5) / counts[k]


def _blocks(pixels: Image) -> Iterator[tuple[slice, Image]]:
    for first in range(0, pixels.shape[0], _BLOCK):
        at = slice(first, first + _BLOCK)
        yield at, pixels[at]


def _recolor_numpy(
    pixels: Image, packed: IntArray, intensity: Image, out: Image
) -> None:
    mask = (1 << _STEPS) - 1
    for at, block in _blocks(pixels):
        word = sum(packed[c][block[:, c]] for c in range(3))
        for k in range(3):
            index = (word >> (k * _FIELD + _FIELD - _STEPS)) & mask
            out[at, k] = intensity[index]


@compiled(_recolor_numpy)
def _recolor(
    pixels: Image, packed: IntArray, intensity: Image, out: Image
) -> None:
    """Three look-ups, two additions and three look-ups per pixel.

    The new densities of a pixel lie side by side in one 64-bit word, so that
    they are added together.
    """
    mask = (1 << 15) - 1
    for i in range(pixels.shape[0]):
        word = (
            packed[0, pixels[i, 0]]
            + packed[1, pixels[i, 1]]
            + packed[2, pixels[i, 2]]
        )
        out[i, 0] = intensity[(word >> 6) & mask]
        out[i, 1] = intensity[(word >> 27) & mask]
        out[i, 2] = intensity[(word >> 48) & mask]


def _project_numpy(pixels: Image, part: Any, out: Any) -> None:
    for at, block in _blocks(pixels):
        out[at] = (
            part[0][block[:, 0]] + part[1][block[:, 1]] + part[2][block[:, 2]]
        )


@compiled(_project_numpy)
def _project(pixels: Image, part: Any, out: Any) -> None:
    for i in range(pixels.shape[0]):
        r, g, b = pixels[i, 0], pixels[i, 1], pixels[i, 2]
        for k in range(out.shape[1]):
            out[i, k] = part[0, r, k] + part[1, g, k] + part[2, b, k]


def _moments_numpy(pixels: Image, table: IntArray, darkest: int) -> IntArray:
    sums = np.zeros(10, np.int64)
    for _, block in _blocks(pixels):
        od = table[block[(block <= darkest).all(1)]]
        sums[0] += od.shape[0]
        sums[1:4] += od.sum(0)
        sums[4:] += (od.T @ od)[np.triu_indices(3)]
    return sums


@compiled(_moments_numpy)
def _moments(pixels: Image, table: IntArray, darkest: int) -> IntArray:
    """Count, sums, and sums of products 00 01 02 11 12 22."""
    n = s0 = s1 = s2 = p00 = p01 = p02 = p11 = p12 = p22 = 0
    for i in range(pixels.shape[0]):
        r, g, b = pixels[i, 0], pixels[i, 1], pixels[i, 2]
        if r <= darkest and g <= darkest and b <= darkest:
            x, y, z = table[r], table[g], table[b]
            n += 1
            s0 += x
            s1 += y
            s2 += z
            p00 += x * x
            p01 += x * y
            p02 += x * z
            p11 += y * y
            p12 += y * z
            p22 += z * z
    return np.array([n, s0, s1, s2, p00, p01, p02, p11, p12, p22])


def _ratios_numpy(
    pixels: Image, numerator: Any, denominator: Any, darkest: int, counts: Any
) -> None:
    for _, block in _blocks(pixels):
        kept = block[(block <= darkest).all(1)]
        x = sum(numerator[c][kept[:, c]] for c in range(3))
        y = sum(denominator[c][kept[:, c]] for c in range(3))
        with np.errstate(divide='ignore', invalid='ignore'):
            k = np.where(y > 1e-6, x / y, 0) + np.float32(counts.size // 2)
        k = np.clip(k, 0, counts.size - 1).astype(np.int64)
        counts += np.bincount(k, minlength=counts.size)


@compiled(_ratios_numpy)
def _ratios(
    pixels: Image, numerator: Any, denominator: Any, darkest: int, counts: Any
) -> None:
    half = np.float32(counts.size // 2)
    last = np.float32(counts.size - 1)
    for i in range(pixels.shape[0]):
        r, g, b = pixels[i, 0], pixels[i, 1], pixels[i, 2]
        if r <= darkest and g <= darkest and b <= darkest:
            x = numerator[0, r] + numerator[1, g] + numerator[2, b]
            y = denominator[0, r] + denominator[1, g] + denominator[2, b]
            k = half
            if y > 1e-6:
                k = min(max(x / y + half, np.float32(0)), last)
            counts[int(k)] += 1


def _sums_numpy(
    pixels: Image, packed: IntArray, brightest: int, counts: Any
) -> None:
    for _, block in _blocks(pixels):
        kept = block[(block <= brightest).any(1)]
        word = sum(packed[c][kept[:, c]] for c in range(3))
        for k in range(2):
            index = (word >> (32 * k)) & (BINS - 1)
            counts[k] += np.bincount(index, minlength=BINS)


@compiled(_sums_numpy)
def _sums(
    pixels: Image, packed: IntArray, brightest: int, counts: Any
) -> None:
    mask = (1 << 16) - 1
    for i in range(pixels.shape[0]):
        r, g, b = pixels[i, 0], pixels[i, 1], pixels[i, 2]
        if r <= brightest or g <= brightest or b <= brightest:
            word = packed[0, r] + packed[1, g] + packed[2, b]
            counts[0, word & mask] += 1
            counts[1, (word >> 32) & mask] += 1
