"""Regions of TIFF images.

One random window of 768² from an image of 3000², in the layouts that are met;
the file lies in the cache of the system.
"""

import tempfile
from pathlib import Path

import numpy as np
import rasterio
import rasterio.windows
import skimage.data
import tifffile
import tiffslide

from benchmarks.harness import Job
from mmseg_medical.converters.tiff import Region, TIFFImage

LAYOUTS = {
    'LZW strips': dict(compression='lzw', predictor=True, rowsperstrip=16),
    'deflate tiles': dict(
        compression='deflate', predictor=True, tile=(256, 256)
    ),
    'raw tiles': dict(tile=(256, 256)),
    'raw strips': dict(),
    'JPEG tiles': dict(compression='jpeg', tile=(256, 256)),
}
SIDE = 768
_FOLDER = tempfile.TemporaryDirectory()


def jobs() -> list[Job]:
    """One job per layout."""
    tile = skimage.data.immunohistochemistry()
    img = np.tile(tile, (6, 6, 1))[:3000, :3000]
    places = np.random.default_rng(0).integers(0, 3000 - SIDE, (4, 2)).tolist()
    return [
        _job(name, Path(_FOLDER.name, f'{k}.tif'), img, options, places)
        for k, (name, options) in enumerate(LAYOUTS.items())
    ]


def _job(name: str, path: Path, img, options: dict, places: list) -> Job:
    tifffile.imwrite(path, img, photometric='rgb', **options)

    def ours() -> None:
        for y, x in places:
            TIFFImage.open(path).read(Region(y, x, SIDE, SIDE))

    def by_rasterio() -> None:
        for y, x in places:
            with rasterio.open(path) as file:
                window = rasterio.windows.Window(x, y, SIDE, SIDE)
                np.ascontiguousarray(
                    file.read(window=window).transpose(1, 2, 0)
                )

    def by_tiffslide() -> None:
        for y, x in places:
            slide = tiffslide.TiffSlide(path)
            slide.read_region((x, y), 0, (SIDE, SIDE), as_array=True)

    def whole() -> None:
        for y, x in places:
            tifffile.imread(path)[y : y + SIDE, x : x + SIDE].copy()

    peers = {'rasterio': by_rasterio, 'tifffile, whole': whole}
    if 'tile' in options:
        peers['tiffslide'] = by_tiffslide
    return Job(f'4 windows of 768², {name}', ours, peers, 1)
