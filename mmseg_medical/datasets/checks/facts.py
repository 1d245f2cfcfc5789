"""From the pixels of an image or a mask to the numbers that are kept."""

import hashlib
import itertools
from collections import Counter
from collections.abc import Iterable
from functools import reduce
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mmseg_medical.datasets.checks.observation import (
    SHARES,
    ImageFacts,
    MaskFacts,
)

Array = NDArray[Any]
_SAMPLED = 1_000_000  # pixels of a channel that quantiles are taken of
_CHUNK = 1 << 20  # pixels that are counted at a time
# More labels than this are no classes but shades or objects.
MOST_LABELS = 64
SIZE_BINS = 80
_LEVELS = {'uint8': 256, 'uint16': 65536}


def image_facts(bands: Iterable[Array]) -> ImageFacts:
    """Look at an image.

    Args:
        bands: (H, W) or (H, W, C) of any type of numbers, from top to
            bottom; an image that fits into memory is one band.

    Raises:
        ValueError: If there is no band.
    """
    digest = hashlib.blake2b(digest_size=16)
    height, finite = 0, True
    channels: list[_Channel] = []
    band = None
    for band in bands:
        band = band[..., None] if band.ndim == 2 else band
        band = np.ascontiguousarray(band)
        digest.update(band.data)
        height += len(band)
        if band.dtype.kind in 'fc':
            finite = finite and bool(np.isfinite(band).all())
        channels = channels or [_Channel() for _ in range(band.shape[2])]
        for c, channel in enumerate(channels):
            channel.add(band, c)
    if band is None:
        raise ValueError('an image has at least one band')
    shape = (height, *band.shape[1:])
    digest.update(f'{shape} {band.dtype}'.encode())
    return ImageFacts(
        shape=shape,
        dtype=str(band.dtype),
        quantiles=np.array([channel.quantiles() for channel in channels]),
        finite=finite,
        digest=digest.hexdigest(),
    )


