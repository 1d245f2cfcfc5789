"""Distances between surfaces, in physical units."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmseg.registry import METRICS
from numpy.typing import NDArray

from mmseg_medical.evaluation.functional import (
    hausdorff,
    surface_dice,
    surface_distances,
)
from mmseg_medical.evaluation.metrics.base import Labels
from mmseg_medical.evaluation.metrics.per_image import PerImageMetric


@METRICS.register_module()
class SurfaceMetric(PerImageMetric):
    """Hausdorff distance and surface Dice, means over images.

    - ``hausdorff_95_per_image``: the larger one of the 95th percentiles of
      both directions, or the percentile of both in one pool.
    - ``surface_dice_per_image``: share of both outlines within ``tolerance``
      of each other.

    An image in which mask and prediction of a class are both empty is left
    out. Where one is empty, surface Dice is 0 and the distance that of two
    opposite corners of the image, the largest there can be. Ignored pixels
    are taken for background in both. With several classes, each has its own
    value ``…/<class>``.

    Args:
        spacing: Metadata with the distance between neighbouring pixels, one
            number or (height, width) of a pixel, as ``'spacing'`` in mm or
            ``'pixel_size'`` in µm; or such numbers for all images, as 1 to
            measure in pixels.
        tolerance: Distance that counts as agreement, in the unit of
            ``spacing``.
        percentile: Of the distances, 0 to 100; it stands in the name.
        pooled: Put both directions into one pool.
        kwargs: Arguments of :class:`PerImageMetric`, as ``csv_file``,
            ``group_by`` and ``confidence``.

    Raises:
        InputError: If an image has no such metadata, or as
            :class:`PerImageMetric`.
        ValueError: If ``tolerance`` or ``percentile`` is out of range.

    Example:
        >>> val_evaluator = dict(
        ...     type='SurfaceMetric', spacing='pixel_size', tolerance=2.0
        ... )
        >>> checkpoint = dict(save_best='hausdorff_95_per_image')
    """

    def __init__(
        self,
        *,
        spacing: str | float | Sequence[float] = 'spacing',
        tolerance: float,
        percentile: float = 95.0,
        pooled: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not 0 <= tolerance < np.inf:
            raise ValueError(f'tolerance is 0 or more, got {tolerance}')
        if not 0 <= percentile <= 100:
            raise ValueError(f'percentile is 0 to 100, got {percentile}')
        self.spacing = spacing
        self.tolerance = tolerance
        self.percentile = percentile
        self.pooled = pooled

    def measure(
        self, pred: Labels, gt: Labels, sample: dict[str, Any]
    ) -> NDArray[np.float64]:
        """Scores (classes, 2): Hausdorff distance, surface Dice."""
        if pred.shape != gt.shape:
            raise ValueError(
                f'prediction {pred.shape} and mask {gt.shape} differ in shape'
            )
        spacing = self._spacing(sample)
        used = gt != self.ignore_index
        pred, gt = pred * used, gt * used
        corners = np.array(gt.shape[-2:]) - 1
        scores = []
        for masks in zip(self.masks(pred), self.masks(gt), strict=True):
            distances = surface_distances(*masks, spacing=spacing)
            length = hausdorff(
                distances,
                percentile=self.percentile,
                pooled=self.pooled,
                empty=np.nan,
            )
            if distances.one_empty:
                length = float(np.linalg.norm(corners * spacing))
            overlap = surface_dice(distances, self.tolerance, empty=np.nan)
            scores.append((length, overlap))
        return np.array(scores)

    def score(
        self,
        names: list[str],
        measured: list[Any],
        metas: list[dict[str, Any]],
    ) -> dict[str, float]:
        scores, columns = {}, {}
        both = np.moveaxis(np.stack(measured), -1, 0)
        labels = (f'hausdorff_{self.percentile:g}', 'surface_dice')
        for name, values in zip(labels, both, strict=True):
            scores.update(self.average(f'{name}_per_image', values, metas))
            columns.update(self.columns(name, values))
        self.write(names, columns, metas)
        return scores

    def _spacing(self, sample: dict[str, Any]) -> Any:
        if not isinstance(self.spacing, str):
            return self.spacing
        if self.spacing not in sample:
            raise ValueError(
                f'no {self.spacing!r} in its metadata; name the key that '
                'gives the distance between pixels as  spacing=…, or measure '
                'in pixels with  spacing=1'
            )
        return sample[self.spacing]
