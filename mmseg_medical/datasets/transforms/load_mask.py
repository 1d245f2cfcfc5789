"""From whatever tells where a mask is to its pixels."""

from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS

from mmseg_medical.converters.hubmap_json import read_polygons
from mmseg_medical.converters.image import image_size, read_labels
from mmseg_medical.converters.polygon import rasterize
from mmseg_medical.converters.tiff import Region
from mmseg_medical.datasets.transforms._sample import (
    load_runs,
    mask_frame,
    true_size,
)
from mmseg_medical.errors import InputError

# Keys of a sample that tell where its mask comes from.
_MASKS = {'rle', 'polygon_path', 'seg_map_path'}


@TRANSFORMS.register_module()
class LoadMaskRegion(BaseTransform):
    """Read the mask, or the region that was chosen.

    The mask is painted from run lengths or from polygons, or read from an
    image of class indices (gray, palette or 1 bit), at the size of the image
    file; ``label_map`` and ``reduce_zero_label`` of the data set hold for
    images of class indices. After ``Resize`` it
    has the original size, as a metric needs it.

    Args:
        repair: Mend run lengths that are not well-formed, with a warning.
        required: False passes samples that have no mask, as the test images
            of a competition.
        values: Labels of the values that an image of masks holds, as
            ``{255: 1}``; values that are not named are labels themselves.

    Required keys: img_path; rle and rle_dialect, or polygon_path, or
    seg_map_path; region, frame and plane (optional, as for the image);
    seg_frame (optional), where the mask is another frame of its file.
    Added keys: gt_seg_map (H, W) uint8 or as stored, seg_fields. Where ``rle``
    is a list, one per class, classes may overlap: (H, W, C) of 0 and 1.

    Raises:
        RLEError, AnnotationError, PolygonError, ImageError: If the mask
            cannot be read.
        InputError: If its size differs from the image's, or an image of
            masks holds 255 as its only foreground and ``values`` does not
            say what that means.
    """

    def __init__(
        self,
        *,
        repair: bool = False,
        required: bool = True,
        values: dict[int, int] | None = None,
    ) -> None:
        self.repair = repair
        self.required = required
        self.values = values

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        if not self.required and not _MASKS & results.keys():
            return results
        size = true_size(results)
        region = Region(*results.get('region', (0, 0, *size)))
        if 'rle' in results:
            masks = [
                runs.crop(*region).to_mask()
                for runs in load_runs(results, size, repair=self.repair)
            ]
            overlapping = isinstance(results['rle'], list)
            mask = np.stack(masks, 2) if overlapping else masks[0]
        elif 'polygon_path' in results:
            path = results['polygon_path']
            mask = rasterize(read_polygons(path), size, region, where=path)
        elif 'seg_map_path' in results:
            mask = self._read(results, size, region)
            mask = self._to_labels(mask, results)
        else:
            raise InputError(
                f'{results["img_path"]} has no mask: a sample needs one of '
                f'{sorted(_MASKS)}, or LoadMaskRegion(required=False)'
            )
        results['gt_seg_map'] = mask
        results.setdefault('seg_fields', []).append('gt_seg_map')
        return results

    @staticmethod
    def _read(
        results: dict[str, Any], size: tuple[int, int], region: Region
    ) -> Any:
        path, frame = results['seg_map_path'], mask_frame(results)
        plane = results.get('plane', 'axial')
        found = image_size(path, frame=frame, plane=plane)
        if found != size:
            raise InputError(
                f'{path} has {found[0]} x {found[1]} pixels (height x '
                f'width), its image {size[0]} x {size[1]}'
            )
        return read_labels(path, region, frame=frame, plane=plane)

    def _to_labels(self, mask: Any, results: dict[str, Any]) -> Any:
        """Stored values as class indices."""
        if self.values is None:
            if 255 in mask and not mask[mask != 255].any():
                raise InputError(
                    f'{results["seg_map_path"]} holds 255 and no other '
                    'foreground: LoadMaskRegion(values={255: 1}) makes that '
                    'a mask, LoadMaskRegion(values={255: 255}) leaves those '
                    'pixels out'
                )
        else:
            mask = _mapped(mask, self.values)
        if results.get('reduce_zero_label'):
            mask = np.where(mask == 0, 255, mask - 1).astype(mask.dtype)
        if results.get('label_map'):
            mask = _mapped(
                mask, {k: v % 256 for k, v in results['label_map'].items()}
            )
        return mask


def _mapped(mask: Any, values: dict[int, int]) -> Any:
    """Labels replaced by others, those not named left as they are."""
    out = mask.copy()
    for old, new in values.items():
        out[mask == old] = new
    return out
