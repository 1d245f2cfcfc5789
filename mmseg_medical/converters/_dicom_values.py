"""From the numbers that DICOM stores to units and to gray levels.

Only numpy; a header is anything with ``get(keyword)``, as pydicom's datasets
are.
"""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Window = int | tuple[float, float] | Literal['stored']


class Values(NamedTuple):
    """Pixels, and the least and greatest number that they could have."""

    pixels: Array
    low: float
    high: float


def stored(pixels: Array, bits: int, signed: bool) -> Values:
    """Pixels as they are stored, of so many bits."""
    if pixels.dtype.kind == 'f':
        return Values(pixels, 0, 0)
    if signed:
        return Values(pixels, -(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    return Values(pixels, 0, 2**bits - 1)


def rescale(values: Values, header: Any) -> Values:
    """Apply the modality LUT, or slope and intercept.

    Slope 1 without an intercept leaves the type as it is; whole numbers that
    fit into 16 bits become int16; all else is float32.

    Source: DICOM PS3.3, C.11.1.
    """
    items = header.get('ModalityLUTSequence')
    if items:
        table, bits = _table(items[0])
        return Values(_look_up(values.pixels, items[0], table), 0, 2**bits - 1)
    slope = _number(header, 'RescaleSlope', 1.0)
    intercept = _number(header, 'RescaleIntercept', 0.0)
    if (slope, intercept) == (1, 0):
        return values
    pixels, *ends = values
    low, high = sorted(slope * end + intercept for end in ends)
    whole = slope.is_integer() and intercept.is_integer()
    if whole and pixels.dtype.kind != 'f' and -32768 <= low <= high <= 32767:
        out = pixels.astype(np.int32) * int(slope) + int(intercept)
        out = out.clip(int(low), int(high)).astype(np.int16)
        return Values(out, low, high)
    exact = pixels.astype(np.float64) * slope + intercept
    return Values(exact.astype(np.float32), low, high)


def invert(values: Values) -> Array:
    """Turn the scale round: the least number becomes the greatest."""
    pixels, low, high = values
    if pixels.dtype.kind == 'f':
        return np.asarray(low + high - pixels, pixels.dtype)
    out = int(low + high) - pixels.astype(np.int64)
    return out.clip(int(low), int(high)).astype(pixels.dtype)


def show(values: Values, header: Any, window: Window) -> Array:
    """Gray levels of a display: uint8, 0 to 255.

    Args:
        values: Pixels after :func:`rescale`.
        header: Has the windows that the file names.
        window: ``'stored'`` or the index of one of the file, its tables
            first; or (center, width) in the unit of the pixels.

    Raises:
        ValueError: If the file has no such window, or its width is not
            positive.

    Source: DICOM PS3.3, C.11.2.
    """
    if isinstance(window, (tuple, list)):
        return _gray(_linear(values.pixels, *window, exact=True))
    index = 0 if window == 'stored' else int(window)
    tables = header.get('VOILUTSequence') or ()
    if 0 <= index < len(tables):
        table, bits = _table(tables[index])
        levels = _look_up(values.pixels, tables[index], table)
        return _gray(levels / (2**bits - 1))
    centers = _list(header.get('WindowCenter'))
    widths = _list(header.get('WindowWidth'))
    number = min(len(centers), len(widths))
    if not tables and not number and values.pixels.dtype == np.uint8:
        return values.pixels  # as it is shown
    if not 0 <= index < number:
        raise ValueError(
            f'it has no window {index} ({max(len(tables), number)} in all); '
            'give window=(center, width), or map the intensities later'
        )
    center, width = float(centers[index]), float(widths[index])
    function = str(header.get('VOILUTFunction') or 'LINEAR').upper()
    if function == 'SIGMOID':
        _check_width(width, 0)
        power = -4 * (values.pixels.astype(np.float64) - center) / width
        return _gray(1 / (1 + np.exp(np.minimum(power, 700))))
    if function not in ('LINEAR', 'LINEAR_EXACT'):
        raise ValueError(f'unknown VOI LUT function {function!r}')
    exact = function == 'LINEAR_EXACT'
    return _gray(_linear(values.pixels, center, width, exact=exact))


def _linear(
    pixels: Array, center: float, width: float, *, exact: bool
) -> Array:
    """Shares of 1; without ``exact`` ends at whole numbers, as displays do."""
    _check_width(width, 0 if exact else 1)
    if not exact:
        center, width = center - 0.5, width - 1
    if width == 0:
        return (pixels > center).astype(np.float64)
    share = (pixels.astype(np.float64) - center) / width + 0.5
    return share.clip(0, 1)


def _check_width(width: float, least: float) -> None:
    if not (width >= least and width > 0):
        raise ValueError(f'its window is {width} wide')


def _gray(share: Array) -> Array:
    return np.rint(share * 255).astype(np.uint8)


def palette(indices: Array, header: Any, apply: Any) -> Array:
    """Colours (H, W, 3) uint8 of a palette; 16 bits are cut to their high 8.

    Args:
        indices: (H, W) as stored.
        header: Has the tables.
        apply: ``pydicom.pixels.apply_color_lut``.
    """
    colours: Array = apply(indices, header)[..., :3]
    if colours.dtype == np.uint8:
        return colours
    # Some files say 16 bits and use 8 of them.
    shift = 8 if colours.size and colours.max() > 255 else 0
    return (colours >> shift).astype(np.uint8)


def _table(item: Any) -> tuple[Array, int]:
    """Entries of a lookup table, and of how many bits they are."""
    count, _, bits = (int(k) for k in item['LUTDescriptor'].value)
    count = count or 2**16
    data = item['LUTData'].value
    if isinstance(data, bytes):
        # Written as words; a few files pack two entries into one.
        order = '>' if item.original_encoding[1] is False else '<'
        packed = bits <= 8 and count <= len(data) < 2 * count
        data = np.frombuffer(data, np.uint8 if packed else f'{order}u2')
    table = np.asarray(data)
    if not 1 <= bits <= 16 or len(table) < count:
        raise ValueError(
            f'its lookup table has {len(table)} entries of {bits} bits, '
            f'expected {count} of 8 to 16'
        )
    kind = np.uint8 if bits <= 8 else np.uint16
    return table[:count].astype(kind), bits


def _look_up(pixels: Array, item: Any, table: Array) -> Array:
    first = int(item['LUTDescriptor'].value[1])
    index = pixels.astype(np.int64) - first
    return table[index.clip(0, len(table) - 1)]


def _number(header: Any, keyword: str, default: float) -> float:
    value = header.get(keyword)
    number = default if value in (None, '') else float(value)
    if not np.isfinite(number):
        raise ValueError(f'its {keyword} is {value}')
    return number


def _list(value: Any) -> Sequence[Any]:
    if value is None or value == '':
        return ()
    several = isinstance(value, Sequence) and not isinstance(value, str)
    return value if several else (value,)
