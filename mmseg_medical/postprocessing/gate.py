"""Images that are left empty as a whole."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from mmseg_medical.errors import InputError
from mmseg_medical.postprocessing._planes import Mask, Plane, above


def gate(
    mask: Mask,
    planes: Plane,
    scores: Mapping[str, Any],
    *,
    score_thr: float,
    score: str = 'max',
) -> Mask:
    """Empty the mask of an image that a score is too low for.

    Args:
        mask: (H, W) bool.
        planes: (K, H, W) probabilities of all classes of the image.
        scores: What a classifier says of the image, by name.
        score_thr: Least score that leaves the mask as it is.
        score: ``'max'``, the largest probability of any class, which has to
            lie above ``score_thr``; or a name in ``scores``, as
            ``'presence'`` of a :class:`PresenceHead`.

    Returns:
        (H, W) bool.

    Raises:
        InputError: If the image has no such score.

    Reference: 2nd place (a classifier) and 6th place (the maximum) of
        SIIM-ACR pneumothorax 2019
    """
    if score == 'max':
        is_open = bool(above(planes.max(keepdims=True), score_thr))
    elif score in scores:
        is_open = bool(scores[score] >= score_thr)
    else:
        raise InputError(
            f'gate needs the score {score!r} of the image, it has '
            f'{sorted(scores) or "none"}; a PresenceHead gives  presence'
        )
    return mask if is_open else np.zeros_like(mask)
