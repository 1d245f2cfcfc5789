"""Borders of objects as classes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS

from mmseg_medical.datasets.transforms._sample import instances
from mmseg_medical.errors import InputError
from mmseg_medical.instance_maps import border_pixels, touching_pixels

LAYERS = ('object', 'border', 'touching')


@TRANSFORMS.register_module()
class GenerateBorderMap(BaseTransform):
    """Make the mask of objects and of their borders.

    A network that learns where objects touch can part them again. Comes after
    everything that moves pixels: borders are those of what is left of an
    object there, and the border of the image is none.

    Args:
        layers: Classes of the mask in their order, some of ``'object'``, all
            its pixels; ``'border'``, those near a pixel that is not of the
            same object; ``'touching'``, those near two objects, also between
            them.
        width: How near for ``'border'``, in pixels, in rows and in columns.
        reach: How near for ``'touching'``.
        overlapping: Make a plane of each layer. Else the mask has classes
            that exclude each other, 1 for the first layer, and later ones lie
            above: ``'object'`` are the pixels that are left of it.
        required: False passes samples without objects.

    Required keys: gt_inst_map (H, W).
    Added keys: gt_seg_map, (H, W) or (H, W, K) uint8, 255 where objects are
    to be ignored; seg_fields.

    Raises:
        InputError: If an argument is out of its range, or
            ``LoadInstancesRegion`` is missing.

    Source: the 1st place of DSB2018, whose networks learn nuclei and the
        lines between those that touch, by 1 to 3 pixels.

    Example:
        >>> dict(type='GenerateBorderMap', layers=['object', 'touching'])
    """

    def __init__(
        self,
        layers: Sequence[str] = ('object', 'touching'),
        *,
        width: int = 1,
        reach: int = 2,
        overlapping: bool = False,
        required: bool = True,
    ) -> None:
        if not layers or not set(layers) <= {*LAYERS}:
            raise InputError(f'layers are some of {LAYERS}, got {layers!r}')
        if min(width, reach) < 1:
            raise InputError(
                f'width and reach are 1 pixel or more, got {width} and {reach}'
            )
        self.layers = tuple(layers)
        self.width = width
        self.reach = reach
        self.overlapping = overlapping
        self.required = required

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        inst_map = instances(results, self)
        if inst_map is None:
            return results
        planes = [self._layer(name, inst_map) for name in self.layers]
        if self.overlapping:
            mask = np.stack(planes, 2).astype(np.uint8)
        else:
            mask = np.zeros(inst_map.shape, np.uint8)
            for index, plane in enumerate(planes, 1):
                mask[plane] = index
        mask[inst_map < 0] = 255
        results['gt_seg_map'] = mask
        if 'gt_seg_map' not in results['seg_fields']:
            results['seg_fields'].append('gt_seg_map')
        return results

    def _layer(self, name: str, inst_map: Any) -> Any:
        if name == 'border':
            return border_pixels(inst_map, self.width)
        if name == 'touching':
            return touching_pixels(inst_map, self.reach)
        return inst_map > 0
