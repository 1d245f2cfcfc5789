"""Sliding windows: maps of large images, window by window, view by view."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from mmseg_medical.models.views import Merge, apply_symmetry, undo_symmetry

# Windows (C, h, w) of one size to maps (N, K, h, w) of that size and to what
# they say of the image as a whole, (N, S).
Forward = Callable[[list[Tensor]], tuple[Tensor, Tensor]]


class Window(NamedTuple):
    """Place of a window in an image, in pixels."""

    top: int
    left: int
    height: int
    width: int


class Job(NamedTuple):
    """One pass through the network: a view of a window of an image."""

    image: int
    window: Window
    symmetry: str


def starts(size: int, crop: int, stride: int) -> list[int]:
    """First pixels of windows that cover a line; the last one is shifted in.

    Args:
        size: Length of the line in pixels.
        crop: Length of a window.
        stride: Distance of windows, 1 to ``crop``.
    """
    last = max(size - crop, 0)
    return [*range(0, last, stride), last]


class Grid:
    """Windows over images of every size.

    Args:
        crop_size: (height, width) of a window in pixels; None takes the
            whole image. Images that are smaller are taken whole.
        stride: (height, width) between windows; None is the crop size.
        weight: ``'constant'``, or ``'gaussian'``: the middle of a window
            counts more than its border, with a deviation of an eighth of the
            window (nnU-Net: Isensee et al., Nature Methods 18, 2021).

    Raises:
        ValueError: If the stride leaves gaps, a number is below 1 or the
            weight is unknown.
    """

    def __init__(
        self,
        crop_size: tuple[int, int] | None = None,
        stride: tuple[int, int] | None = None,
        *,
        weight: str = 'constant',
    ) -> None:
        if weight not in ('constant', 'gaussian'):
            raise ValueError(
                f"weight is 'constant' or 'gaussian', got {weight!r}"
            )
        if crop_size is not None:
            stride = tuple(stride or crop_size)
            for crop, step in zip(crop_size, stride, strict=True):
                if not 1 <= step <= crop:
                    raise ValueError(
                        f'stride {tuple(stride)} (height, width) must be at '
                        f'least 1 and at most crop_size {tuple(crop_size)}, '
                        'or windows leave gaps'
                    )
        self.crop_size = crop_size
        self.stride = stride
        self.weight = weight

    def axes(self, shape: Sequence[int]) -> list[tuple[int, list[int]]]:
        """Side of the windows and their first pixels, per axis."""
        if self.crop_size is None or self.stride is None:
            return [(size, [0]) for size in shape]
        return [
            (min(crop, size), starts(size, crop, step))
            for size, crop, step in zip(
                shape, self.crop_size, self.stride, strict=True
            )
        ]

    def windows(self, shape: Sequence[int]) -> Iterator[Window]:
        """All windows of an image (height, width), row by row."""
        (height, tops), (width, lefts) = self.axes(shape)
        for top, left in itertools.product(tops, lefts):
            yield Window(top, left, height, width)


def _profile(side: int, weight: str) -> Tensor:
    """Weights along one side of a window, (side,)."""
    if weight == 'constant':
        return torch.ones(side)
    place = (torch.arange(side) - (side - 1) / 2) / (side / 8)
    return torch.exp(-(place**2) / 2).clamp(min=1e-4)


def _shares(
    size: int, side: int, firsts: list[int], weight: str
) -> dict[int, Tensor]:
    """Weights along windows by their first pixel; they sum to one everywhere.

    Windows with the same weights have the same tensor.
    """
    profile = _profile(side, weight).double()
    total = torch.zeros(size, dtype=torch.float64)
    for first in firsts:
        total[first : first + side] += profile
    known: list[Tensor] = []
    shares = {}
    for first in firsts:
        share = (profile / total[first : first + side]).float()
        same = [one for one in known if torch.allclose(one, share)]
        known += [] if same else [share]
        shares[first] = same[0] if same else share
    return shares


class Canvas:
    """The map of one image, put together from windows from top to bottom.

    Only a band of rows as high as a window is summed up; rows that no later
    window touches are written out. Weights are products of rows and columns
    and are scaled beforehand, so that they add up to one at every pixel.

    Args:
        grid: Grid of the windows.
        shape: (height, width) of the image.
        device: Where the map is kept; None is where the windows come from.
        dtype: Type of the map; of ``torch.uint8`` values are probability
            x 255, rounded.
    """

    def __init__(
        self,
        grid: Grid,
        shape: Sequence[int],
        *,
        device: Any = None,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        self.shape = tuple(shape)
        self.device = device
        self.dtype = dtype
        # Writing bytes cuts off; half of one, added before, makes it round.
        self._scale, self._offset = (
            (255.0, 0.5) if dtype == torch.uint8 else (1.0, 0.0)
        )
        self._rows, self._columns = (
            _shares(size, side, firsts, grid.weight)
            for size, (side, firsts) in zip(
                shape, grid.axes(shape), strict=True
            )
        )
        self._weights: dict[tuple[int, int], Tensor] = {}
        self._top = 0
        self._band: Tensor | None = None
        self._map: Tensor | None = None

    def add(self, window: Window, values: Tensor) -> None:
        """Add the map (K, h, w) of a window; windows come row by row."""
        if self._map is None:
            self._begin(values)
        if window.top > self._top:
            self._flush(window.top)
        assert self._band is not None
        to = self._band[:, :, window.left : window.left + window.width]
        to.addcmul_(values.to(to), self._weight(window))

    def _weight(self, window: Window) -> Tensor:
        """Weights (h, w) of a window; most windows share theirs."""
        assert self._band is not None
        rows, columns = self._rows[window.top], self._columns[window.left]
        key = id(rows), id(columns)
        if key not in self._weights:
            device = self._band.device
            rows, columns = rows.to(device), columns.to(device)
            self._weights[key] = rows[:, None] * (columns * self._scale)
        return self._weights[key]

    def _begin(self, values: Tensor) -> None:
        device = self.device or values.device
        count, (height, width) = values.shape[0], self.shape
        side = len(self._rows[0])
        self._band = torch.full(
            (count, side, width), self._offset, device=device
        )
        self._map = torch.empty(
            count, height, width, dtype=self.dtype, device=device
        )

    def _flush(self, to: int) -> None:
        """Write out the rows above ``to``, and move the band down."""
        assert self._band is not None
        assert self._map is not None
        count = to - self._top
        self._map[:, self._top : to] = self._band[:, :count]
        kept = self._band.shape[1] - count
        for first in range(0, kept, count):  # no rows onto themselves
            rows = self._band[:, first + count : first + 2 * count]
            self._band[:, first : first + rows.shape[1]] = rows
        self._band[:, kept:] = self._offset
        self._top = to

    def finish(self) -> Tensor:
        """The map (K, H, W)."""
        self._flush(self.shape[0])
        assert self._map is not None
        return self._map


def predict_maps(
    imgs: Sequence[Tensor],
    forward: Forward,
    grid: Grid,
    *,
    symmetries: dict[str, float] | None = None,
    undo: Callable[[Tensor, str], Tensor] = undo_symmetry,
    merge: Callable[[], Any] = Merge,
    batch_size: int = 1,
    device: Any = None,
    dtype: torch.dtype = torch.float32,
) -> Iterator[tuple[Tensor, Tensor]]:
    """Maps of images, from windows and their views.

    Several windows go through the network at once, of the same image or of
    others; the views of a window are merged before the windows are.

    Args:
        imgs: (C, H, W) images of any sizes.
        forward: Network, from N windows (C, h, w) of one size to their maps
            (N, K, h, w) and outputs for whole images (N, S), S >= 0.
        grid: Where the windows lie.
        symmetries: Weight of each symmetry of the square by its name; None
            is the image as it is.
        undo: Undoes a symmetry of the map (K, h, w) of a window.
        merge: Makes the merge of the views of a window.
        batch_size: Number of windows and views in one pass.
        device: Where the maps are kept; None is where they come from.
        dtype: Type of the maps, of float or ``torch.uint8``.

    Yields:
        (K, H, W) map of each image, and its outputs (windows, S), the means
        over the views.
    """
    symmetries = symmetries or {'identity': 1.0}
    jobs = (
        Job(k, window, name)
        for k, img in enumerate(imgs)
        for window in grid.windows(img.shape[1:])
        for name in symmetries
    )
    results = _run(jobs, imgs, forward, batch_size)
    for k, of_image in itertools.groupby(results, lambda r: r[0].image):
        shape = imgs[k].shape[1:]
        canvas = Canvas(grid, shape, device=device, dtype=dtype)
        outputs = []
        for window, views in itertools.groupby(
            of_image, lambda r: r[0].window
        ):
            merged, mean = merge(), Merge()
            for job, values, output in views:
                weight = symmetries[job.symmetry]
                merged.add(undo(values, job.symmetry), weight)
                mean.add(output, weight)
            canvas.add(window, merged.result())
            outputs.append(mean.result())
        yield canvas.finish(), torch.stack(outputs)


def _run(
    jobs: Iterable[Job],
    imgs: Sequence[Tensor],
    forward: Forward,
    batch_size: int,
) -> Iterator[tuple[Job, Tensor, Tensor]]:
    """Run jobs in order, as many of one shape at once as may be."""
    waiting: list[tuple[Job, Tensor]] = []
    for job in jobs:
        top, left, height, width = job.window
        cut = imgs[job.image][:, top : top + height, left : left + width]
        view = apply_symmetry(cut, job.symmetry)
        full = len(waiting) == batch_size
        if full or (waiting and waiting[0][1].shape != view.shape):
            yield from _pass(waiting, forward)
            waiting = []
        waiting.append((job, view))
    if waiting:
        yield from _pass(waiting, forward)


def _pass(
    waiting: list[tuple[Job, Tensor]], forward: Forward
) -> Iterator[tuple[Job, Tensor, Tensor]]:
    maps, outputs = forward([view for _, view in waiting])
    for (job, _), *values in zip(waiting, maps, outputs, strict=True):
        yield job, *values
