"""How much of each class an image has, for strata and statistics."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from mmseg.registry import TRANSFORMS
from numpy.typing import NDArray

from mmseg_medical.datasets.splits import quantile_bins
from mmseg_medical.datasets.transforms._sample import load_runs, true_size
from mmseg_medical.errors import InputError

# Strata that come from the masks.
OF_MASKS = ('empty', 'area', 'classes')
# The transforms that read a mask, by the beginning of their names.
_LOADERS = ('LoadMask', 'LoadAnnotations')


class ClassAreas(NamedTuple):
    """Pixels of one image.

    Attributes:
        areas: (K,) int64, pixels of each class but the background.
        pixels: Pixels of the image that are not ignored.
    """

    areas: NDArray[np.int64]
    pixels: int


class AreaReader:
    """Counts the pixels of each class of a sample.

    Run lengths are added up; masks of other kinds are read by the transform
    that the pipeline reads them with.

    Args:
        pipeline: Transforms of the pipeline of the data set, or their
            configs; without one that loads masks, ``LoadMaskRegion`` does.
        classes: Names of the classes of the data set.
        ignore_index: Label of pixels that do not count.
    """

    def __init__(
        self,
        pipeline: Sequence[Any],
        classes: tuple[str, ...],
        *,
        ignore_index: int = 255,
    ) -> None:
        loaders = filter(_loads_masks, pipeline)
        load = next(loaders, dict(type='LoadMaskRegion'))
        self.load = TRANSFORMS.build(load) if isinstance(load, dict) else load
        self.classes = classes
        self.ignore_index = ignore_index

    def __call__(self, sample: dict[str, Any]) -> ClassAreas:
        """Count the pixels of a sample.

        Raises:
            InputError: If it has no mask, its mask cannot be read or holds a
                label that is no class.
        """
        sample = dict(sample)
        if 'rle' in sample:
            return self._of_runs(sample)
        mask = self.load(sample).get('gt_seg_map')
        if mask is None:
            raise InputError(f'{sample["img_path"]} has no mask')
        if mask.ndim == 3:
            areas = (mask == 1).sum((0, 1))
            used = (mask != self.ignore_index).any(2).sum()
            return ClassAreas(areas.astype(np.int64), int(used))
        used = mask[mask != self.ignore_index]
        known = len(self.classes)
        if used.size and not 0 <= used.min() <= used.max() < known:
            raise InputError(
                f'{sample["img_path"]}: its mask holds {used.max()}, and '
                f'there are {known} classes ({", ".join(self.classes)}); '
                'LoadMaskRegion(values=…) says what the values mean'
            )
        counts = np.bincount(used, minlength=known)
        return ClassAreas(counts[1:], used.size)

    @staticmethod
    def _of_runs(sample: dict[str, Any]) -> ClassAreas:
        size = sample.get('height'), sample.get('width')
        if None in size:
            size = true_size(sample)
        areas = [runs.area for runs in load_runs(sample, size)]
        return ClassAreas(np.array(areas, np.int64), size[0] * size[1])


def _loads_masks(step: Any) -> bool:
    kind = step.get('type') if isinstance(step, dict) else type(step)
    name = getattr(kind, '__name__', str(kind)).split('.')[-1]
    return name.startswith(_LOADERS)


def foreground_shares(measured: Sequence[ClassAreas]) -> list[float]:
    """Share of foreground in each image.

    Pixels of several classes that overlap count once for each.
    """
    return [float(one.areas.sum() / max(one.pixels, 1)) for one in measured]


def mask_stratum(
    key: str,
    measured: Sequence[ClassAreas],
    classes: Sequence[str],
    *,
    bins: int = 4,
) -> list[str]:
    """Value of a stratum of the masks for each image.

    Args:
        key: ``'empty'``: whether there is no foreground; ``'area'``: quantile
            of its share; ``'classes'``: names of those that occur.
        measured: Pixels of the images.
        classes: Names of all classes, the background first if there is one.
        bins: Number of quantiles.
    """
    if key == 'classes':
        return [_present(one, classes) for one in measured]
    shares = foreground_shares(measured)
    if key == 'empty':
        return ['no' if share else 'yes' for share in shares]
    names = quantile_bins(shares, bins)
    limits: dict[str, tuple[float, float]] = {}
    for name, share in zip(names, shares, strict=True):
        low, high = limits.get(name, (share, share))
        limits[name] = min(low, share), max(high, share)
    labels = {
        name: name
        if name == 'empty'
        else f'{name} ({100 * low:.3g} to {100 * high:.3g} %)'
        for name, (low, high) in limits.items()
    }
    return [labels[name] for name in names]


def _present(one: ClassAreas, classes: Sequence[str]) -> str:
    names = classes[-len(one.areas) :]
    found = [n for n, area in zip(names, one.areas, strict=True) if area]
    return '+'.join(found) or 'empty'
