"""What every annotation format says of an image: the record in between."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmseg_medical.converters.coco_polygon import paint_coco
from mmseg_medical.converters.polygon import Polygon, rasterize
from mmseg_medical.converters.runs import Mask, Runs
from mmseg_medical.converters.tiff import Region
from mmseg_medical.errors import InputError

# Rings of one area: the outline, then its holes.
Rings = tuple[Polygon, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Annotation:
    """One object, or one class, of an image.

    Known either by its pixels or by outlines, as its file has it: outlines
    are painted when somebody asks for pixels.

    Attributes:
        label: Name of its class.
        runs: Its pixels; None where it is known by outlines.
        polygons: Areas, each a tuple of (N, 2) float64 rings of x and y in
            pixels: the outline, then its holes.
        painter: How outlines become pixels: ``'opencv'``, or ``'coco'``.
        score: Confidence of a prediction, 0 to 1; None for a ground truth.
        properties: What else the file says of it.
    """

    label: str
    runs: Runs | None = None
    polygons: tuple[Rings, ...] = ()
    painter: str = 'opencv'
    score: float | None = None
    properties: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def mask(
        self, shape: tuple[int, int], region: Region | None = None
    ) -> Mask:
        """Paint the object, or a window of it: (H, W) uint8 of 0 and 1.

        Args:
            shape: (height, width) of the image in pixels.
            region: Window in pixels; it must lie inside the image.

        Raises:
            InputError: If the pixels are of an image of another size, or a
                polygon lies far outside.
        """
        region = region or Region(0, 0, *shape)
        if self.runs is None:
            rings = [ring for area in self.polygons for ring in area]
            if self.painter == 'coco':
                return paint_coco(rings, shape, region, where=self.label)
            return rasterize(rings, shape, region, where=self.label)
        if self.runs.shape != tuple(shape):
            raise InputError(
                f'{self.label}: a mask of {self.runs.shape} for an image of '
                f'{tuple(shape)} (height, width)'
            )
        return self.runs.crop(*region).to_mask()


@dataclasses.dataclass(frozen=True, slots=True)
class Record:
    """What a file says of one image.

    Attributes:
        img_id: Name of the image, unique in its data set.
        shape: (height, width) in pixels; None where the file does not say.
        annotations: Objects in the order of the file; later ones lie above.
        img_path: Image file as far as the annotation file names it.
        properties: What else the file says of the image.
    """

    img_id: str
    shape: tuple[int, int] | None
    annotations: tuple[Annotation, ...]
    img_path: Path | None = None
    properties: Mapping[str, Any] = dataclasses.field(default_factory=dict)


class Skipped:
    """Counts what could not be read, or stops at the first of it.

    Args:
        strict: Raise the first error; else keep all of them.
        limit: Number of errors after which reading stops all the same.
    """

    def __init__(self, *, strict: bool = True, limit: int = 10_000) -> None:
        self.strict = strict
        self.limit = limit
        self.errors: list[Exception] = []

    def add(self, error: Exception) -> None:
        """Raise the error, or keep it."""
        if self.strict or len(self.errors) >= self.limit:
            raise error
        self.errors.append(error)

    def __len__(self) -> int:
        return len(self.errors)
