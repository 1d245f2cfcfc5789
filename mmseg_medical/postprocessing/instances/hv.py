"""Nuclei from horizontal and vertical maps, as HoVer-Net finds them."""

from typing import Any

import cv2
import numpy as np
from scipy import ndimage

from mmseg_medical.postprocessing.instances.decoder import (
    Decoder,
    Floats,
    Instances,
    IntArray,
    without_small,
)
from mmseg_medical.postprocessing.watershed import flood


class HVDecoder(Decoder):
    """Instances of a head ``hv``; see :func:`hv_labels`.

    Args:
        mask_thr: Probability from which on a pixel belongs to a nucleus.
        edge_thr: Steepness in [0, 1] from which on it belongs to a border.
        slope_size: Width of the slopes in pixels, odd, at most 31.
        min_size: Pixels of the smallest nucleus, and of the smallest marker.

    Example:
        >>> test_cfg = dict(instances=dict(type='HVDecoder', min_size=10))
    """

    map_name = 'hv'

    def __init__(
        self,
        *,
        mask_thr: float = 0.5,
        edge_thr: float = 0.4,
        slope_size: int = 21,
        min_size: int = 10,
    ) -> None:
        self.mask_thr = mask_thr
        self.edge_thr = edge_thr
        self.slope_size = slope_size
        self.min_size = min_size

    def __call__(
        self, prob: Floats, probs: Floats, values: Floats | None
    ) -> Instances:
        assert values is not None
        labels = hv_labels(
            prob,
            values,
            mask_thr=self.mask_thr,
            edge_thr=self.edge_thr,
            slope_size=self.slope_size,
            min_size=self.min_size,
        )
        return Instances.of(labels, prob, self.min_size)


def hv_labels(
    prob: Floats,
    hv: Floats,
    *,
    mask_thr: float = 0.5,
    edge_thr: float = 0.4,
    slope_size: int = 21,
    min_size: int = 10,
) -> IntArray:
    """Label nuclei, parted where their places start anew.

    Places fall from 1 to -1 where two nuclei touch. What is left of the mask
    without these slopes marks a nucleus each; the markers are flooded, flat
    places first. Slopes are relative to the steepest of the image.

    Args:
        prob: (H, W) probability of a nucleus.
        hv: (2, H, W) horizontal and vertical place, in [-1, 1].
        mask_thr: As :class:`HVDecoder`.
        edge_thr: As :class:`HVDecoder`.
        slope_size: As :class:`HVDecoder`.
        min_size: As :class:`HVDecoder`.

    Returns:
        (H, W) labels from 1 on, 0 in the background.

    Reference: Graham et al., Medical Image Analysis 58 (2019),
        arXiv:1812.06499
    """
    mask = without_small(prob >= mask_thr, min_size) > 0
    if not mask.any():
        return np.zeros(prob.shape, np.int32)
    edges = np.maximum(
        _edges(hv[0], 1, 0, slope_size), _edges(hv[1], 0, 1, slope_size)
    )
    edges = np.maximum(edges - ~mask, 0)
    surface: Any = np.where(mask, edges - 1, 0).astype(np.float32)
    surface = cv2.GaussianBlur(surface, (3, 3), 0)
    inner = ndimage.binary_fill_holes(mask & (edges < edge_thr))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
    inner = cv2.morphologyEx(inner.astype(np.uint8), cv2.MORPH_OPEN, disc)
    markers = without_small(inner > 0, min_size)
    return flood(surface, markers, mask, connectivity=4)


def _edges(places: Floats, dx: int, dy: int, size: int) -> Floats:
    """Where places fall along their axis: (H, W), 1 where most steeply."""
    slope = cv2.Sobel(
        np.ascontiguousarray(places, np.float32),
        cv2.CV_32F,
        dx,
        dy,
        ksize=size,
    )
    low, high = float(slope.min()), float(slope.max())
    return (high - slope) / max(high - low, 1e-12)
