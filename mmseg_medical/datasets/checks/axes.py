"""Masks whose rows and columns are exchanged, where no size betrays it."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mmseg_medical.datasets.checks.finding import (
    About,
    Finding,
    Severity,
    names_of,
    plural,
)
from mmseg_medical.datasets.checks.observation import Observation

Array = NDArray[Any]
Small = NDArray[np.float32]
_SIDE = 128  # pixels that are enough to see outlines
_LEAST = 8  # masks that chance does not turn
_MOST = 0.8  # share of them that fit better when turned
_BETTER = 1.2  # ratio of contrasts
_OTHER = {'kaggle': 'kaggle_row', 'kaggle_row': 'kaggle'}


class Outlines:
    """Watches an image and its mask go by, and compares them if square."""

    def __init__(self) -> None:
        self.imgs: list[Small] = []
        self.masks: list[Small] = []

    def of_image(self, bands: Iterable[Array]) -> Iterator[Array]:
        """Pass bands (H, W) or (H, W, C) on; the middle channel counts."""
        for band in bands:
            if band.shape[0] == band.shape[1]:
                middle = band.shape[2] // 2 if band.ndim == 3 else 0
                self.imgs.append(_small(np.atleast_3d(band)[..., middle]))
            yield band

    def of_mask(self, bands: Iterable[Array]) -> Iterator[Array]:
        """Pass bands (H, W) of labels or (H, W, C) of planes on."""
        for band in bands:
            if band.shape[0] == band.shape[1]:
                filled = band > 0 if band.ndim == 2 else (band == 1).any(2)
                self.masks.append(_small(filled))
            yield band

    @property
    def contrasts(self) -> tuple[float, float] | None:
        """As in :attr:`Observation.contrasts`."""
        if len(self.imgs) == len(self.masks) == 1:
            return contrasts(self.imgs[0], self.masks[0])
        return None


def _small(plane: Array) -> Small:
    """A plane (H, W) of any type with few pixels."""
    plane = np.nan_to_num(plane.astype(np.float32))
    size = (_SIDE, _SIDE)
    return cv2.resize(plane, size, interpolation=cv2.INTER_AREA)


def contrasts(img: Small, mask: Small) -> tuple[float, float] | None:
    """Contrast of an image along outlines, relative to that of all of it.

    Args:
        img: (S, S) intensities.
        mask: (S, S) share of foreground, 0 to 1.

    Returns:
        Contrast with the mask as it stands, and with rows and columns
        exchanged; None where image or mask have no edge.
    """
    kernel = np.ones((3, 3), np.uint8)
    edge = cv2.morphologyEx(mask, cv2.MORPH_GRADIENT, kernel)
    slope = np.hypot(
        cv2.Sobel(img, cv2.CV_32F, 1, 0), cv2.Sobel(img, cv2.CV_32F, 0, 1)
    )
    total = float(edge.sum()) * float(slope.mean())
    if not total:
        return None
    as_is, turned = float((edge * slope).sum()), float((edge.T * slope).sum())
    return as_is / total, turned / total


def check_axes(
    observations: Sequence[Observation], about: About
) -> Iterator[Finding]:
    """Find square masks that fit their images better when they are turned."""
    seen = [o for o in observations if o.contrasts]
    found = np.array([o.contrasts for o in seen]).reshape(-1, 2)
    turned = (found[:, 1] > found[:, 0]).mean() if len(found) else 0
    as_is, other = found.mean(0) if len(found) else (1, 0)
    if len(seen) < _LEAST or turned < _MOST or other < _BETTER * as_is:
        return
    dialect = _OTHER.get(seen[0].dialect, '')
    settable = dialect and 'rle_dialect' in about.takes
    yield Finding(
        Severity.ERROR,
        'axes',
        f'{plural(len(seen), "mask")} of square images follow their edges '
        'better with rows and columns exchanged',
        names_of(seen),
        'look at the samples: '
        + (
            f'are the run lengths in dialect {dialect!r}?'
            if dialect
            else 'were the masks written with axes exchanged? turn them'
        ),
        dict(dataset=dict(rle_dialect=dialect)) if settable else {},
    )
