"""Scores of competitions that are one mean over Dice coefficients."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from mmseg_medical.evaluation.functional.overlap import dice


def hubmap_score(counts: ArrayLike) -> float:
    """Score of HuBMAP + HPA 2022: the mean of the Dice of each image.

    Args:
        counts: (images, classes, 3 or 4) of the foreground classes, as
            :func:`overlap_counts` returns them.

    Returns:
        Score in [0, 1]; an image without tissue units in mask and
        prediction counts as 1.

    Reference: kaggle.com/competitions/hubmap-organ-segmentation
    """
    return float(dice(counts, empty=1.0).mean())


def siim_score(counts: ArrayLike) -> float:
    """Score of SIIM-ACR pneumothorax: the mean of the Dice of each image.

    Most images have no pneumothorax. One of them scores 1 if nothing is
    predicted, and 0 for a single pixel.

    Args:
        counts: (images, classes, 3 or 4) as for :func:`hubmap_score`.

    Returns:
        Score in [0, 1].

    Reference: kaggle.com/competitions/siim-acr-pneumothorax-segmentation
    """
    return float(dice(counts, empty=1.0).mean())


def stas_score(counts: ArrayLike, *, pooled: bool = False) -> float:
    """Score of AI CUP 2022 STAS, in both readings of "Dice".

    The organisers did not publish their code, and teams chose their models
    by either: the mean of the Dice of each image, or one Dice of the pixels
    of all images.

    Args:
        counts: (images, classes, 3 or 4) as for :func:`hubmap_score`.
        pooled: Add up the pixels of all images first.

    Returns:
        Score in [0, 1]; 1 where mask and prediction are both empty.
    """
    counts = np.asarray(counts)
    return float(dice(counts.sum(0) if pooled else counts).mean())


def _stas_pooled(counts: ArrayLike) -> float:
    return stas_score(counts, pooled=True)


OFFICIAL: dict[str, Callable[[ArrayLike], float]] = dict(
    hubmap=hubmap_score,
    siim=siim_score,
    stas=stas_score,
    stas_pooled=_stas_pooled,
)
