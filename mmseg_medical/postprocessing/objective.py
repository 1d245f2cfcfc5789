"""What post-processing is searched for, as sums that folds can be left out of.

Every score here is a sum divided by a sum: of the Dice of images by their
number, or of pixels by pixels. So a score of some folds is that of their
sums, and no image has to be kept.
"""

import dataclasses

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mmseg_medical.errors import InputError
from mmseg_medical.evaluation.functional import dice, iou

FloatArray = NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Objective:
    """A score of overlap, by the names of :class:`OverlapMetric`.

    Attributes:
        name: Name of the score.
        ratio: ``'dice'`` or ``'iou'``.
        pooled: Add up the pixels of all images first.
        empty: Score where mask and prediction are both empty; nan leaves
            such images out.
    """

    name: str
    ratio: str = 'dice'
    pooled: bool = False
    empty: float = 1.0

    def terms(self, counts: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Numerators and denominators of images.

        Args:
            counts: (..., 3 or 4) true positives, false positives, false
                negatives of an image.

        Returns:
            (...) and (...), to be summed over images.
        """
        counts = np.asarray(counts)
        if self.pooled:
            tp, fp, fn = np.moveaxis(counts[..., :3].astype(np.float64), -1, 0)
            weight = 1 + (self.ratio == 'dice')
            return weight * tp, weight * tp + fp + fn
        score = (dice if self.ratio == 'dice' else iou)(
            counts, empty=self.empty
        )
        counted = ~np.isnan(score)
        return np.where(counted, score, 0), counted.astype(np.float64)

    def value(self, parts: FloatArray, wholes: FloatArray) -> FloatArray:
        """Scores of sums of terms; nan where no image counts."""
        nothing = self.empty if self.pooled else np.nan
        found = parts / np.where(wholes > 0, wholes, 1)
        return np.where(wholes > 0, found, nothing)


# The rules of owners are those of evaluation/functional/official.py; of
# UW-Madison it is the part that is no distance.
OBJECTIVES = {
    one.name: one
    for one in (
        Objective('dice_per_image'),
        Objective('iou_per_image', 'iou'),
        Objective('dice_pooled', pooled=True),
        Objective('iou_pooled', 'iou', pooled=True),
        Objective('hubmap_score'),
        Objective('siim_score'),
        Objective('stas_score'),
        Objective('stas_pooled_score', pooled=True),
        Objective('uw_madison_dice', empty=np.nan),
    )
}


def objective(name: str, *, empty: float | None = 1.0) -> Objective:
    """An objective by its name.

    Args:
        name: One of :data:`OBJECTIVES`.
        empty: Score of an image where mask and prediction are both empty, or
            None to leave it out; for ``dice_per_image`` and
            ``iou_per_image``, the owners have rules of their own.

    Raises:
        InputError: If there is none of that name.
    """
    if name not in OBJECTIVES:
        raise InputError(
            f'{name!r} cannot be searched for; there are '
            f'{", ".join(OBJECTIVES)}'
        )
    found = OBJECTIVES[name]
    if name in ('dice_per_image', 'iou_per_image'):
        found = dataclasses.replace(
            found, empty=np.nan if empty is None else empty
        )
    return found
