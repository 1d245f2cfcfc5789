"""How deep pixels lie in their objects, as a target of regression."""

from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS

from mmseg_medical.datasets.transforms._sample import instances
from mmseg_medical.instance_maps import distance_map


@TRANSFORMS.register_module()
class GenerateDistanceMap(BaseTransform):
    """Make the map of distances to the border of each object.

    0 in the background, 1 in the middle of each object, however large it is;
    objects that touch have valleys between them. Comes after everything that
    moves pixels. A head of ``model.map_heads`` named ``distance`` learns it.

    Args:
        required: False passes samples without objects.

    Required keys: gt_inst_map (H, W).
    Added keys: gt_distance_map (H, W) float32, nan where objects are to be
    ignored; target_maps.

    Raises:
        InputError: If ``LoadInstancesRegion`` is missing.

    Reference: Naylor et al., IEEE TMI 38 (2019), whose distances are not
        divided by the greatest of each nucleus

    Example:
        >>> dict(type='GenerateDistanceMap')
    """

    def __init__(self, *, required: bool = True) -> None:
        self.required = required

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        inst_map = instances(results, self)
        if inst_map is None:
            return results
        depth = distance_map(inst_map)
        depth[inst_map < 0] = np.nan
        results['gt_distance_map'] = depth
        results.setdefault('target_maps', []).append('gt_distance_map')
        return results
