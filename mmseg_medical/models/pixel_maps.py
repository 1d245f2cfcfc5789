"""What the numbers of map heads mean when an image is turned or scaled."""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from mmseg_medical.models.views import (
    SYMMETRIES,
    Merge,
    resize,
    undo_symmetry,
)


class Kind(NamedTuple):
    """How the channels of a map behave; all take (…, C, H, W).

    Attributes:
        activate: What the head gives, as the numbers of the target.
        undo: Channels of a turned image, whose pixels are back in place, as
            those of the image; takes the name of the symmetry.
        scale: Channels of an image, as those of one whose sides are longer
            by a factor.
    """

    activate: Callable[[Tensor], Tensor]
    undo: Callable[[Tensor, str], Tensor]
    scale: Callable[[Tensor, float], Tensor]


def _same(values: Tensor, _: Any = None) -> Tensor:
    return values


def _undo_vectors(values: Tensor, symmetry: str) -> Tensor:
    """(horizontal, vertical): a flip changes a sign, a transpose swaps."""
    transpose, rows, columns = SYMMETRIES[symmetry]
    across, down = values.unbind(-3)
    across = -across if columns else across
    down = -down if rows else down
    pair = (down, across) if transpose else (across, down)
    return torch.stack(pair, -3)


def _undo_star(values: Tensor, symmetry: str) -> Tensor:
    """A score, then rays: a flip and a transpose reverse their order."""
    transpose, rows, columns = SYMMETRIES[symmetry]
    count = values.shape[-3] - 1
    rays = torch.arange(count)
    if transpose:
        rays = count // 4 - rays
    if columns:
        rays = count // 2 - rays
    if rows:
        rays = -rays
    order = torch.cat([torch.zeros(1, dtype=torch.long), rays % count + 1])
    return values.index_select(-3, order.to(values.device))


def _scale_star(values: Tensor, factor: float) -> Tensor:
    return torch.cat(
        [values[..., :1, :, :], values[..., 1:, :, :] * factor], -3
    )


def _activate_star(values: Tensor) -> Tensor:
    score, rays = values[..., :1, :, :], values[..., 1:, :, :]
    return torch.cat([score.sigmoid(), rays.clamp(min=0)], -3)


NUMBERS = Kind(_same, _same, _same)
VECTORS = Kind(_same, _undo_vectors, _same)
STARS = Kind(_activate_star, _undo_star, _scale_star)
KINDS = dict(hv=VECTORS, flow=VECTORS, star=STARS)


def kind_of(name: str) -> Kind:
    """How the map of a head behaves; numbers of pixels, where not known."""
    return KINDS.get(name, NUMBERS)


class Planes:
    """Planes of a prediction: probabilities, and the map of a head below.

    Args:
        count: Number of probabilities.
        name: Head of ``model.map_heads``; without one, what lies below
            behaves as probabilities do.
    """

    def __init__(self, count: int, name: str = '') -> None:
        self.count = count
        self.name = name
        self.kind = kind_of(name)

    def undo(self, values: Tensor, symmetry: str) -> Tensor:
        """Undo a symmetry of the square on planes (K, h, w)."""
        values = undo_symmetry(values, symmetry)
        if not self.name:
            return values
        maps = self.kind.undo(values[self.count :], symmetry)
        return torch.cat([values[: self.count], maps])

    def resize(self, values: Tensor, size: Sequence[int]) -> Tensor:
        """Resize planes (K, h, w) to (height, width)."""
        height, width = values.shape[1:]
        values = resize(values, size)
        if not self.name:
            return values
        factor = math.sqrt(size[0] * size[1] / (height * width))
        maps = self.kind.scale(values[self.count :], factor)
        return torch.cat([values[: self.count], maps])

    def merge(self, kind: str, *, exclusive: bool) -> Merge:
        """A merge of views of planes (K, h, w)."""
        planes = self.count if self.name else None
        return Merge(kind, exclusive=exclusive, planes=planes)
