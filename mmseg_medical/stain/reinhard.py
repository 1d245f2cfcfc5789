"""Reinhard's colour transfer."""

from typing import Any, NamedTuple

import cv2
import numpy as np

from mmseg_medical.stain.density import Image
from mmseg_medical.stain.normalizer import StainNormalizer

_MIN_DEVIATION = 1.0  # gray levels of any channel: one colour


class Moments(NamedTuple):
    """Mean and standard deviation of L, a, b in OpenCV's 8-bit scale."""

    mean: tuple[float, ...]
    std: tuple[float, ...]


class ReinhardNormalizer(StainNormalizer):
    """Bring mean and deviation of each CIELAB channel to those of a target.

    Statistics come from the tissue, so that the share of background does not
    shift the colours; the transfer is applied to the whole image. Reinhard's
    paper uses the space of Ruderman; this follows StainTools and TIAToolbox:
    CIELAB of OpenCV with 8 bits (torchstain computes it in floats).

    Args:
        luminosity: Lightness, 0 to 1, from which on a pixel is background.
        tissue_only: Take the statistics from the tissue; False takes them
            from the whole image, as StainTools, TIAToolbox and torchstain.
        min_tissue: Share of tissue below which images pass unchanged.
        sample: Number of pixels from which on the statistics are taken from
            every n-th row.

    Source: Reinhard et al., IEEE Computer Graphics and Applications 21, 2001.
    """

    method = 'reinhard'

    def __init__(
        self,
        *,
        luminosity: float = 0.8,
        tissue_only: bool = True,
        min_tissue: float = 0.005,
        sample: int = 1_000_000,
    ) -> None:
        super().__init__()
        self.luminosity = luminosity
        self.tissue_only = tissue_only
        self.min_tissue = min_tissue
        self.sample = sample
        self.target: Moments | None = None

    def options(self) -> dict[str, Any]:
        return dict(
            luminosity=self.luminosity,
            tissue_only=self.tissue_only,
            min_tissue=self.min_tissue,
            sample=self.sample,
        )

    def restore(self, target: dict[str, Any]) -> Moments:
        return Moments(tuple(target['mean']), tuple(target['std']))

    def statistics(self, img: Image) -> Moments | None:
        step = img.shape[0] * img.shape[1] // self.sample | 1
        lab = cv2.cvtColor(
            np.ascontiguousarray(img[::step]), cv2.COLOR_RGB2LAB
        )
        tissue = cv2.inRange(
            lab, (0, 0, 0), (np.ceil(self.luminosity * 255) - 1, 255, 255)
        )
        if cv2.countNonZero(tissue) < self.min_tissue * tissue.size:
            return None
        mean, std = cv2.meanStdDev(
            lab, mask=tissue if self.tissue_only else None
        )
        if std.min() < _MIN_DEVIATION:
            return None
        return Moments(tuple(mean[:, 0].tolist()), tuple(std[:, 0].tolist()))

    def transfer(self, img: Image, source: Moments, target: Moments) -> Image:
        lab = cv2.cvtColor(img, cv2.COLOR_RGB2LAB)
        gain = np.divide(target.std, source.std)
        table = (np.arange(256)[:, None] - source.mean) * gain + target.mean
        table = np.clip(np.round(table), 0, 255).astype(np.uint8)
        cv2.LUT(lab, table[None], dst=lab)
        out: Image = cv2.cvtColor(lab, cv2.COLOR_LAB2RGB)  # type: ignore[assignment]
        return out
