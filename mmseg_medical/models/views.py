"""Views of an image for test time augmentation, and how they are merged."""

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from mmseg_medical.contrast import clahe

# Each symmetry as (transpose, flip rows, flip columns), in this order.
SYMMETRIES = {
    'identity': (False, False, False),
    'hflip': (False, False, True),
    'vflip': (False, True, False),
    'rot180': (False, True, True),
    'transpose': (True, False, False),
    'rot90': (True, True, False),
    'rot270': (True, False, True),
    'transverse': (True, True, True),
}
GROUPS = {
    'hflip': ('identity', 'hflip'),
    'flips': ('identity', 'hflip', 'vflip', 'rot180'),
    'd4': tuple(SYMMETRIES),
}
MERGES = ('mean', 'geometric', 'max')


def apply_symmetry(x: Tensor, name: str) -> Tensor:
    """Apply a symmetry of the square to the last two axes."""
    transpose, rows, columns = SYMMETRIES[name]
    if transpose:
        x = x.transpose(-1, -2)
    return _flip(x, rows, columns)


def undo_symmetry(x: Tensor, name: str) -> Tensor:
    """Undo :func:`apply_symmetry`, exactly and for every size."""
    transpose, rows, columns = SYMMETRIES[name]
    x = _flip(x, rows, columns)
    return x.transpose(-1, -2) if transpose else x


def _flip(x: Tensor, rows: bool, columns: bool) -> Tensor:
    axes = [axis for axis, on in ((-2, rows), (-1, columns)) if on]
    return x.flip(axes) if axes else x


class Variant(NamedTuple):
    """An image at another scale, contrast or brightness.

    Attributes:
        scale: Factor of the sides, above 0.
        brightness: Added to all intensities, in their unit.
        clahe: Clip limit of CLAHE on the whole image, above 0; None leaves
            the contrast. The image has to be uint8 or uint16 with 1 or 3
            channels, then.
        weight: Weight of this variant among all, above 0.
    """

    scale: float = 1.0
    brightness: float = 0.0
    clahe: float | None = None
    weight: float = 1.0

    @classmethod
    def of(cls, cfg: dict[str, Any]) -> 'Variant':
        """From a config.

        Raises:
            ValueError: If a key is unknown or a value out of range.
        """
        unknown = set(cfg) - set(cls._fields)
        if unknown:
            raise ValueError(
                f'unknown keys {sorted(unknown)} of a TTA variant: expected '
                f'some of {cls._fields}'
            )
        variant = cls(**cfg)
        for key, value in variant._asdict().items():
            if key == 'clahe' and value is None:
                continue
            number = isinstance(value, (int, float))
            if not number or (key != 'brightness' and not value > 0):
                above = '' if key == 'brightness' else ' above 0'
                raise ValueError(
                    f'{key} of a TTA variant is {value!r}, expected a number'
                    f'{above}'
                )
        return variant

    def apply(self, img: Tensor) -> Tensor:
        """The variant of an image (C, H, W), as loaded (BGR)."""
        if self.clahe is not None:
            pixels = np.ascontiguousarray(img.permute(1, 2, 0).cpu().numpy())
            pixels = clahe(pixels, self.clahe, bgr=True)
            img = torch.from_numpy(pixels).permute(2, 0, 1).to(img.device)
        if self.brightness:
            bright = img.float() + self.brightness
            if not img.is_floating_point():
                top = torch.iinfo(img.dtype).max
                bright = bright.round().clamp(0, top)
            img = bright.to(img.dtype)
        if self.scale != 1:
            size = [max(1, round(n * self.scale)) for n in img.shape[1:]]
            scaled = resize(img.float(), size, antialias=True)
            if not img.is_floating_point():
                scaled = scaled.round()
            img = scaled.to(img.dtype)
        return img


class Merge:
    """Running merge of probability maps.

    Args:
        kind: ``'mean'``; ``'geometric'``, the mean of the logits, so that
            probabilities of a pixel still add up to 1; or ``'max'``.
        exclusive: Whether the channels exclude each other and add up to 1.
        planes: Channels that are probabilities; of those below them the mean
            is taken. None are all.

    Raises:
        ValueError: If ``kind`` is none of these.
    """

    def __init__(
        self,
        kind: str = 'mean',
        *,
        exclusive: bool = False,
        planes: int | None = None,
    ) -> None:
        if kind not in MERGES:
            raise ValueError(f'merge is one of {MERGES}, got {kind!r}')
        self.kind = kind
        self.exclusive = exclusive
        self.planes = planes
        self.weight = 0.0
        self._sum: Tensor | None = None
        self._below = None if planes is None else Merge()

    def add(self, probs: Tensor, weight: float = 1.0) -> None:
        """Add probabilities (C, H, W); ``'max'`` has no use for weights."""
        self.weight += weight
        if self._below is not None:
            self._below.add(probs[self.planes :], weight)
            probs = probs[: self.planes]
        if self.kind == 'geometric':
            probs = probs.float().clamp(1e-7, 1 - 1e-7)
            probs = probs.log() if self.exclusive else probs.logit()
        if self.kind == 'max':
            old = probs if self._sum is None else self._sum
            self._sum = torch.maximum(old, probs)
        elif self._sum is None:
            self._sum = probs if weight == 1 else probs * weight
        else:
            self._sum = self._sum + probs * weight

    def result(self) -> Tensor:
        """The merged probabilities (C, H, W).

        Raises:
            ValueError: If nothing was added.
        """
        if self._sum is None:
            raise ValueError('nothing to merge')
        merged = self._merged(self._sum)
        if self._below is not None:
            merged = torch.cat([merged, self._below.result()])
        return merged

    def _merged(self, total: Tensor) -> Tensor:
        if self.kind == 'max':
            return total
        mean = total if self.weight == 1 else total / self.weight
        if self.kind == 'mean':
            return mean
        return mean.softmax(-3) if self.exclusive else mean.sigmoid()


def resize(x: Tensor, size: Any, *, antialias: bool = False) -> Tensor:
    """Resize (C, h, w) to (C, H, W), bilinear between pixel centres."""
    if x.shape[1:] == tuple(size):
        return x
    return torch.nn.functional.interpolate(
        x[None], tuple(size), mode='bilinear', antialias=antialias
    )[0]
