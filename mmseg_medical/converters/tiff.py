"""TIFF images by region: only the strips or tiles that a region touches."""

import functools
import json
import math
from typing import Any, NamedTuple

import numpy as np
import tifffile
from numpy.typing import NDArray

from mmseg_medical._files import replacing
from mmseg_medical.converters import _lzw
from mmseg_medical.converters._decoding import ImageError as ImageError
from mmseg_medical.converters._decoding import (
    PathLike,
    existing,
    naming,
    parsed,
)

Array = NDArray[Any]


_JPEG = (6, 7, 34892, 33007)  # compressions that decode to RGB
_ALPHA = ((1,), (2,))  # transparency: associated or not
TILE = 256  # pixels on each side of those that are written


class Region(NamedTuple):
    """Window of an image, in pixels."""

    top: int
    left: int
    height: int
    width: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """Index of the window in an (H, W, …) array."""
        return (
            slice(self.top, self.top + self.height),
            slice(self.left, self.left + self.width),
        )

    def check(self, shape: tuple[int, ...], path: PathLike) -> 'Region':
        """Return the region, or raise ValueError where it leaves ``shape``."""
        top, left, height, width = self
        inside = 0 <= top < top + height <= shape[0]
        if not (inside and 0 <= left < left + width <= shape[1]):
            raise ValueError(
                f'{path}: {self} leaves the image of {shape[0]} x {shape[1]} '
                'pixels (height x width)'
            )
        return self


