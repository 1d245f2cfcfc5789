"""From a pipeline's dict to the tensors of a model."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmengine.structures import PixelData
from mmseg.registry import TRANSFORMS
from mmseg.structures import SegDataSample

from mmseg_medical.datasets.transforms._sample import INSTANCES

# What a sample says about itself, as far as its data set knows it.
META_KEYS = (
    'img_id',
    'image_id',
    'img_path',
    'ori_shape',
    'img_shape',
    'pad_shape',
    'scale_factor',
    'flip',
    'flip_direction',
    'region',
    'organ',
    'data_source',
    'pixel_size',
    'spacing',
    'patient',
    'case',
    'day',
    'case_day',
    'slice_index',
    'frame',
    'tissue_thickness',
    'sex',
    'age',
    'stain_normalized',
)


@TRANSFORMS.register_module()
class PackMedicalInputs(BaseTransform):
    """Pack image, mask and metadata, each in the type it has.

    MMSegmentation's packer makes masks int64, eight times the memory between
    loader and model; here they keep their type, and masks of several planes
    are understood. Made for :class:`MedicalSegmentor`; the losses of
    MMSegmentation's own segmentors need its packer.

    Args:
        meta_keys: Keys to keep as ``metainfo`` where they are present,
            besides those that a data set names itself.
        instances: Pack gt_inst_map as well, for the metrics of a test.

    Required keys: img (H, W) or (H, W, C); optional gt_seg_map (H, W) or
    (H, W, C), seg_weight (H, W), weights of its pixels in the losses, and
    meta_keys, further keys to keep; mixed_seg_map and mix_share of
    :class:`MixUpWithinGroup`; target_maps, keys of (H, W) or (H, W, C) that
    heads of ``model.map_heads`` learn.

    Returns:
        ``inputs``: (C, H, W) tensor. ``data_samples``: SegDataSample with
        ``gt_sem_seg`` and ``mixed_sem_seg`` of (1 or C, H, W),
        ``seg_weight`` of (1, H, W), and what target_maps names.
    """

    def __init__(
        self,
        meta_keys: Sequence[str] = META_KEYS,
        *,
        instances: bool = False,
    ) -> None:
        self.meta_keys = tuple(meta_keys)
        self.instances = instances

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        sample = SegDataSample()
        if 'gt_seg_map' in results:
            mask = _planes(results['gt_seg_map'])
            sample.gt_sem_seg = PixelData(data=mask)
        if 'seg_weight' in results:
            weight = _planes(results['seg_weight'])
            sample.seg_weight = PixelData(data=weight)
        targets = [*results.get('target_maps', ())]
        if self.instances and INSTANCES in results:
            targets.append(INSTANCES)
        for key in targets:
            target = _planes(results[key])
            sample.set_data({key: PixelData(data=target)})
        if 'mixed_seg_map' in results:
            mask = _planes(results['mixed_seg_map'])
            sample.mixed_sem_seg = PixelData(data=mask)
            sample.set_metainfo(dict(mix_share=results['mix_share']))
        keys = (*self.meta_keys, *results.get('meta_keys', ()))
        sample.set_metainfo({k: results[k] for k in keys if k in results})
        return dict(inputs=_planes(results['img']), data_samples=sample)


def _planes(array: Any) -> torch.Tensor:
    """(C, H, W) tensor of an (H, W) or (H, W, C) array."""
    if array.ndim == 2:
        array = array[..., None]
    planes = np.ascontiguousarray(array.transpose(2, 0, 1))
    return torch.from_numpy(planes)
