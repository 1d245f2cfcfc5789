"""Numbers of the pixels of instances, as targets of ``model.map_heads``."""

from abc import ABCMeta, abstractmethod
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS
from numpy.typing import NDArray

from mmseg_medical.datasets.transforms._sample import instances
from mmseg_medical.errors import InputError
from mmseg_medical.instance_maps import (
    distance_map,
    flow_map,
    hv_map,
    ray_map,
)

IntArray = NDArray[np.int32]
Map = NDArray[np.float32]


class TargetMap(BaseTransform, metaclass=ABCMeta):
    """A map that is made of the ids of instances.

    Comes after everything that moves pixels. A head of ``model.map_heads`` of
    the same name learns it.

    Args:
        required: False passes samples without instances.

    Required keys: gt_inst_map (H, W).
    Added keys: gt_<name>_map (H, W) or (H, W, K) float32, nan where instances
    are to be ignored; target_maps.

    Raises:
        InputError: If ``LoadInstancesRegion`` is missing.
    """

    name: str

    def __init__(self, *, required: bool = True) -> None:
        self.required = required

    @abstractmethod
    def make(self, inst_map: IntArray) -> Map:
        """The map of (H, W) ids."""

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        inst_map = instances(results, self)
        if inst_map is None:
            return results
        target = self.make(inst_map)
        target[inst_map < 0] = np.nan
        key = f'gt_{self.name}_map'
        results[key] = target
        results.setdefault('target_maps', []).append(key)
        return results


@TRANSFORMS.register_module()
class GenerateDistanceMap(TargetMap):
    """How deep pixels lie in their instance; see :class:`TargetMap`.

    0 in the background, 1 in the middle of each instance, however large it
    is; instances that touch have valleys between them.

    Added keys: gt_distance_map (H, W).

    Reference: Naylor et al., IEEE TMI 38 (2019), whose distances are not
        divided by the greatest of each nucleus

    Example:
        >>> dict(type='GenerateDistanceMap')
    """

    name = 'distance'

    def make(self, inst_map: IntArray) -> Map:
        return distance_map(inst_map)


@TRANSFORMS.register_module()
class GenerateHVMap(TargetMap):
    """Horizontal and vertical places in the instance, of HoVer-Net.

    See :class:`TargetMap` and :func:`mmseg_medical.instance_maps.hv_map`.

    Added keys: gt_hv_map (H, W, 2) in [-1, 1].

    Example:
        >>> dict(type='GenerateHVMap')
    """

    name = 'hv'

    def make(self, inst_map: IntArray) -> Map:
        return hv_map(inst_map)


@TRANSFORMS.register_module()
class GenerateFlowMap(TargetMap):
    """Directions to the centre of the instance, of Cellpose.

    See :class:`TargetMap` and :func:`mmseg_medical.instance_maps.flow_map`.

    Added keys: gt_flow_map (H, W, 2), unit vectors.

    Example:
        >>> dict(type='GenerateFlowMap')
    """

    name = 'flow'

    def make(self, inst_map: IntArray) -> Map:
        return flow_map(inst_map)


@TRANSFORMS.register_module()
class GenerateStarMap(TargetMap):
    """Star-convex polygons, of StarDist: one around each pixel.

    See :class:`TargetMap`, :func:`mmseg_medical.instance_maps.distance_map`,
    which is the weight of a pixel, and
    :func:`mmseg_medical.instance_maps.ray_map`.

    Args:
        num_rays: Directions, a multiple of 4, so that they stay the same
            when an image is turned.
        required: As :class:`TargetMap`.

    Added keys: gt_star_map (H, W, 1 + num_rays): the depth in the instance,
    0 to 1, then distances in pixels.

    Raises:
        InputError: If ``num_rays`` is no multiple of 4.

    Example:
        >>> dict(type='GenerateStarMap', num_rays=32)
    """

    name = 'star'

    def __init__(self, num_rays: int = 32, *, required: bool = True) -> None:
        super().__init__(required=required)
        if num_rays < 4 or num_rays % 4:
            raise InputError(f'num_rays is a multiple of 4, got {num_rays!r}')
        self.num_rays = num_rays

    def make(self, inst_map: IntArray) -> Map:
        depth = distance_map(inst_map)[..., None]
        rays = ray_map(inst_map, self.num_rays)
        return np.concatenate([depth, rays], 2)
