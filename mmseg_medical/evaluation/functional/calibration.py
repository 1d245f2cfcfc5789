"""Whether a probability of 0.8 is right in eight cases of ten."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]


class Reliability(NamedTuple):
    """Pixels by the probability that was predicted, in bins.

    Attributes:
        confidence: (B,) mean probability of the pixels of a bin; nan where
            there are none, as in ``frequency``.
        frequency: (B,) share of them that is foreground.
        pixels: (B,) their number.
    """

    confidence: FloatArray
    frequency: FloatArray
    pixels: FloatArray

    @property
    def error(self) -> float:
        """Expected calibration error.

        The mean over all pixels of what the confidence of their bin is away
        from its frequency: 0 is best; nan without a pixel.
        """
        if not self.pixels.sum():
            return float('nan')
        gaps = np.nan_to_num(abs(self.confidence - self.frequency))
        return float(np.average(gaps, weights=self.pixels))


def reliability(
    probs: ArrayLike, pixels: ArrayLike, positives: ArrayLike, bins: int = 10
) -> Reliability:
    """Sort pixels into bins of equal width by their probability.

    Args:
        probs: (L,) probabilities in [0, 1].
        pixels: (L,) number of pixels that were given each of them.
        positives: (L,) number of those that are foreground.
        bins: Number B of bins.

    Raises:
        ValueError: If a probability is outside of [0, 1].

    Reference: Guo et al., ICML 2017, arXiv:1706.04599
    """
    level = np.asarray(probs, np.float64)
    if level.size and not 0 <= level.min() <= level.max() <= 1:
        raise ValueError(
            f'probabilities lie in [0, 1], got {level.min()} … {level.max()}'
        )
    place = np.minimum((level * bins).astype(int), bins - 1)
    count = np.asarray(pixels, np.float64)
    total, weight, found = (
        np.bincount(place, values, bins).astype(np.float64)
        for values in (count, count * level, np.asarray(positives))
    )
    filled = np.where(total > 0, total, np.nan)
    return Reliability(weight / filled, found / filled, total)
