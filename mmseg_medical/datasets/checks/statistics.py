"""How much there is of each class, and of which of them together."""

import dataclasses
import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mmseg_medical.datasets.checks.facts import MOST_LABELS, SIZE_BINS
from mmseg_medical.datasets.checks.finding import About
from mmseg_medical.datasets.checks.observation import Observation


@dataclasses.dataclass(frozen=True, slots=True)
class ClassFacts:
    """One class over all masks.

    Attributes:
        label: Its number.
        name: Its name.
        images: Masks that hold it.
        pixels: Its pixels.
        share: Of all pixels that count, 0 to 1.
        drawn: Its objects, as annotation files list them.
        sizes: Number of components by twice the binary logarithm of their
            pixels, rounded down.
    """

    label: int
    name: str
    images: int
    pixels: int
    share: float
    drawn: int
    sizes: NDArray[np.int64]

    @property
    def components(self) -> int:
        """Number of its components."""
        return int(self.sizes.sum())

    @property
    def median_size(self) -> float:
        """Pixels of the middle component, within a factor of 1.4."""
        if not self.components:
            return 0.0
        half = self.components / 2
        middle = np.searchsorted(np.cumsum(self.sizes), half, side='right')
        return float(2 ** (middle / 2))


def count_classes(
    observations: Sequence[Observation], about: About
) -> list[ClassFacts]:
    """Add up the classes of all masks; the background is first."""
    masks = [o.mask for o in observations if o.mask]
    masks = [m for m in masks if m.planes or len(m.areas) <= MOST_LABELS]
    total = sum(m.pixels for m in masks)
    labels = sorted(
        {k for m in masks for k in m.areas} | set(range(len(about.classes)))
    )
    found = []
    for label in labels:
        name = about.class_name(label)
        pixels = sum(m.areas.get(label, 0) for m in masks)
        sizes = np.zeros(SIZE_BINS, np.int64)
        for mask in masks:
            sizes += mask.sizes.get(label, 0)
        found.append(
            ClassFacts(
                label,
                name,
                sum(bool(m.areas.get(label)) for m in masks),
                pixels,
                pixels / max(total, 1),
                sum(o.drawn.get(name, 0) for o in observations),
                sizes,
            )
        )
    return found


def count_together(
    observations: Sequence[Observation], labels: Sequence[int]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Count images and pixels that two classes share.

    Args:
        observations: All samples.
        labels: Classes to count.

    Returns:
        (K, K) images in which both occur, and (K, K) pixels of both.
    """
    at = {label: k for k, label in enumerate(labels)}
    images = np.zeros((len(at), len(at)), np.int64)
    pixels = np.zeros_like(images)
    for one in observations:
        if not one.mask:
            continue
        here = [at[k] for k, n in one.mask.areas.items() if n and k in at]
        for a, b in itertools.product(here, here):
            images[a, b] += 1
        for (a, b), count in one.mask.shared.items():
            if a in at and b in at:
                pixels[at[a], at[b]] += count
                pixels[at[b], at[a]] += count
    return images, pixels
