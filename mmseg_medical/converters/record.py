"""What every annotation format says of an image: the record in between."""

import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mmseg_medical.converters.polygon import Painter, Rings, rasterize
from mmseg_medical.converters.runs import Mask, Runs
from mmseg_medical.converters.tiff import Region
from mmseg_medical.converters.trace import trace
from mmseg_medical.errors import InputError


class AnnotationError(InputError):
    """An annotation file that cannot be read, or written."""


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
        painter: Which pixels the outlines hold, as their file means them;
            see :mod:`mmseg_medical.converters.polygon`.
        score: Confidence of a prediction, 0 to 1; None for a ground truth.
        properties: What else the file says of it.
    """

    label: str
    runs: Runs | None = None
    polygons: tuple[Rings, ...] = ()
    painter: Painter = 'opencv'
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
            return rasterize(
                self.polygons,
                shape,
                region,
                painter=self.painter,
                where=self.label,
            )
        if self.runs.shape != tuple(shape):
            raise InputError(
                f'{self.label}: a mask of {self.runs.shape} for an image of '
                f'{tuple(shape)} (height, width)'
            )
        return self.runs.crop(*region).to_mask()

    def box(self, shape: tuple[int, int]) -> Region | None:
        """Smallest window that is sure to hold the object.

        Args:
            shape: (height, width) of the image in pixels.

        Returns:
            Window in pixels; None where nothing of the object can lie in the
            image.
        """
        if self.runs is not None:
            return self.runs.box()
        if not self.polygons:
            return None
        points = np.concatenate([r for area in self.polygons for r in area])
        size = np.array(shape[::-1])
        left, top = np.clip(np.floor(points.min(0)), 0, size).astype(int)
        right, bottom = np.clip(np.ceil(points.max(0)) + 1, 0, size)
        if left >= right or top >= bottom:
            return None
        return Region(
            int(top), int(left), int(bottom - top), int(right - left)
        )

    def outlines(
        self, shape: tuple[int, int] | None, painter: Painter
    ) -> tuple[Rings, ...]:
        """Areas that hold the same pixels for a painter.

        Args:
            shape: (height, width) of the image in pixels; needed where the
                object is known by its pixels or meant for another painter.
            painter: ``'opencv'`` or ``'corners'``; else that of the object.

        Returns:
            The outlines themselves where they are meant for the painter,
            else those that are traced around the pixels.

        Raises:
            InputError: If the shape is needed and missing, or is not that of
                the pixels, or a polygon lies far outside.
            ValueError: If pixels would have to be traced for ``'pil'``.
        """
        if self.runs is None and self.painter == painter:
            return self.polygons
        if shape is None:
            raise AnnotationError(
                f'outlines of {self.label!r} for {self.painter!r} become '
                f'outlines for {painter!r} by way of pixels, for which the '
                'size of the image must be known; give the folder of the '
                'images (--images)'
            )
        box = self.box(shape)
        if box is None:
            return ()
        mask = self.mask(shape, box)
        return trace(mask, painter, origin=(box.left, box.top))


@dataclasses.dataclass(frozen=True, slots=True)
class Record:
    """What a file says of one image.

    Attributes:
        img_id: Name of the image, unique in its data set.
        shape: (height, width) in pixels; None where the file does not say.
        annotations: Objects in the order of the file; later ones lie above.
        img_path: Image file: where it was found, or relative as the
            annotation file names it.
        properties: What else the file says of the image.
    """

    img_id: str
    shape: tuple[int, int] | None
    annotations: tuple[Annotation, ...]
    img_path: Path | None = None
    properties: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def pixel_size(self) -> tuple[float, float] | None:
        """(height, width) of a pixel in µm; None where nothing says it.

        Taken from ``pixel_size`` in µm, or from ``spacing`` in mm.
        """
        size = self.properties.get('pixel_size')
        spacing = self.properties.get('spacing')
        if size is None and spacing is not None:
            size = [1000 * float(side) for side in spacing[-2:]]
        if size is None:
            return None
        try:
            sides = np.broadcast_to(np.asarray(size, np.float64), 2)
        except ValueError:  # some tables have words instead
            return None
        height, width = sides.tolist()
        return (height, width) if height > 0 < width else None

    def outlines(self, painter: Painter) -> Iterator[tuple[Rings, ...]]:
        """Areas of each object, as :meth:`Annotation.outlines`.

        Raises:
            InputError: As there; the message names the image.
        """
        for annotation in self.annotations:
            try:
                yield annotation.outlines(self.shape, painter)
            except InputError as error:
                raise type(error)(f'{self.img_id}: {error}') from None


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
