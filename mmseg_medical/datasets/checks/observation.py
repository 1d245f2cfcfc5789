"""What is kept of a sample after its pixels were looked at: a few numbers."""

import dataclasses
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mmseg_medical.converters.rle_guess import Reading

# Shares of the pixels of a channel that lie at or below ImageFacts.quantiles.
SHARES = (0.0, 0.01, 0.25, 0.5, 0.75, 0.99, 1.0)


class Problem(NamedTuple):
    """Something that could not be read, or not as it stands.

    Attributes:
        kind: ``'image'``, ``'image_missing'``, ``'table_size'``, ``'mask'``,
            ``'mask_missing'``, ``'mask_size'``, ``'runs'`` or ``'outlines'``.
        text: Message of the reader.
    """

    kind: str
    text: str


@dataclasses.dataclass(frozen=True, slots=True)
class ImageFacts:
    """Numbers of an image.

    Attributes:
        shape: (H, W, C) in pixels and channels.
        dtype: Name of the stored type.
        quantiles: (C, 7) values at :data:`SHARES`, of finite pixels.
        finite: Whether all pixels are numbers.
        digest: Hash of shape, type and pixels.
    """

    shape: tuple[int, int, int]
    dtype: str
    quantiles: NDArray[np.float64]
    finite: bool
    digest: str

    @property
    def low(self) -> float:
        """Least value of all channels."""
        return float(self.quantiles[:, 0].min())

    @property
    def high(self) -> float:
        """Greatest value of all channels."""
        return float(self.quantiles[:, -1].max())


@dataclasses.dataclass(frozen=True, slots=True)
class MaskFacts:
    """Numbers of a mask.

    Attributes:
        shape: (H, W) in pixels.
        planes: Number of planes of classes that overlap; None where every
            pixel has one label.
        areas: Pixels by label; of planes, by class.
        covered: Pixels of any class but the background.
        ignored: Pixels that do not count.
        sizes: Number of components (of 8-connected pixels) by label, without
            the background, and by twice the binary logarithm of their
            pixels, rounded down.
        shared: Pixels that two planes share, by their classes.
        values: Pixels by stored value, where an image of masks was read as
            it stands.
        digest: Hash of the labels.
    """

    shape: tuple[int, int]
    planes: int | None
    areas: Mapping[int, int]
    covered: int
    ignored: int
    sizes: Mapping[int, NDArray[np.int32]]
    shared: Mapping[tuple[int, int], int]
    values: Mapping[int, int] | None
    digest: str

    @property
    def pixels(self) -> int:
        """Pixels that count."""
        return self.shape[0] * self.shape[1] - self.ignored

    @property
    def share(self) -> float:
        """Foreground among the pixels that count, 0 to 1."""
        return self.covered / max(self.pixels, 1)

    @property
    def foreground(self) -> Mapping[int, int]:
        """Pixels by label, of labels that are no background."""
        found = self.areas.items()
        return {k: n for k, n in found if n and (self.planes or k)}


@dataclasses.dataclass(frozen=True, slots=True)
class Observation:
    """One sample, after it was read once.

    Attributes:
        name: Id of the sample, unique in its part.
        part: ``'train'``, ``'val'`` …; ``''`` where there is one part.
        img_path: File of the image.
        image: None where it cannot be read.
        mask: None where there is none, or it cannot be read.
        problems: What went wrong.
        readings: Of each non-empty run-length text, what comes of it in
            other dialects.
        dialect: Dialect that they are said to be in.
        beyond: Greatest distance of an outline's point from the image, in
            pixels; None where the mask is not known by outlines.
        contrasts: Of a square image along the outlines of its mask, and
            along those of the mask with rows and columns exchanged.
        drawn: Objects that annotation files list, by class.
        facts: What the data set says of the sample, as its organ.
    """

    name: str
    part: str
    img_path: str
    image: ImageFacts | None
    mask: MaskFacts | None
    problems: tuple[Problem, ...] = ()
    readings: tuple[Mapping[str, Reading], ...] = ()
    dialect: str = ''
    beyond: float | None = None
    contrasts: tuple[float, float] | None = None
    drawn: Mapping[str, int] = dataclasses.field(default_factory=dict)
    facts: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def __str__(self) -> str:
        return f'{self.part}/{self.name}' if self.part else self.name
