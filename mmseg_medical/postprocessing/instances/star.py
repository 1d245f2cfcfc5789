"""Nuclei from star-convex polygons, as StarDist finds them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmseg_medical._compiled import compiled
from mmseg_medical.postprocessing.instances.decoder import (
    Decoder,
    Floats,
    Instances,
    IntArray,
)


class StarDecoder(Decoder):
    """Instances of a head ``star``; see :func:`star_labels`.

    The score of a nucleus is that of its polygon.

    Args:
        score_thr: Score from which on a pixel is the middle of a polygon.
        overlap_thr: Share of the smaller one of two polygons above which the
            one of the lower score is left out.
        min_size: Pixels of the smallest nucleus.

    Example:
        >>> test_cfg = dict(instances=dict(type='StarDecoder'))
    """

    map_name = 'star'

    def __init__(
        self,
        *,
        score_thr: float = 0.5,
        overlap_thr: float = 0.4,
        min_size: int = 10,
    ) -> None:
        self.score_thr = score_thr
        self.overlap_thr = overlap_thr
        self.min_size = min_size

    def __call__(
        self, prob: Floats, probs: Floats, values: Floats | None
    ) -> Instances:
        assert values is not None
        labels, scores = star_labels(
            values[0],
            values[1:],
            score_thr=self.score_thr,
            overlap_thr=self.overlap_thr,
        )
        certainty = np.append(0, scores).astype(np.float32)[labels]
        return Instances.of(labels, certainty, self.min_size)


def star_labels(
    scores: Floats,
    rays: Floats,
    *,
    score_thr: float = 0.5,
    overlap_thr: float = 0.4,
) -> tuple[IntArray, Floats]:
    """Label the polygons that are left when they suppress each other.

    The polygon of the highest score comes first; one that shares more than
    ``overlap_thr`` of its pixels, or of those of an earlier one, with it is
    left out. Pixels belong to the earliest polygon.

    Args:
        scores: (H, W) in [0, 1].
        rays: (R, H, W) distances in pixels, as
            :func:`mmseg_medical.instance_maps.ray_map` has them.
        score_thr: As :class:`StarDecoder`.
        overlap_thr: As :class:`StarDecoder`.

    Returns:
        (H, W) labels from 1 on, by falling score; 0 in the background. (n,)
        their scores.

    Reference: Schmidt et al., MICCAI 2018, arXiv:1806.03535, where polygons
        are clipped instead of counted in pixels
    """
    labels = np.zeros(scores.shape, np.int32)
    rows, columns = np.nonzero(scores >= score_thr)
    order = np.argsort(-scores[rows, columns], kind='stable')
    places = np.stack([rows[order], columns[order]], 1)
    kept = np.zeros(len(places), np.bool_)
    if len(places):
        own: Any = rays[:, places[:, 0], places[:, 1]].T
        reach = int(min(np.ceil(own.max()), max(scores.shape)))
        angles = 2 * np.pi * np.arange(len(rays)) / len(rays)
        points = np.stack([np.sin(angles), np.cos(angles)], 1)
        corners = own[..., None].astype(np.float64) * points
        sectors = _sectors(reach, len(rays))
        _suppress(places, corners, sectors, overlap_thr, labels, kept)
    return labels, scores[tuple(places[kept].T)]


def _sectors(reach: int, num_rays: int) -> NDArray[np.int64]:
    """Ray before each offset, (2 reach + 1, 2 reach + 1)."""
    down, across = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    turns = np.arctan2(down, across) / (2 * np.pi) % 1
    sectors: NDArray[np.int64] = (turns * num_rays).astype(np.int64) % num_rays
    return sectors


def _suppress_one_by_one(
    places: NDArray[np.int64],
    corners: NDArray[np.float64],
    sectors: NDArray[np.int64],
    overlap_thr: float,
    labels: IntArray,
    kept: NDArray[np.bool_],
) -> None:
    """Paint polygons in order, of which (N, R, 2) are the corners (y, x)."""
    reach = len(sectors) // 2
    areas = [0]
    for n, (row, column) in enumerate(places):
        low = np.maximum(np.floor(corners[n].min(0)), -reach).astype(int)
        high = np.minimum(np.ceil(corners[n].max(0)), reach).astype(int)
        low = np.maximum(low, (-row, -column))
        high = np.minimum(
            high, (labels.shape[0] - 1 - row, labels.shape[1] - 1 - column)
        )
        y, x = np.mgrid[low[0] : high[0] + 1, low[1] : high[1] + 1]
        k = sectors[y + reach, x + reach]
        ay, ax = corners[n][k].transpose(2, 0, 1)
        by, bx = corners[n][(k + 1) % corners.shape[1]].transpose(2, 0, 1)
        side = (bx - ax) * (y - ay) - (by - ay) * (x - ax)
        origin = (by - ay) * ax - (bx - ax) * ay
        inside = (side * origin > 0) | ((side == 0) & (origin != 0))
        window = labels[
            row + low[0] : row + high[0] + 1,
            column + low[1] : column + high[1] + 1,
        ]
        area = int(inside.sum())
        shared = np.bincount(window[inside], minlength=1)
        least = np.minimum(area, areas[: len(shared)])
        if area and not (shared[1:] > overlap_thr * least[1:]).any():
            kept[n] = True
            window[inside & (window == 0)] = len(areas)
            areas.append(area)


@compiled(_suppress_one_by_one)
def _suppress(
    places: Any,
    corners: Any,
    sectors: Any,
    overlap_thr: Any,
    labels: Any,
    kept: Any,
) -> None:
    reach = len(sectors) // 2
    height, width = labels.shape
    rays = corners.shape[1]
    areas = np.zeros(len(places) + 1, np.int64)
    shared = np.zeros(len(places) + 1, np.int64)
    met = np.zeros(len(places) + 1, np.int64)
    count = 0
    inside = np.zeros((2 * reach + 1, 2 * reach + 1), np.bool_)
    for n in range(len(places)):
        row, column = places[n]
        top, left, bottom, right = 0.0, 0.0, 0.0, 0.0
        for k in range(rays):
            top, bottom = (
                min(top, corners[n, k, 0]),
                max(bottom, corners[n, k, 0]),
            )
            left, right = (
                min(left, corners[n, k, 1]),
                max(right, corners[n, k, 1]),
            )
        y0 = max(int(np.floor(top)), -reach, -row)
        x0 = max(int(np.floor(left)), -reach, -column)
        y1 = min(int(np.ceil(bottom)), reach, height - 1 - row)
        x1 = min(int(np.ceil(right)), reach, width - 1 - column)
        area, labels_met = 0, 0
        for y in range(y0, y1 + 1):
            for x in range(x0, x1 + 1):
                k = sectors[y + reach, x + reach]
                ay, ax = corners[n, k]
                after = (k + 1) % rays
                by, bx = corners[n, after]
                side = (bx - ax) * (y - ay) - (by - ay) * (x - ax)
                origin = (by - ay) * ax - (bx - ax) * ay
                within = side * origin > 0 or (side == 0 and origin != 0)
                inside[y + reach, x + reach] = within
                if within:
                    area += 1
                    own = labels[row + y, column + x]
                    if own > 0:
                        if shared[own] == 0:
                            met[labels_met] = own
                            labels_met += 1
                        shared[own] += 1
        left_out = area == 0
        for k in range(labels_met):
            own = met[k]
            if shared[own] > overlap_thr * min(area, areas[own]):
                left_out = True
            shared[own] = 0
        if left_out:
            continue
        kept[n] = True
        count += 1
        areas[count] = area
        for y in range(y0, y1 + 1):
            for x in range(x0, x1 + 1):
                if inside[y + reach, x + reach]:
                    if labels[row + y, column + x] == 0:
                        labels[row + y, column + x] = count
