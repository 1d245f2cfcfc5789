"""Planes that are read and written one band of tiles at a time."""

import math
import tempfile
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from mmseg_medical._files import replacing
from mmseg_medical.converters._decoding import PathLike
from mmseg_medical.converters.tiff import TILE, Region, tiff_options

Array = NDArray[Any]


def bands_of(shape: tuple[int, int, int]) -> Iterator[Region]:
    """Bands of planes (C, H, W), from the top on: rows of tiles."""
    _, height, width = shape
    for top in range(0, height, TILE):
        yield Region(top, 0, min(TILE, height - top), width)


def write_tiff_bands(
    path: PathLike,
    bands: Iterable[Array],
    shape: tuple[int, int, int],
    dtype: Any,
    *,
    metadata: dict[str, Any] | None = None,
) -> None:
    """Write planes as :func:`write_tiff` does, from bands.

    Args:
        path: File to write.
        bands: (C, h, W) for each of :func:`bands_of`; one is in memory at a
            time.
        shape: (C, H, W) of all of them.
        dtype: Their type, unsigned.
        metadata: As of :func:`write_tiff`.
    """
    planes, _, width = shape
    tiles: Iterator[Array] = (
        tile
        for band in bands
        for plane in band
        for tile in _tiles_of(plane, width)
    )
    across, down = (math.ceil(side / TILE) for side in (width, shape[1]))
    options = tiff_options(np.dtype(dtype), False, planes > 1, metadata)
    with replacing(path) as temporary, tempfile.TemporaryFile() as file:
        if planes > 1:  # in the file one plane follows another
            for tile in tiles:
                file.write(tile.tobytes())
            tiles = _by_plane(file, (down, planes, across), dtype)
        tifffile.imwrite(
            temporary,
            tiles,
            shape=shape if planes > 1 else shape[1:],
            dtype=dtype,
            # What tifffile compresses at once, in bytes.
            buffersize=across * TILE**2 * np.dtype(dtype).itemsize,
            **options,
        )


def _tiles_of(plane: Array, width: int) -> Iterator[Array]:
    """Tiles of a band (h, W), the last ones filled up with 0."""
    for left in range(0, width, TILE):
        part = plane[:, left : left + TILE]
        tile = np.zeros((TILE, TILE), plane.dtype)
        tile[: part.shape[0], : part.shape[1]] = part
        yield tile


def _by_plane(
    file: Any, counts: tuple[int, int, int], dtype: Any
) -> Iterator[Array]:
    """Tiles that were written by (row, plane, column), plane by plane."""
    down, planes, across = counts
    size = TILE**2 * np.dtype(dtype).itemsize
    for plane in range(planes):
        for row in range(down):
            file.seek((row * planes + plane) * across * size)
            for _ in range(across):
                data = np.frombuffer(file.read(size), dtype)
                yield data.reshape(TILE, TILE)
