"""Vahadane's structure-preserving stain normalisation."""

from typing import Any

import numpy as np

from mmseg_medical._compiled import compiled
from mmseg_medical.stain.density import (
    Density,
    FloatArray,
    Image,
    as_pixels,
)
from mmseg_medical.stain.macenko import REFERENCE, Stains
from mmseg_medical.stain.normalizer import StainNormalizer
from mmseg_medical.stain.tissue import tissue_mask

_BITS = 6  # per channel, of the colours that learning begins with
_BLOCK = 1 << 16
_MIN_ANGLE = 0.05  # radians between the stains: one stain
_MIN_SHARE = 1e-3  # of all concentrations, for the weaker of two stains


class VahadaneNormalizer(StainNormalizer):
    """Stain vectors by sparse non-negative matrix factorisation.

    The density of each pixel is taken for a non-negative mixture of two
    stains of which few take part; stains and concentrations are found by
    turns, as in dictionary learning with an L1 penalty. Here the dictionary
    is learned from a fixed start until it stands still, first from the
    colours that occur (6 bits per channel, weighted by their pixels), then
    from ``sample`` pixels: the result does not depend on a seed.

    Args:
        sparsity: L1 penalty while the stains are learned.
        penalty: L1 penalty while concentrations are computed.
        luminosity: Lightness, 0 to 1, from which on a pixel is background.
        tissue_only: Take the maxima over the tissue. By default they are
            taken over the whole image, as in StainTools.
        min_tissue: Share of tissue below which images pass unchanged.
        sample: Number of tissue pixels that the dictionary is learned from.

    Source: Vahadane et al., IEEE Transactions on Medical Imaging 35, 2016;
    definitions as StainTools 2.1.
    """

    method = 'vahadane'

    def __init__(
        self,
        *,
        sparsity: float = 0.1,
        penalty: float = 0.01,
        luminosity: float = 0.8,
        tissue_only: bool = False,
        min_tissue: float = 0.005,
        sample: int = 200_000,
    ) -> None:
        super().__init__()
        self.density = Density(255, 0)
        self.sparsity = sparsity
        self.penalty = penalty
        self.luminosity = luminosity
        self.tissue_only = tissue_only
        self.min_tissue = min_tissue
        self.sample = sample
        self.target: Stains | None = None

    def options(self) -> dict[str, Any]:
        return dict(
            sparsity=self.sparsity,
            penalty=self.penalty,
            luminosity=self.luminosity,
            tissue_only=self.tissue_only,
            min_tissue=self.min_tissue,
            sample=self.sample,
        )

    def restore(self, target: dict[str, Any]) -> Stains:
        return Stains.from_arrays(**target)

    def statistics(self, img: Image) -> Stains | None:
        pixels = as_pixels(img)
        tissue = tissue_mask(img, luminosity=self.luminosity).reshape(-1) > 0
        stained = pixels[tissue]
        if stained.shape[0] < max(2, self.min_tissue * pixels.shape[0]):
            return None
        table = self.density.table()
        matrix = self._stains(stained, table)
        if matrix is None:
            return None
        maxima = _maxima(
            stained if self.tissue_only else pixels,
            matrix,
            table,
            self.penalty,
        )
        if maxima.min() <= 0:
            return None
        return Stains.from_arrays(matrix, maxima)

    def _stains(self, stained: Image, table: FloatArray) -> FloatArray | None:
        """Stain vectors (2, 3) of tissue pixels; None for one stain."""
        atoms = np.array(REFERENCE.matrix)
        atoms /= np.linalg.norm(atoms, axis=1, keepdims=True)
        step = stained.shape[0] // self.sample | 1
        density = table[np.ascontiguousarray(stained[::step].T)]
        share = np.full(density.shape[1], 1 / density.shape[1])
        for colours, weight in (_colours(stained, table), (density, share)):
            if not _learn(atoms, colours, weight, self.sparsity):
                return None
        atoms /= np.linalg.norm(atoms, axis=1, keepdims=True)
        if atoms[0] @ atoms[1] > np.cos(_MIN_ANGLE):
            return None
        return atoms[np.argsort(-atoms[:, 0])]  # haematoxylin absorbs red

    def transfer(self, img: Image, source: Stains, target: Stains) -> Image:
        pixels = as_pixels(img)
        out = np.empty_like(pixels)
        gain = np.divide(target.maxima, source.maxima)
        mix = gain[:, None] * np.asarray(target.matrix)
        matrix = np.asarray(source.matrix)
        table = self.density.table()
        for first in range(0, pixels.shape[0], _BLOCK):
            density = table[pixels[first : first + _BLOCK].T]
            amount = _concentrations(density, matrix, self.penalty)
            level = self.density.intensity(amount.T @ mix)
            out[first : first + _BLOCK] = level + 0.5
        return out.reshape(img.shape)


