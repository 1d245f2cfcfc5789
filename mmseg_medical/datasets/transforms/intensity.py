"""From intensities of any unit to gray levels."""

from typing import Any

from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS

from mmseg_medical.errors import InputError
from mmseg_medical.intensity import (
    Foreground,
    Kind,
    greatest,
    map_range,
    percentile_limits,
    standardize,
    window_limits,
)

# What each method takes of low, high, center and width.
_TAKES: dict[str, tuple[tuple[str, ...], ...]] = {
    'window': (('low', 'high'), ('center', 'width')),
    'percentile': ((), ('low', 'high')),
    'max': ((),),
    'zscore': ((),),
}


@TRANSFORMS.register_module()
class MapIntensity(BaseTransform):
    """Map the intensities of an image to a range that networks expect.

    ============== =========================================== ===============
    method         what becomes the ends of the range          gives
    ============== =========================================== ===============
    ``window``     ``low`` and ``high``, or ``center`` and     uint8, float32
                   ``width``, in the unit of the image (HU of
                   CT)
    ``percentile`` the percentiles ``low`` and ``high`` of     uint8, float32
                   the image, 0.5 and 99.5 by default
    ``max``        0 and the greatest intensity of the image   uint8, float32
    ``zscore``     none: mean 0, standard deviation 1          float32
    ============== =========================================== ===============

    uint8 is 0 to 255, float32 is 0 to 1 but for ``zscore``; what lies beyond
    is clipped. nan and -inf become the lower end, +inf the upper one, of
    ``zscore`` the least and greatest finite intensity. An image of one
    intensity becomes 0, but by ``window``. All channels, as the slices of a
    stack, share one mapping.

    Args:
        method: One of the above.
        low: Lower end, in the unit of the image or in percent.
        high: Upper end, in the unit of the image or in percent.
        center: Middle of a window, in the unit of the image.
        width: Width of a window, in the unit of the image.
        foreground: Pixels whose statistics count: those above a number, or
            ``'nonzero'``; None for all. Not for ``window``.
        per_channel: Map each channel by its own statistics. Not for
            ``window``.
        dtype: ``'uint8'`` or ``'float32'``; ``zscore`` gives float32
            whatever it says.

    Required keys: img (H, W, C) of integers or floats. Modified keys: img.

    Raises:
        InputError: If an argument is missing, does not belong to the method
            or is out of its range.

    Example:
        >>> dict(type='MapIntensity', method='window', center=40, width=400)
        >>> dict(type='MapIntensity', method='percentile', foreground=0)
    """

    def __init__(
        self,
        method: str,
        *,
        low: float | None = None,
        high: float | None = None,
        center: float | None = None,
        width: float | None = None,
        foreground: Foreground = None,
        per_channel: bool = False,
        dtype: Kind = 'uint8',
    ) -> None:
        if dtype not in ('uint8', 'float32'):
            raise InputError(f"dtype is 'uint8' or 'float32', got {dtype!r}")
        if isinstance(foreground, str) and foreground != 'nonzero':
            raise InputError(
                f"foreground is a number or 'nonzero', got {foreground!r}"
            )
        if method == 'window' and (foreground is not None or per_channel):
            raise InputError(
                'a window is the same for all pixels and channels; remove '
                'foreground and per_channel'
            )
        self.method = method
        self.low, self.high = _limits(
            method, dict(low=low, high=high, center=center, width=width)
        )
        self.foreground = foreground
        self.per_channel = per_channel
        self.dtype = dtype

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        img = results['img']
        options: Any = dict(
            foreground=self.foreground, per_channel=self.per_channel
        )
        if self.method == 'zscore':
            results['img'] = standardize(img, **options)
            return results
        low: Any = self.low
        high: Any = self.high
        if self.method == 'percentile':
            low, high = percentile_limits(img, low, high, **options)
        elif self.method == 'max':
            low, high = 0, greatest(img, **options)
        results['img'] = map_range(img, low, high, dtype=self.dtype)
        return results


def _limits(
    method: str, arguments: dict[str, float | None]
) -> tuple[float, float]:
    """Ends of the range as far as they are known before the image."""
    if method not in _TAKES:
        raise InputError(f'method is one of {list(_TAKES)}, got {method!r}')
    given = {k: v for k, v in arguments.items() if v is not None}
    if tuple(given) not in _TAKES[method]:
        takes = ' or '.join(', '.join(k) or 'none' for k in _TAKES[method])
        raise InputError(
            f'MapIntensity(method={method!r}) takes of {list(arguments)}: '
            f'{takes}; got {", ".join(given) or "none"}'
        )
    if 'center' in given:
        try:
            return window_limits(given['center'], given['width'])
        except ValueError as error:
            raise InputError(str(error)) from None
    low, high = given.get('low', 0.5), given.get('high', 99.5)
    if not low < high:
        raise InputError(f'low {low} must lie below high {high}')
    if method == 'percentile' and not 0 <= low < high <= 100:
        raise InputError(f'percentiles are 0 to 100, got {low} and {high}')
    return low, high
