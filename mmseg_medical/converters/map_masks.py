"""Masks of all images of a folder of maps, with volumes as a whole."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmseg_medical.converters.probability_maps import ProbabilityMaps
from mmseg_medical.errors import InputError
from mmseg_medical.postprocessing import Pipeline, Step

Masks = NDArray[np.bool_]


def iter_masks(
    maps: ProbabilityMaps, pipeline: Pipeline
) -> Iterator[tuple[str, Masks]]:
    """Make the masks of all images, in the order of the test.

    One image is in memory at a time, or one volume, of which the masks are
    kept as bits until it is their turn.

    Args:
        maps: Maps of a test, all of which are there.
        pipeline: What makes masks of them.

    Yields:
        Id, and masks (K, H, W) of the classes but the background.

    Raises:
        InputError: If images of a volume do not say which one or which
            slice, two are one slice, slices of a volume differ in size, or as
            :class:`Pipeline`.
    """
    step = pipeline.volume_step
    if step is None:
        for img_id in maps.ids:
            yield img_id, maps.masks(img_id, pipeline=pipeline)
        return
    volumes = _volumes(maps, step)
    packed: dict[str, tuple[NDArray[np.uint8], tuple[int, ...]]] = {}
    for img_id in maps.ids:
        if img_id not in packed:
            names = volumes[maps.meta(img_id)[step.option('volume_key')]]
            stack = [maps.masks(name, pipeline=pipeline) for name in names]
            if len({one.shape for one in stack}) > 1:
                raise InputError(
                    f'slices of the volume of {img_id!r} differ in size: '
                    f'{sorted({one.shape[1:] for one in stack})}'
                )
            smooth = pipeline.smooth(np.stack(stack), meta=maps.meta(img_id))
            for name, one in zip(names, smooth, strict=True):
                packed[name] = np.packbits(one), one.shape
        bits, shape = packed.pop(img_id)
        masks = np.unpackbits(bits, count=int(np.prod(shape)))
        yield img_id, masks.reshape(shape) == 1


def _volumes(maps: ProbabilityMaps, step: Step) -> dict[Any, list[str]]:
    """Ids of each volume, in the order of its slices."""
    keys = step.option('volume_key'), step.option('slice_key')
    found: dict[Any, dict[Any, str]] = {}
    for img_id in maps.ids:
        meta = maps.meta(img_id)
        if missing := [key for key in keys if key not in meta]:
            raise InputError(
                f'smooth_presence needs {missing[0]!r} of each image, '
                f'{img_id!r} in {maps.folder} has {sorted(meta) or "nothing"}'
                '; name the keys by volume_key and slice_key'
            )
        slices = found.setdefault(meta[keys[0]], {})
        if meta[keys[1]] in slices:
            raise InputError(
                f'volume {meta[keys[0]]!r} has two slices {meta[keys[1]]}: '
                f'{slices[meta[keys[1]]]!r} and {img_id!r}'
            )
        slices[meta[keys[1]]] = img_id
    return {
        volume: [name for _, name in sorted(slices.items())]
        for volume, slices in found.items()
    }
