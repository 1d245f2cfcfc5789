"""Polygons and masks.

Outlines painted into masks: 1,862 nuclei in 1000², and 150 outlines of 240
pixels in 3000², whole and in a random window of 768², which holds what the
whole painting has there. Programs that paint into the window itself do not
quite give that; those that have to are listed beside. Points are floats, as
files have them.
"""

import cv2
import numpy as np
import rasterio.features
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from benchmarks.harness import Job
from mmseg_medical.converters.polygon import Painter, Rings, rasterize
from mmseg_medical.converters.runs import Mask
from mmseg_medical.converters.tiff import Region
from mmseg_medical.converters.trace import trace

SIDE = 768


def blob(
    rng: np.random.Generator, center: NDArray, radius: float, count: int
) -> Rings:
    """A smooth outline around a point, as one area."""
    angle = np.linspace(0, 2 * np.pi, count, endpoint=False)
    waves = np.arange(2, 9)[:, None]
    phase, height = rng.uniform(0, 6, (7, 1)), rng.uniform(-0.06, 0.06, (7, 1))
    reach = radius * (1 + (height * np.sin(waves * angle + phase)).sum(0))
    return (
        center + reach[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1),
    )


def by_opencv(areas: list[Rings], region: Region) -> Mask:
    """Polygon by polygon with OpenCV."""
    mask = np.zeros((region.height, region.width), np.uint8)
    for (ring,) in areas:
        points = np.rint(ring).astype(np.int32) - (region.left, region.top)
        cv2.fillPoly(mask, [points], 1)
    return mask


def by_pillow(areas: list[Rings], region: Region) -> Mask:
    """Polygon by polygon with Pillow, as LabelMe."""
    canvas = Image.new('L', (region.width, region.height))
    draw = ImageDraw.Draw(canvas)
    for (ring,) in areas:
        points = ring - (region.left, region.top)
        draw.polygon([tuple(p) for p in points.tolist()], fill=1, outline=1)
    return np.asarray(canvas)


def by_rasterio(areas: list[Rings], region: Region) -> Mask:
    """All polygons with GDAL, by the centres of pixels."""
    shapes = [
        dict(type='Polygon', coordinates=[[*ring.tolist(), ring[0].tolist()]])
        for (ring,) in areas
    ]
    return rasterio.features.rasterize(
        shapes,
        (region.height, region.width),
        transform=rasterio.Affine.translation(region.left, region.top),
        dtype=np.uint8,
    )


def traced_by_rasterio(mask: Mask) -> list:
    """All outlines of a mask with GDAL."""
    shapes = rasterio.features.shapes(mask, mask.astype(bool))
    return [shape for shape, _ in shapes]


PEERS = {
    'opencv': {'OpenCV': by_opencv},
    'pil': {'Pillow': by_pillow},
    'corners': {'GDAL': by_rasterio},
}


def check(theirs: Mask, ours: Mask, painter: Painter) -> None:
    """Peers paint the same, but for a few pixels.

    OpenCV moves edges that the border of the image cuts; centres of pixels
    may lie on an edge.
    """
    differ = np.count_nonzero(theirs != ours)
    assert differ <= (0 if painter == 'pil' else 20), (painter, differ)


def paint_job(
    name: str, painter: Painter, areas: list[Rings], size: int, goal: float
) -> Job:
    """Paint a whole image beside the peers that mean the same pixels."""
    region = Region(0, 0, size, size)

    def ours() -> Mask:
        return rasterize(areas, (size, size), region, painter=painter)

    peers = {
        peer: lambda paint=paint: paint(areas, region)
        for peer, paint in PEERS[painter].items()
    }
    for paint in peers.values():
        check(paint(), ours(), painter)
    return Job(f'paint {name}, as {painter}', ours, peers, goal)


def window_job(painter: Painter, areas: list[Rings], goal: float) -> Job:
    """Paint a window beside painting the whole."""
    size, whole = (3000, 3000), Region(0, 0, 3000, 3000)
    region = Region(1100, 700, SIDE, SIDE)
    ((peer, paint),) = PEERS[painter].items()

    def ours() -> Mask:
        return rasterize(areas, size, region, painter=painter)

    def by_whole() -> Mask:
        return np.ascontiguousarray(paint(areas, whole)[region.slices])

    check(by_whole(), ours(), painter)
    exact = f'{peer}, the whole'
    return Job(
        f'paint a window of 150 outlines, as {painter}',
        ours,
        {
            exact: by_whole,
            f'{peer}, into the window': lambda: paint(areas, region),
        },
        goal,
        floor=exact,
    )


def jobs() -> list[Job]:
    """Whole images, windows, and the way back."""
    rng = np.random.default_rng(0)
    at = np.stack(np.divmod(np.arange(44 * 43)[:1862], 44), 1) * 22.5 + 16
    nuclei = [
        blob(rng, center, 9, 24)
        for center in at + rng.uniform(-2, 2, at.shape)
    ]
    large = [blob(rng, c, 120, 300) for c in rng.uniform(0, 3000, (150, 2))]
    mask = rasterize(nuclei, (1000, 1000), Region(0, 0, 1000, 1000))
    return [
        *(
            paint_job('1,862 nuclei', painter, nuclei, 1000, goal)
            for painter, goal in (('opencv', 1), ('pil', 1), ('corners', 20))
        ),
        *(
            paint_job('150 outlines', painter, large, 3000, goal)
            for painter, goal in (('opencv', 1), ('pil', 0.9), ('corners', 5))
        ),
        *(
            window_job(painter, large, goal)
            for painter, goal in (('opencv', 4), ('pil', 8), ('corners', 20))
        ),
        Job(
            'trace 1,862 nuclei around their pixels',
            lambda: trace(mask, 'corners'),
            {'GDAL': lambda: traced_by_rasterio(mask)},
            1,
        ),
    ]
