"""Images of different microscopes and scanners at one pixel size."""

from collections.abc import Mapping
from typing import Any

from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS

from mmseg_medical.datasets.transforms._sample import mask_fields
from mmseg_medical.errors import InputError
from mmseg_medical.resampling import resize_image, resize_labels

_UNITS = {'pixel_size': 'µm', 'spacing': 'mm'}


@TRANSFORMS.register_module()
class RescaleToPixelSize(BaseTransform):
    """Resize each image so that its pixels have a given size.

    The image is averaged over areas where it shrinks and interpolated where
    it grows; masks take the nearest pixel. ``ori_shape``, ``pixel_size`` and
    ``spacing`` stay those of the file, so that predictions come back at its
    size and metrics measure there: load masks for a metric afterwards.

    Args:
        target: Size of the pixels in the unit of ``measure``, or one for each
            value of ``key``.
        key: What of a sample chooses from ``target``, as ``'organ'`` or
            ``'data_source'``.
        measure: What of a sample tells its pixel size: ``'pixel_size'`` in
            µm, or ``'spacing'``, (height, width) or (depth, height, width) in
            mm, whose pixels become square.
        limits: Least and greatest factor of the sides; beyond them a sample
            is refused, as its size or the target is of another unit.

    Required keys: img (H, W, C); pixel_size or spacing; the one that ``key``
    names. Modified keys: img, img_shape, seg_fields and seg_weight. Added
    keys: scale_factor (width, height).

    Raises:
        InputError: If an argument is out of its range; if a sample has no
            pixel size, no target, or a factor beyond ``limits``.

    Example:
        >>> dict(
        ...     type='RescaleToPixelSize',
        ...     key='organ',
        ...     target=dict(kidney=0.5, prostate=6.26),
        ... )
    """

    def __init__(
        self,
        target: float | Mapping[Any, float],
        *,
        key: str | None = None,
        measure: str = 'pixel_size',
        limits: tuple[float, float] = (1 / 32, 32),
    ) -> None:
        if measure not in _UNITS:
            raise InputError(
                f'measure is one of {list(_UNITS)}, got {measure!r}'
            )
        if isinstance(target, Mapping) != (key is not None):
            raise InputError(
                f'RescaleToPixelSize(target={target!r}, key={key!r}): give '
                'key with one target for each of its values, as '
                "key='organ', target=dict(kidney=0.5), and only then"
            )
        sizes = target.values() if isinstance(target, Mapping) else [target]
        if not all(size > 0 for size in sizes):
            raise InputError(f'target {target} must be above 0')
        if not 0 < limits[0] <= 1 <= limits[1]:
            raise InputError(f'limits {limits} must enclose 1')
        self.target = target
        self.key = key
        self.measure = measure
        self.limits = limits

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        img = results['img']
        before = img.shape[:2]
        factors = self._factors(results)
        size = tuple(
            max(round(side * factor), 1)
            for side, factor in zip(before, factors, strict=True)
        )
        results['img'] = resize_image(img, size)
        for field in mask_fields(results):
            results[field] = resize_labels(results[field], size)
        results['img_shape'] = size
        results['scale_factor'] = (size[1] / before[1], size[0] / before[0])
        return results

    def _factors(self, results: dict[str, Any]) -> list[float]:
        """Of the height and of the width."""
        name = results.get('where') or results.get('img_path', 'the sample')
        target = self.target
        if isinstance(target, Mapping):
            value = results.get(self.key)
            if value not in target:
                raise InputError(
                    f'{name}: RescaleToPixelSize has no target for '
                    f'{self.key} {value!r}, only for {sorted(target)}'
                )
            target = target[value]
        told = results.get(self.measure)
        if self.measure == 'pixel_size':
            sizes = (told, told)
        else:
            sizes = (None, None) if told is None else tuple(told)[-2:]
        if any(size is None or not size > 0 for size in sizes):
            raise InputError(
                f'{name} has no {self.measure} (found {told!r}), which '
                'RescaleToPixelSize needs; leave it out, or choose by '
                'ChooseBy which samples are rescaled'
            )
        factors = [float(size) / target for size in sizes]
        if not all(self.limits[0] <= k <= self.limits[1] for k in factors):
            raise InputError(
                f'{name}: from {told} to {target} {_UNITS[self.measure]} per '
                f'pixel is {factors[0]:.3g} times the height, beyond limits='
                f'{self.limits}; is one of them in another unit?'
            )
        return factors