def _colours(
    pixels: Image, table: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Mean density (3, K) and share of pixels (K,) of coarse colours."""
    coarse = (pixels >> (8 - _BITS)).astype(np.int32)
    code = (coarse[:, 0] << 2 * _BITS) + (coarse[:, 1] << _BITS) + coarse[:, 2]
    size = 1 << 3 * _BITS
    count = np.bincount(code, minlength=size)
    used = np.flatnonzero(count)
    density = np.stack(
        [np.bincount(code, table[pixels[:, c]], size)[used] for c in range(3)]
    )
    share = count[used]
    return density / share, share / share.sum()


def _learn(
    atoms: FloatArray,
    density: FloatArray,
    share: FloatArray,
    sparsity: float,
    rounds: int = 500,
) -> bool:
    """Improve the stains (2, 3) in place; False where one is not needed."""
    for _ in range(rounds):
        amount = _concentrations(density, atoms, sparsity)
        weighted = amount * share
        gram, cross = weighted @ amount.T, weighted @ density.T
        if np.diag(gram).min() <= _MIN_SHARE**2 * np.diag(gram).max():
            return False
        before = atoms.copy()
        for j in range(2):
            atom = atoms[j] + (cross[j] - gram[j] @ atoms) / gram[j, j]
            atom = np.maximum(atom, 0)
            norm = np.linalg.norm(atom)
            if norm < 1e-6:
                return False
            atoms[j] = atom / max(norm, 1)
        if np.abs(atoms - before).max() < 1e-4:
            break
    return True


def _sparse_code_numpy(
    inner: FloatArray, gram: FloatArray, penalty: float
) -> FloatArray:
    (g00, g01), (_, g11) = gram
    b = inner - penalty
    both = np.array([[g11, -g01], [-g01, g00]]) @ b / (g00 * g11 - g01 * g01)
    edge = np.maximum(b, 0) / np.array([[g00], [g11]])
    first = edge[0] * b[0] >= edge[1] * b[1]
    return np.where((both >= 0).all(0), both, edge * [first, ~first])


@compiled(_sparse_code_numpy)
def _sparse_code(
    inner: FloatArray, gram: FloatArray, penalty: float
) -> FloatArray:
    """Non-negative lasso with two atoms, in closed form.

    Minimises ``|x - a @ atoms|^2 / 2 + penalty * sum(a)`` over a >= 0: the
    optimum without the bound where that is inside, else on the better edge.

    Args:
        inner: (2, K) inner products of the atoms with the densities.
        gram: (2, 2) inner products of the atoms.
        penalty: Weight of the L1 norm.

    Returns:
        (2, K) concentrations a.
    """
    g00, g01, g11 = gram[0, 0], gram[0, 1], gram[1, 1]
    scale = 1 / (g00 * g11 - g01 * g01)
    out = np.empty_like(inner)
    x0, x1 = inner[0], inner[1]
    out0, out1 = out[0], out[1]
    for i in range(x0.size):
        b0, b1 = x0[i] - penalty, x1[i] - penalty
        a0 = (g11 * b0 - g01 * b1) * scale
        a1 = (g00 * b1 - g01 * b0) * scale
        edge0, edge1 = max(b0, 0.0) / g00, max(b1, 0.0) / g11
        first = edge0 * b0 >= edge1 * b1
        inside = (a0 >= 0) & (a1 >= 0)
        out0[i] = a0 if inside else (edge0 if first else 0.0)
        out1[i] = a1 if inside else (0.0 if first else edge1)
    return out


def _concentrations(
    density: FloatArray, atoms: FloatArray, penalty: float
) -> FloatArray:
    """Concentrations (2, K) of two stains (2, 3) in densities (3, K)."""
    return _sparse_code(atoms @ density, atoms @ atoms.T, penalty)


def _maxima(
    pixels: Image, atoms: FloatArray, table: FloatArray, penalty: float
) -> FloatArray:
    """99th percentile of each concentration, from a fine histogram."""
    top = table.max() * atoms.sum(1) / (atoms**2).sum(1)
    bins = 1 << 16
    counts = np.zeros((2, bins), np.int64)
    for first in range(0, pixels.shape[0], _BLOCK):
        density = table[pixels[first : first + _BLOCK].T]
        amount = _concentrations(density, atoms, penalty)
        index = np.minimum(amount.T * (bins / top), bins - 1).astype(np.int64)
        for k in range(2):
            counts[k] += np.bincount(index[:, k], minlength=bins)
    rank = 0.99 * (pixels.shape[0] - 1)
    place = [np.searchsorted(np.cumsum(c), rank, side='right') for c in counts]
    return (np.array(place) + 0.5) * top / bins
