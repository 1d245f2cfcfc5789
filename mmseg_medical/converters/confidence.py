"""Masks of what a model is sure of, and how sure it is of an image."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mmseg_medical.converters.label_map import IGNORE_INDEX
from mmseg_medical.converters.probability_levels import thresholds
from mmseg_medical.errors import InputError

Probs = NDArray[np.float32]
Labels = NDArray[np.uint8]
Thresholds = float | Sequence[float] | Mapping[str, float]


class Confidence(NamedTuple):
    """How sure a model is of its mask of an image, each in [0, 1].

    Attributes:
        confidence: Mean probability of the foreground, each pixel that of its
            class; of an empty mask 1 minus the greatest probability of any
            foreground.
        sure: Share of foreground in foreground and pixels that are not sure;
            1 where there are neither.
        foreground: Share of foreground in the image.
    """

    confidence: float
    sure: float
    foreground: float


def sure_labels(
    probs: Probs, task: str, low: NDArray[Any], high: NDArray[Any]
) -> Labels:
    """Labels of pixels that a model is sure of, 255 for the others.

    Args:
        probs: (C, H, W) in [0, 1]: of the foreground for ``'binary'``.
        task: ``'binary'``, ``'multiclass'`` or ``'multilabel'``.
        low: (C,) Up to this a pixel is not of a class; not used for
            ``'multiclass'``.
        high: (C,) Above this a pixel is of a class; for ``'multiclass'`` that
            of the most likely class counts.

    Returns:
        (H, W) class indices, or planes (C, H, W) of 0 and 1 for
        ``'multilabel'``.
    """
    if task == 'multiclass':
        winner = probs.argmax(0).astype(np.uint8)
        sure = probs.max(0) > high.astype(probs.dtype)[winner]
        return np.where(sure, winner, np.uint8(IGNORE_INDEX))
    labels = (probs > thresholds(high, probs.dtype)).astype(np.uint8)
    unsure = (probs > thresholds(low, probs.dtype)) & (labels == 0)
    labels[unsure] = IGNORE_INDEX
    return labels[0] if task == 'binary' else labels


def decided_by(masks: Labels, labels: Labels) -> Labels:
    """Labels of post-processing where pixels are sure.

    Args:
        masks: (1, H, W) class indices, or planes (C, H, W), as
            :meth:`Pipeline.as_labels` makes them.
        labels: As :func:`sure_labels` returned them.

    Returns:
        Labels in the shape of ``labels``, 255 where these are.
    """
    decided = masks.reshape(labels.shape).astype(labels.dtype)
    decided[labels == IGNORE_INDEX] = IGNORE_INDEX
    return decided


def confidence_of(probs: Probs, task: str, labels: Labels) -> Confidence:
    """How sure a model is of an image.

    Args:
        probs: (C, H, W) in [0, 1].
        task: As of :func:`sure_labels`.
        labels: What that returned.
    """
    ignored = labels == IGNORE_INDEX
    on = (labels != 0) & ~ignored
    count, unsure = int(on.sum()), int(ignored.sum())
    if count:
        if task == 'multiclass':
            own = np.take_along_axis(probs, np.where(on, labels, 0)[None], 0)
        else:
            own = probs
        confidence = own[on.reshape(own.shape)].mean(dtype=float)
    elif task == 'multiclass':
        confidence = probs[0].min()
    else:
        confidence = 1 - probs.max()
    return Confidence(
        float(confidence),
        count / (count + unsure) if count + unsure else 1.0,
        float(on.reshape(-1, *on.shape[-2:]).any(0).mean()),
    )


def per_class(
    value: Thresholds, names: Sequence[str], *, what: str
) -> NDArray[np.float64]:
    """Thresholds of channels: one for all, one for each, or by name.

    Args:
        value: What was given.
        names: Classes of the channels.
        what: What it is, for messages.

    Returns:
        (C,) thresholds.

    Raises:
        InputError: If a class has none or there is none such, or one is
            outside of [0, 1].
    """
    if isinstance(value, Mapping):
        if value.keys() != set(names):
            raise InputError(
                f'{what} is of {", ".join(sorted(value))}, expected one for '
                f'each of {", ".join(names)}'
            )
        value = [value[name] for name in names]
    found = np.atleast_1d(np.asarray(value, np.float64))
    if len(found) not in (1, len(names)):
        raise InputError(
            f'{what} has {len(found)} numbers, expected 1 or one for each of '
            f'{", ".join(names)}'
        )
    if not ((found >= 0) & (found <= 1)).all():
        raise InputError(
            f'{what} is {found.tolist()}, expected probabilities in [0, 1]'
        )
    return np.broadcast_to(found, len(names)).copy()
