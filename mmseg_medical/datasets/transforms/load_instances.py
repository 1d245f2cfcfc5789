"""From whatever tells where objects are to a map of their ids."""

from typing import Any

from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS

from mmseg_medical.converters.polygon import PAINTERS
from mmseg_medical.converters.tiff import Region
from mmseg_medical.datasets.transforms._instances import (
    SOURCES,
    load_instances,
)
from mmseg_medical.datasets.transforms._mask_images import Asked
from mmseg_medical.datasets.transforms._sample import INSTANCES, true_size
from mmseg_medical.errors import InputError

KEYS = (*SOURCES, 'seg_map_path')


@TRANSFORMS.register_module()
class LoadInstancesRegion(BaseTransform):
    """Read the objects one by one, or those in the region that was chosen.

    Each object has the id of its place in the file of the image, in every
    window the same. Whatever moves pixels afterwards moves the ids;
    :class:`GenerateBorderMap` and :class:`GenerateDistanceMap` then make
    targets of them.

    =================== ======================================================
    key of the sample   what it is
    =================== ======================================================
    ``rle``             list of one item per class, a text or a list of texts:
                        each text is the run lengths of an object
    ``annotations``     objects of an annotation file
    ``annotation_path`` annotation file of the image
    ``object_paths``    list of one image of masks per object
    ``seg_map_path``    image whose values are ids
    =================== ======================================================

    Of objects that overlap the later one lies above. Labels that the data set
    maps to None are left out, and those that it maps to 255 have the id -1.

    Args:
        required: False passes samples that have none of these keys, as the
            test images of a competition.
        painter: Which pixels an outline holds, of
            :mod:`mmseg_medical.converters.polygon`; by default as its format
            means them.

    Required keys: img_path; one of the keys above; region (optional).
    Added keys: gt_inst_map (H, W) int32; seg_fields.

    Raises:
        FileNotFoundError: If a file is missing.
        AnnotationError, PolygonError, ImageError: If it cannot be read.
        InputError: If the sample has masks of classes only, or its size
            differs from that of the image.

    Example:
        >>> train_pipeline = [
        ...     dict(type='ChooseRandomRegion', crop_size=(256, 256)),
        ...     dict(type='LoadImageRegion'),
        ...     dict(type='LoadInstancesRegion'),
        ...     dict(type='ApplySymmetry'),
        ...     dict(type='GenerateBorderMap'),
        ...     dict(type='PackMedicalInputs'),
        ... ]
    """

    def __init__(
        self, *, required: bool = True, painter: str | None = None
    ) -> None:
        if painter not in (None, *PAINTERS):
            raise InputError(f'painter is one of {PAINTERS}, got {painter!r}')
        self.required = required
        self.painter = painter

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        source = next((k for k in KEYS if _has_objects(results, k)), None)
        if source is None and not self.required:
            return results
        if source is None:
            raise InputError(
                f'{results["img_path"]} has no objects one by one: a sample '
                f'needs one of {sorted(KEYS)}, or '
                'LoadInstancesRegion(required=False)'
            )
        size = true_size(results)
        region = Region(*results.get('region', (0, 0, *size)))
        asked = Asked(size, region, painter=self.painter)
        results[INSTANCES] = load_instances(source, results, asked)
        results.setdefault('seg_fields', []).append(INSTANCES)
        return results


def _has_objects(results: dict[str, Any], key: str) -> bool:
    """Whether a sample tells objects there, and not classes alone."""
    told = results.get(key)
    if key in ('rle', 'seg_map_path'):
        return isinstance(told, list if key == 'rle' else str)
    return told is not None
