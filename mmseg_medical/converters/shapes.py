"""Sizes, places and forms of many objects at once, which may overlap."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mmseg_medical.converters.runs import Runs
from mmseg_medical.converters.runs_geometry import pixels, rescan

Floats = NDArray[np.float64]
IntArray = NDArray[np.int64]

# Length of the outline at a border pixel by how many of its neighbours are
# border pixels: 1, 2 for each beside and 10 for each at a corner.
_LENGTHS = np.zeros(50)
_LENGTHS[[5, 7, 15, 17, 25, 27]] = 1
_LENGTHS[[21, 33]] = 2**0.5
_LENGTHS[[13, 23]] = (1 + 2**0.5) / 2


class Shapes(NamedTuple):
    """Measures of n objects, in pixels.

    Attributes:
        areas: (n,) number of pixels.
        centroids: (n, 2) row and column; 0 is the middle of the first pixel.
        perimeters: (n,) length of the outline through the border pixels;
            of a pixel alone 0.
        eccentricities: (n,) of the ellipse with the same second moments, 0
            for a disc, below 1 for a line.
    """

    areas: IntArray
    centroids: Floats
    perimeters: Floats
    eccentricities: Floats


class Pixels:
    """All pixels of objects, one object after another.

    Args:
        objects: n objects of one image, each of at least a pixel.
    """

    def __init__(self, objects: Sequence[Runs]) -> None:
        found = [pixels(rescan(runs, 'F')) for runs in objects]
        self.areas = np.array([len(part) for part in found], np.int64)
        self.owners = np.repeat(np.arange(len(found)), self.areas)
        flat = np.concatenate([*found, np.zeros(0, np.int64)])
        height = objects[0].shape[0] if objects else 1
        self.columns, self.rows = np.divmod(flat, height)

    def mean(self, values: NDArray[Any]) -> Floats:
        """Mean of each object, (n,), of one value for each pixel."""
        sums = np.bincount(self.owners, values, len(self.areas))
        return sums / self.areas

    def shapes(self) -> Shapes:
        """Measure the objects.

        Source: perimeter by Benkrid & Crookes, 2000, as in scikit-image.
        """
        centroids = np.stack(
            [self.mean(self.rows), self.mean(self.columns)], 1
        )
        down = self.rows - centroids[self.owners, 0]
        across = self.columns - centroids[self.owners, 1]
        tall, wide = self.mean(down**2), self.mean(across**2)
        spread = np.hypot(tall - wide, 2 * self.mean(down * across))
        # Of the moments along the axes, (sum ± spread) / 2.
        longer = tall + wide + spread
        shares = 2 * spread / np.where(longer > 0, longer, 1)
        return Shapes(
            self.areas, centroids, self._perimeters(), np.sqrt(shares)
        )

    def _perimeters(self) -> Floats:
        """Each object is laid into a box of its own with a margin."""
        starts = np.cumsum(self.areas) - self.areas
        if not len(starts):
            return np.zeros(0)
        sides = []
        for places in (self.rows, self.columns):
            low = np.minimum.reduceat(places, starts)
            high = np.maximum.reduceat(places, starts)
            sides.append((low - 1, high - low + 3))
        (top, heights), (left, widths) = sides
        boxes = np.cumsum(heights * widths)
        step = heights[self.owners]
        at = (boxes - heights * widths)[self.owners]
        at += (self.columns - left[self.owners]) * step
        at += self.rows - top[self.owners]
        inside = np.zeros(boxes[-1], np.uint8)
        inside[at] = 1
        beside = (-1, 1, -step, step)
        corners = (-1 - step, 1 - step, step - 1, step + 1)
        border = np.zeros_like(inside)
        border[at] = sum(inside[at + k] for k in beside) < 4
        kinds = 2 * sum(border[at + k] for k in beside)
        kinds += 10 * sum(border[at + k] for k in corners)
        lengths = _LENGTHS[1 + kinds] * border[at]
        sums = np.bincount(self.owners, lengths, len(self.areas))
        return sums.astype(np.float64)
