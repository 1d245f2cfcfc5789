"""From a sample's names to pixels, no more of them than are needed."""

from typing import Any

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS

from mmseg_medical.converters import rle
from mmseg_medical.converters.image import (
    image_size,
    read_image,
    read_labels,
)
from mmseg_medical.converters.polygon import rasterize, read_polygons
from mmseg_medical.converters.tiff import Region
from mmseg_medical.errors import InputError

# Keys of a sample that tell where its mask comes from.
_MASKS = {'rle', 'polygon_path', 'seg_map_path'}


def _true_size(results: dict[str, Any]) -> tuple[int, int]:
    """Size of the image file, checked against the owner's table."""
    size = image_size(results['img_path'])
    told = (results.get('height', size[0]), results.get('width', size[1]))
    if told != size:
        raise InputError(
            f'{results.get("where", "")}: the table says {told[0]} x '
            f'{told[1]} pixels (height x width), {results["img_path"]} has '
            f'{size[0]} x {size[1]}; if the table is wrong, add the id to '
            'wrong_sizes of the data set'
        )
    return size


@TRANSFORMS.register_module()
class ChooseRandomRegion(BaseTransform):
    """Choose the window that the loading transforms read.

    Comes before the loading transforms, so that only the window is decoded.

    Args:
        scale: Least and greatest side of the window as a share of the
            image's, 0 to 1.
        ratio: Least and greatest width divided by height, relative to the
            image's.
        prob: Probability of choosing a window; else the whole image is read.
        foreground: Probability that the window holds a pixel of foreground,
            where the mask is known as run lengths.

    Raises:
        InputError: If a range is empty or out of bounds.

    Required keys: img_path. Added keys: region.
    """

    def __init__(
        self,
        scale: tuple[float, float] = (0.3, 1.0),
        ratio: tuple[float, float] = (0.75, 1.33),
        *,
        prob: float = 1.0,
        foreground: float = 0.0,
    ) -> None:
        if not 0 < scale[0] <= scale[1] <= 1:
            raise InputError(f'scale {scale} must be rising within (0, 1]')
        if not 0 < ratio[0] <= ratio[1]:
            raise InputError(f'ratio {ratio} must be rising and above 0')
        self.scale = scale
        self.ratio = ratio
        self.prob = prob
        self.foreground = foreground

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        if np.random.random() >= self.prob:
            return results
        size = np.array(_true_size(results))
        scale = np.random.uniform(*self.scale)
        stretch = np.exp(np.random.uniform(*np.log(self.ratio)) / 2)
        window = np.round(size * scale * [1 / stretch, stretch]).astype(int)
        window = np.clip(window, 1, size)
        low, high = np.zeros(2, int), size - window
        if np.random.random() < self.foreground:
            pixel = self._pixel(results, size)
            if pixel is not None:
                low = np.maximum(pixel - window + 1, 0)
                high = np.minimum(pixel, high)
        top, left = np.random.randint(low, high + 1)
        results['region'] = Region(int(top), int(left), *map(int, window))
        return results

    @staticmethod
    def _pixel(results: dict[str, Any], size: Any) -> Any:
        """Row and column of a random foreground pixel, or None."""
        if 'rle' not in results:
            return None
        try:
            masks = _load_runs(results, tuple(size))
        except rle.RLEError:
            return None  # LoadMaskRegion mends it, or says what is wrong
        filled = [mask for mask in masks if mask.area]
        if not filled:
            return None
        runs = filled[np.random.randint(len(filled))]
        before = np.cumsum(runs.ends - runs.starts)
        nth = np.random.randint(runs.area)
        k = np.searchsorted(before, nth, side='right')
        flat = runs.ends[k] - (before[k] - nth)
        return np.array(np.unravel_index(flat, size, order=runs.order))


@TRANSFORMS.register_module()
class LoadImageRegion(BaseTransform):
    """Read the image, or the region that was chosen.

    Args:
        to_bgr: Reverse the channels of colour images, which files keep as
            RGB, to the BGR of mmcv.

    Required keys: img_path, region (optional).
    Added keys: img (H, W, C) of the stored type; img_shape, ori_shape
    (height, width) of what was read. Transparency is dropped.

    Raises:
        FileNotFoundError: If there is no such file.
        ImageError: If the file cannot be decoded.
        InputError: If its size differs from the owner's table.
    """

    def __init__(self, *, to_bgr: bool = True) -> None:
        self.to_bgr = to_bgr

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        _true_size(results)
        img = read_image(results['img_path'], results.get('region'))
        if img.ndim == 3 and img.shape[2] == 3 and self.to_bgr:
            img = cv2.cvtColor(img, cv2.COLOR_RGB2BGR)
        if img.ndim == 2:
            img = img[..., None]
        results['img'] = img
        results['img_shape'] = results['ori_shape'] = img.shape[:2]
        return results


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
    seg_map_path; region (optional).
    Added keys: gt_seg_map (H, W) uint8 or as stored, seg_fields. Where ``rle``
    is a list, one per class, classes may overlap: (H, W, C) of 0 and 1.

    Raises:
        RLEError, PolygonError, ImageError: If the mask cannot be read.
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
        size = _true_size(results)
        region = Region(*results.get('region', (0, 0, *size)))
        if 'rle' in results:
            masks = [
                runs.crop(*region).to_mask()
                for runs in _load_runs(results, size, repair=self.repair)
            ]
            overlapping = isinstance(results['rle'], list)
            mask = np.stack(masks, 2) if overlapping else masks[0]
        elif 'polygon_path' in results:
            path = results['polygon_path']
            mask = rasterize(read_polygons(path), size, region, where=path)
        elif 'seg_map_path' in results:
            mask = self._read(results['seg_map_path'], size, region)
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
    def _read(path: str, size: tuple[int, int], region: Region) -> Any:
        found = image_size(path)
        if found != size:
            raise InputError(
                f'{path} has {found[0]} x {found[1]} pixels (height x '
                f'width), its image {size[0]} x {size[1]}'
            )
        return read_labels(path, region)

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


def _load_runs(
    results: dict[str, Any], size: tuple[int, int], *, repair: bool = False
) -> list[rle.Runs]:
    """Runs of each class of a sample, read once."""
    if 'runs' not in results:
        texts = results['rle']
        results['runs'] = [
            rle.load(
                text,
                size,
                results['rle_dialect'],
                repair=repair,
                where=results.get('where', ''),
            )
            for text in (texts if isinstance(texts, list) else [texts])
        ]
    return results['runs']
