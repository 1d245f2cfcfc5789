"""What a pixel and an image have to be to become labels."""

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmseg_medical.apis.members import Members
from mmseg_medical.converters.confidence import (
    Confidence,
    Thresholds,
    per_class,
)
from mmseg_medical.converters.label_map import IGNORE_INDEX
from mmseg_medical.errors import InputError
from mmseg_medical.postprocessing import Pipeline, read_pipeline


@dataclasses.dataclass(frozen=True, kw_only=True)
class LabelRules:
    """Which pixels and which images become labels.

    Args:
        mask_thr: Probability above which a pixel is of a class: one, one for
            each class in their order, or by name; None is that of the maps.
        low: Up to this a pixel is not of a class; what lies between ``low``
            and ``high`` is ignored (255). None is ``mask_thr``.
        high: Above this a pixel is of a class; None is ``mask_thr``. Where
            classes exclude each other, the most likely one counts, ignored
            up to its ``high``.
        postprocess: A ``postprocess.json``, whose masks count where pixels
            are not ignored, with thresholds by class, organ and source.
        min_confidence: Least :attr:`Confidence.confidence` of an image.
        min_sure: Least :attr:`Confidence.sure`.
        empty: False leaves out images without foreground.
        trained: True keeps images whose labels a model behind their maps has
            learnt, itself or through its teachers: a mask of those repeats
            their labels.
        limit: Keep only the most confident images: so many, or below 1 that
            share of the images of the maps.
    """

    mask_thr: Thresholds | None = None
    low: Thresholds | None = None
    high: Thresholds | None = None
    postprocess: str | None = None
    min_confidence: float = 0.0
    min_sure: float = 0.0
    empty: bool = True
    trained: bool = False
    limit: float | None = None

    def __post_init__(self) -> None:
        for key in ('min_confidence', 'min_sure'):
            if not 0 <= (value := getattr(self, key)) <= 1:
                raise InputError(f'{key} is {value}, expected it in [0, 1]')
        if self.mask_thr is not None and (self.low, self.high) != (None, None):
            raise InputError('give mask_thr, or low and high')
        if self.mask_thr is not None and self.postprocess is not None:
            raise InputError(
                'postprocess has thresholds of its own; drop mask_thr'
            )
        limit = self.limit
        if limit is not None and not (
            0 < limit < 1 or (limit >= 1 and limit == int(limit))
        ):
            raise InputError(
                f'limit is {limit}, expected a number of images or a share '
                'below 1'
            )

    def edges(self, members: Members) -> tuple[NDArray[Any], NDArray[Any]]:
        """``low`` and ``high`` of each channel of some maps.

        Raises:
            InputError: If a threshold is not one, or low is above high.
        """
        names = members.channels
        if members.task == 'multiclass':
            if self.mask_thr is not None or self.low is not None:
                raise InputError(
                    'classes of these maps exclude each other: the most '
                    'likely one counts. high is the least probability that '
                    'is sure; remove mask_thr and low'
                )
            if len(names) > IGNORE_INDEX:
                raise InputError(
                    f'masks have at most {IGNORE_INDEX} classes, these maps '
                    f'{len(names)}'
                )
            high = per_class(self.high or 0.0, names, what='high')
            return np.zeros(len(names)), high
        middle = self.mask_thr
        if middle is None and None in (self.low, self.high):
            middle = members.mask_thr()
        low, high = (
            per_class(middle, names, what='mask_thr')
            if edge is None
            else per_class(edge, names, what=key)
            for edge, key in ((self.low, 'low'), (self.high, 'high'))
        )
        if (low > high).any():
            k = int((low > high).argmax())
            raise InputError(
                f'low is above high for {names[k]}: {low[k]:g}, {high[k]:g}'
            )
        return low, high

    def pipeline(self, members: Members) -> Pipeline | None:
        """What :attr:`postprocess` says, for some maps.

        Raises:
            FileNotFoundError: If there is no such file.
            InputError: If it is for other maps, or for whole volumes.
        """
        if self.postprocess is None:
            return None
        first = members.maps[0]
        pipeline = read_pipeline(
            self.postprocess,
            task=members.task,
            labels=first.labels,
            dataset=first.origin.get('dataset', ''),
        )
        if pipeline.volume_step is not None:
            raise InputError(
                f'{self.postprocess} has a step of whole volumes, '
                'smooth_presence; images become labels one by one: remove it'
            )
        return pipeline

    def objection(self, found: Confidence, labels: NDArray[Any]) -> str:
        """Why an image is left out; '' where it is not."""
        if (labels == IGNORE_INDEX).all():
            return 'no pixel is sure'
        if not self.empty and not found.foreground:
            return 'empty'
        if found.confidence < self.min_confidence:
            return f'confidence below {self.min_confidence:g}'
        if found.sure < self.min_sure:
            return f'sure below {self.min_sure:g}'
        return ''