class _Channel:
    """Intensities of a channel: all of them up to 16 bits, else a sample."""

    def __init__(self) -> None:
        self.counts: Any = 0
        self.sampled: list[Array] = []
        self.ends: list[float] = []

    def add(self, band: Array, c: int) -> None:
        levels = _LEVELS.get(str(band.dtype))
        if levels:
            found = cv2.calcHist([band], [c], None, [levels], [0, levels])
            self.counts += found.reshape(-1).astype(np.int64)
            return
        flat = band[..., c].reshape(-1)
        if flat.dtype.kind == 'f':
            flat = flat[np.isfinite(flat)]
        if flat.size:
            self.ends += [float(flat.min()), float(flat.max())]
            step = -(-flat.size // _SAMPLED)
            self.sampled.append(flat[::step].astype(np.float64))

    def quantiles(self) -> NDArray[np.float64]:
        """Values at SHARES; the ends are exact."""
        if isinstance(self.counts, np.ndarray):
            up_to = np.cumsum(self.counts)
            at = np.searchsorted(up_to, np.array(SHARES) * up_to[-1])
            at[0] = np.flatnonzero(self.counts)[0]
            return at.astype(np.float64)
        if not self.ends:
            return np.full(len(SHARES), np.nan)
        found = np.quantile(np.concatenate(self.sampled), SHARES)
        found[0], found[-1] = min(self.ends), max(self.ends)
        return found


def mask_facts(
    bands: Iterable[Array], *, ignore_index: int = 255, stored: bool = False
) -> MaskFacts:
    """Look at a mask.

    Args:
        bands: (H, W) integers, or (H, W, C) planes of 0 and 1, from top to
            bottom. Components are counted where there is one band.
        ignore_index: Label of pixels that do not count.
        stored: Whether labels are the values of a file, and nobody says what
            they mean: the only value 255 is then class 1.

    Raises:
        ValueError: If there is no band.
    """
    digest = hashlib.blake2b(digest_size=16)
    areas: Counter[int] = Counter()
    shared: Counter[tuple[int, int]] = Counter()
    sizes: dict[int, NDArray[np.int32]] = {}
    height = covered = 0
    band = None
    for number, band in enumerate(bands):
        by_class = band.transpose(2, 0, 1) if band.ndim == 3 else band
        by_class = np.ascontiguousarray(by_class)
        digest.update(by_class.data)
        height += len(band)
        if band.ndim == 3:
            planes = {c: plane == 1 for c, plane in enumerate(by_class)}
            found = {c: np.count_nonzero(plane) for c, plane in planes.items()}
            ignored = reduce(np.logical_and, by_class == ignore_index)
            found[ignore_index] = np.count_nonzero(ignored)
            shared.update(_shared(planes))
            filled = reduce(np.logical_or, planes.values())
            covered += np.count_nonzero(filled)
        else:
            found = count_values(band)
            few = found if len(found) <= MOST_LABELS else ()
            planes = {k: band == k for k in few if k}
        areas.update(found)
        kept = {k: plane for k, plane in planes.items() if found[k]}
        sizes = {} if number else _component_sizes(kept)
    if band is None:
        raise ValueError('a mask has at least one band')
    shape = (height, *band.shape[1:])
    digest.update(f'{shape} {band.dtype}'.encode())
    values = dict(areas) if stored else None
    if stored and 255 in areas and not set(areas) - {0, 255}:
        areas[1] = areas.pop(255)
        sizes = {1: sizes[255]} if sizes else {}
    out = areas.pop(ignore_index, 0)
    sizes.pop(ignore_index, None)
    if band.ndim == 2:
        covered = sum(areas.values()) - areas[0]
    return MaskFacts(
        shape=shape[:2],
        planes=band.shape[2] if band.ndim == 3 else None,
        areas=dict(areas),
        covered=covered,
        ignored=out,
        sizes=sizes,
        shared=dict(shared),
        values=values,
        digest=digest.hexdigest(),
    )


def count_values(labels: Array) -> dict[int, int]:
    """Pixels of each value that occurs, in rising order."""
    flat = np.ascontiguousarray(labels).reshape(-1)
    levels = _LEVELS.get(str(flat.dtype))
    if not levels:
        found = np.unique(flat, return_counts=True)
        return dict(zip(*(a.tolist() for a in found), strict=True))
    counts = np.zeros(levels, np.int64)
    for start in range(0, flat.size, _CHUNK):  # bincount makes int64 of it
        part = flat[start : start + _CHUNK]
        counts += np.bincount(part, minlength=levels)
    return {int(k): int(counts[k]) for k in np.flatnonzero(counts)}


def _shared(planes: dict[int, NDArray[np.bool_]]) -> dict[Any, int]:
    """Pixels of both of two classes, where there are any."""
    filled = [c for c, plane in planes.items() if plane.any()]
    pairs = itertools.combinations(filled, 2)
    counts = {
        (a, b): int(np.count_nonzero(planes[a] & planes[b])) for a, b in pairs
    }
    return {pair: count for pair, count in counts.items() if count}


def _component_sizes(
    planes: dict[int, NDArray[np.bool_]],
) -> dict[int, NDArray[np.int32]]:
    sizes = {}
    for k, plane in planes.items():
        rows, columns = (np.flatnonzero(plane.any(a)) for a in (1, 0))
        around = (slice(i[0], i[-1] + 1) for i in (rows, columns))
        pixels = np.ascontiguousarray(plane[tuple(around)]).view(np.uint8)
        stats = cv2.connectedComponentsWithStats(pixels, connectivity=8)[2]
        areas = stats[1:, cv2.CC_STAT_AREA]
        halves = np.floor(2 * np.log2(areas)).astype(int)
        sizes[k] = np.bincount(halves, minlength=SIZE_BINS).astype(np.int32)
    return sizes
