"""Random fields, from which structures of a given size are cut."""

from typing import Any

from numpy.typing import NDArray
from scipy import ndimage


def field(rng: Any, shape: tuple[int, ...], width: float) -> NDArray[Any]:
    """Smooth random field of unit variance; structures of so many pixels."""
    coarse = tuple(-(-n // 4) for n in shape)
    noise = ndimage.gaussian_filter(rng.normal(size=coarse), width / 4)
    fine = ndimage.zoom(noise / noise.std(), 4, order=1)
    return fine[tuple(slice(n) for n in shape)]
