"""Macenko's stain separation and normalisation."""

from typing import Any, NamedTuple

import numpy as np

from mmseg_medical.stain.density import (
    Density,
    FloatArray,
    Image,
    as_pixels,
    moments,
    ratio_percentiles,
    recolor,
    sum_percentiles,
)
from mmseg_medical.stain.normalizer import StainNormalizer

_MIN_DEVIATION = 0.03  # of the density along the first axis: one colour
_MIN_ANGLE = 0.05  # radians between the stains: one stain


class Stains(NamedTuple):
    """Two stains of an image.

    Attributes:
        matrix: Unit vectors of optical density as rows (haematoxylin,
            eosin) of red, green, blue.
        maxima: 99th percentile of the concentration of each stain.
    """

    matrix: tuple[tuple[float, float, float], ...]
    maxima: tuple[float, float]

    @classmethod
    def from_arrays(cls, matrix: Any, maxima: Any) -> 'Stains':
        """From (2, 3) and (2,) arrays."""
        rows = np.asarray(matrix, np.float64).reshape(2, 3)
        first, second = np.asarray(maxima, np.float64).reshape(2).tolist()
        return cls(
            tuple((r, g, b) for r, g, b in rows.tolist()), (first, second)
        )


# Of the authors' MATLAB code, which torchstain uses as well.
REFERENCE = Stains(
    ((0.5626, 0.7201, 0.4062), (0.2159, 0.8012, 0.5581)), (1.9705, 1.0308)
)


class MacenkoNormalizer(StainNormalizer):
    """Stain vectors from the extreme directions of the optical density.

    The densities of the pixels of two stains lie between two directions of a
    plane; the plane is spanned by the two main axes of their covariance, the
    directions are low and high percentiles of the angle in it. Concentrations
    follow by least squares; their 99th percentiles are brought to those of
    the target.

    Angles and maxima are taken over all pixels; the main axes of images
    beyond ``sample`` pixels come from every n-th row, which moves the output
    by at most one gray level.

    Args:
        white: Intensity of unstained background, 0 to 255.
        beta: Pixels with a density below it in any channel are background.
        alpha: Percentile of the angle that is taken for a pure stain.
        tissue_only: Take the maxima over pixels that are stained at all
            (density of beta in any channel). By default they are taken over
            the whole image, as in torchstain, StainTools and TIAToolbox: an
            image that is mostly background then comes out stronger.
        min_tissue: Share of tissue below which images pass unchanged.
        sample: Number of pixels from which on the main axes are estimated
            from every n-th row.

    Source: Macenko et al., ISBI 2009; numbers as torchstain 1.4.
    """

    method = 'macenko'

    def __init__(
        self,
        *,
        white: float = 240,
        beta: float = 0.15,
        alpha: float = 1,
        tissue_only: bool = False,
        min_tissue: float = 0.005,
        sample: int = 3_000_000,
    ) -> None:
        super().__init__()
        self.density = Density(white, 1)
        self.beta = beta
        self.alpha = alpha
        self.tissue_only = tissue_only
        self.min_tissue = min_tissue
        self.sample = sample
        self.target: Stains = REFERENCE

    def options(self) -> dict[str, Any]:
        return dict(
            white=self.density.white,
            beta=self.beta,
            alpha=self.alpha,
            tissue_only=self.tissue_only,
            min_tissue=self.min_tissue,
            sample=self.sample,
        )

    def restore(self, target: dict[str, Any]) -> Stains:
        return Stains.from_arrays(**target)

    def statistics(self, img: Image) -> Stains | None:
        pixels = as_pixels(img)
        table = self.density.table()
        darkest = int(np.flatnonzero(table >= self.beta)[-1])
        # An odd step, or all rows meet the same phase of JPEG's blocks.
        step = pixels.shape[0] // self.sample | 1
        some = as_pixels(img[::step])
        count, _, covariance = moments(some, table, darkest)
        if count < max(2, self.min_tissue * some.shape[0]):
            return None
        axes = self._axes(covariance)
        if axes is None:
            return None
        first, second = axes[:, :, None] * table  # (3, 256) each
        low, high = ratio_percentiles(
            pixels, second, first, darkest, [self.alpha, 100 - self.alpha]
        )
        if np.arctan(high) - np.arctan(low) < _MIN_ANGLE:
            return None
        pure = axes[0] + np.array([[low], [high]]) * axes[1]
        pure /= np.linalg.norm(pure, axis=1, keepdims=True)
        matrix = pure[np.argsort(-pure[:, 0])]  # haematoxylin absorbs red
        unmix = np.linalg.pinv(matrix.T)
        maxima = sum_percentiles(
            pixels,
            unmix[:, :, None] * table,
            darkest if self.tissue_only else 255,
            99,
        )
        if maxima.min() <= 0:
            return None
        return Stains.from_arrays(matrix, maxima)

    @staticmethod
    def _axes(covariance: FloatArray) -> FloatArray | None:
        """First and second main axis as rows; None for one colour."""
        values, vectors = np.linalg.eigh(covariance)
        if values[2] < _MIN_DEVIATION**2:
            return None
        first, second = vectors[:, 2], vectors[:, 1]
        return np.stack([first if first.sum() > 0 else -first, second])

    def transfer(self, img: Image, source: Stains, target: Stains) -> Image:
        gain = np.divide(target.maxima, source.maxima)
        unmix = np.linalg.pinv(np.transpose(source.matrix))
        matrix = np.transpose(target.matrix) @ (gain[:, None] * unmix)
        return recolor(img, matrix, np.zeros(3), self.density)