class TIFFImage:
    """One image of a TIFF file, read whole or by region.

    Strips and tiles in every compression that imagecodecs knows, chunky and
    planar samples, channels first or last, channels as pages; of pyramids the
    first level. The file is parsed once and opened anew for every read, so
    that the object may be shared by threads and forked workers.

    Args:
        path: TIFF file.
        page: Which image of a file that holds several of the same size;
            needed where they are no colour channels.

    Attributes:
        shape: (H, W) or (H, W, C) in pixels.
        dtype: Type of the samples as :meth:`read` returns them.
        has_alpha: Whether the last channel is transparency.

    Raises:
        FileNotFoundError: If there is no such file.
        ImageError: If the file is no TIFF, is cut short, holds several
            images and ``page`` is not given, or its colours are neither gray
            nor RGB nor a palette.
    """

    def __init__(self, path: PathLike, page: int | None = None) -> None:
        self.path = existing(path)
        with naming(self.path, 'TIFF'), tifffile.TiffFile(self.path) as file:
            if not file.series:
                raise ValueError('it holds no image')
            series = file.series[0].levels[0]
            key: Any = series.keyframe
            self._key = key
            self._check_colours()
            self._colours = _palette(key.colormap)
            count = math.prod(series.shape) // math.prod(key.shape)
            chosen = self._choose(series, count, page)
            if series.dataoffset is not None:  # raw and in one piece
                self._stored = np.dtype(file.byteorder + key.dtype.char)
                step = math.prod(key.shape) * self._stored.itemsize
                self._offsets = [series.dataoffset + k * step for k in chosen]
                end = self._offsets[-1] + step
            else:
                self._offsets = []
                self._pages = [_Page.of(series.pages[k]) for k in chosen]
                end = max(p.end for p in self._pages)
            if end > file.filehandle.size:
                raise ValueError(
                    f'it is cut short: its data end at byte {end}, the file '
                    f'at {file.filehandle.size}; copy or download it again'
                )
        channels = len(chosen) * key.samplesperpixel
        self.dtype = np.dtype(key.dtype)
        if self._colours is not None:
            channels, self.dtype = 3, np.dtype(np.uint8)
        elif self.dtype == bool:
            self.dtype = np.dtype(np.uint8)
        self.has_alpha = channels > 1 and key.extrasamples[-1:] in _ALPHA
        size = (key.imagelength, key.imagewidth)
        self.shape: tuple[int, ...] = size + (channels,) * (channels > 1)

    @classmethod
    def open(cls, path: PathLike, page: int | None = None) -> 'TIFFImage':
        """Parse a file, or take what this process has parsed before."""
        return parsed(cls, path, page)

    def _check_colours(self) -> None:
        kind, jpeg = self._key.photometric, self._key.compression in _JPEG
        name = {5: 'CMYK', 8: 'CIELAB', 6: '' if jpeg else 'YCbCr'}.get(kind)
        if name:
            raise ValueError(f'its colours are {name}; convert it to RGB')

    def _choose(self, series: Any, count: int, page: int | None) -> list[int]:
        """Pages that make up the image: one, or one per channel."""
        if self._key.imagedepth > 1 or 'Z' in self._key.axes:
            raise ValueError('it holds a volume in one page')
        if page is not None:
            if not 0 <= page < count:
                raise ValueError(f'it has no page {page}, only {count}')
            return [page]
        lead = series.get_axes(squeeze=True).replace(self._key.axes, '')
        gray = self._key.samplesperpixel == 1
        colours = lead in 'CS' or (count in (3, 4) and lead in 'QI')
        if count == 1 or (gray and colours):
            return list(range(count))
        raise ValueError(
            f'it holds {count} images (axes {series.axes}, shape '
            f'{series.shape}); choose one with page=0 …'
        )

    def read(
        self, region: Region | None = None, *, raw: bool = False
    ) -> Array:
        """Read a region, or the whole image.

        Args:
            region: Window in pixels; it must lie inside the image.
            raw: Return what is stored: indices of a palette, gray as it is,
                1 bit as 0 and 1.

        Returns:
            (H, W) or (H, W, C) array of the stored type, channels in the
            order of the file (RGB). Palettes are applied, gray images that
            store white as 0 are inverted, 1-bit images become 0 and 255 as
            stored. The tag that tells an orientation is not looked at.

        Raises:
            ValueError: If the region leaves the image.
            ImageError: If the data cannot be decoded.
        """
        region = Region(*(region or (0, 0, *self.shape[:2])))
        region.check(self.shape, self.path)
        with naming(self.path, 'TIFF'):
            if self._offsets:
                planes = [self._map(k, region) for k in self._offsets]
            else:
                planes = [self._decode(p, region) for p in self._pages]
        img = planes[0] if len(planes) == 1 else np.concatenate(planes, 2)
        if raw:
            img = img.astype(np.uint8) if img.dtype == bool else img
            return img[..., 0] if img.shape[2] == 1 else img
        if self._key.photometric == 0 and img.dtype.kind == 'u':
            img = img ^ img.dtype.type(2**self._key.bitspersample - 1)
        elif self._colours is not None:
            img = self._colours[img[..., 0]]
        if img.dtype == bool:
            img = img.astype(np.uint8) * 255
        return img if len(self.shape) == 3 else img[..., 0]

    def _map(self, offset: int, region: Region) -> Array:
        """Region (h, w, samples) of a page that is stored raw."""
        key = self._key
        page: Array = np.memmap(
            self.path, self._stored, 'r', offset, tuple(key.shape)
        )
        planar = key.planarconfig == 2 and key.samplesperpixel > 1
        if planar:
            page = np.moveaxis(page.reshape(-1, *key.shape[-2:]), 0, 2)
        page = page.reshape(key.imagelength, key.imagewidth, -1)
        return np.array(page[region.slices], self._key.dtype, order='C')

    def _decode(self, page: '_Page', region: Region) -> Array:
        """Region (h, w, samples) of a page in strips or tiles."""
        key = self._key
        top, left, height, width = region
        if key.is_tiled:
            rows, cols = key.tilelength, key.tilewidth
        else:
            rows, cols = key.rowsperstrip, key.imagewidth
        rows = min(rows, key.imagelength)
        across = math.ceil(key.imagewidth / cols)
        down = math.ceil(key.imagelength / rows)
        planes = key.samplesperpixel if key.planarconfig == 2 else 1
        chunky = key.samplesperpixel // planes
        out = np.empty((height, width, key.samplesperpixel), key.dtype)
        with open(self.path, 'rb') as file:
            for s in range(planes):
                for r in range(top // rows, (top + height - 1) // rows + 1):
                    for c in range(
                        left // cols, (left + width - 1) // cols + 1
                    ):
                        index = (s * down + r) * across + c
                        y, x = r * rows - top, c * cols - left
                        to = out[max(y, 0) : y + rows, max(x, 0) : x + cols][
                            ..., s * chunky : (s + 1) * chunky
                        ]
                        at = (max(-y, 0), max(-x, 0))
                        if not page.read(file, index, to, at, cols):
                            to[:] = key.nodata  # a hole in a sparse file
        return out


def _palette(colormap: Array | None) -> Array | None:
    """Colours (n, 3) uint8 of a palette of 16 bits."""
    if colormap is None:
        return None
    # Some files say 16 bits and use 8 of them.
    return (colormap >> (8 if colormap.max() > 255 else 0)).astype(np.uint8).T


class _Page:
    """Where the strips or tiles of a page lie, and how to decode them."""

    def __init__(
        self, offsets: Any, counts: Any, decode: Any, differences: bool | None
    ) -> None:
        self.offsets, self.counts, self.decode = offsets, counts, decode
        # Of LZW with 8 bits; None for all else.
        self.differences = differences

    @classmethod
    def of(cls, page: Any) -> '_Page':
        key = page.keyframe
        decode = key.decode
        if key.compression in _JPEG:
            decode = functools.partial(
                decode, jpegtables=page.jpegtables, jpegheader=key.jpegheader
            )
        differences = None
        if (
            (key.compression, key.dtype, key.bitspersample, key.fillorder)
            == (5, np.uint8, 8, 1)
        ) and key.predictor in (1, 2):
            differences = key.predictor == 2
        return cls(page.dataoffsets, page.databytecounts, decode, differences)

    @property
    def end(self) -> int:
        """First byte of the file after all segments."""
        return max(map(sum, zip(self.offsets, self.counts, strict=True)))

    def read(
        self,
        file: Any,
        index: int,
        to: Array,
        at: tuple[int, int],
        columns: int,
    ) -> bool:
        """Decode a strip or tile and take a window of it.

        Args:
            file: The open file.
            index: Number of the strip or tile.
            to: (h, w, samples), takes the window.
            at: Row and column of the window in the strip or tile.
            columns: Width of the strip or tile in pixels.

        Returns:
            False where the file has no such strip or tile.
        """
        if self.counts[index] == 0:
            return False
        file.seek(self.offsets[index])
        data = file.read(self.counts[index])
        if self.differences is not None and _lzw.is_lzw(data):
            src = np.frombuffer(data, np.uint8)
            if _lzw.window(src, to, *at, columns, self.differences):
                return True
        tile = self.decode(data, index)[0]  # (depth, height, width, samples)
        part = tile[0][at[0] :, at[1] :]
        to[:] = part[: to.shape[0], : to.shape[1]]
        return True


def write_tiff(
    path: PathLike,
    img: Array,
    *,
    planes: bool = False,
    metadata: dict[str, Any] | None = None,
) -> None:
    """Write an image as tiled, deflated TIFF, whole or not at all.

    Args:
        path: File to write.
        img: (H, W), (H, W, 3) uint8 RGB, or (C, H, W) planes.
        planes: Whether it is (C, H, W) even where W is 3.
        metadata: Kept as JSON in the image description; read it back with
            :func:`read_metadata`.
    """
    rgb = img.shape[2:] == (3,) and img.dtype == np.uint8 and not planes
    if img.ndim == 3 and img.shape[0] == 1:
        img = img[0]
    separate = not rgb and img.ndim == 3
    with replacing(path) as temporary:
        tifffile.imwrite(
            temporary, img, **tiff_options(img.dtype, rgb, separate, metadata)
        )


def tiff_options(
    dtype: np.dtype[Any],
    rgb: bool,
    separate: bool,
    metadata: dict[str, Any] | None,
) -> dict[str, Any]:
    """How tifffile writes an image of this package."""
    return dict(
        tile=(TILE, TILE),
        compression='deflate',
        predictor=dtype.kind in 'ui',
        photometric='rgb' if rgb else 'minisblack',
        planarconfig='separate' if separate else None,
        description=json.dumps(metadata or {}),
        metadata=None,
    )


def read_metadata(path: PathLike) -> dict[str, Any]:
    """Metadata that :func:`write_tiff` kept in a file; {} without any."""
    with naming(path, 'TIFF'), tifffile.TiffFile(path) as file:
        try:
            metadata = json.loads(file.pages.first.description)
        except ValueError:
            metadata = {}
    return metadata if isinstance(metadata, dict) else {}
