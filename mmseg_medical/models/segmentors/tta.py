"""Test time augmentation, merged as probabilities."""

from collections.abc import Mapping, Sequence
from typing import Any

from mmengine.model import BaseTTAModel
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

from mmseg_medical.errors import InputError
from mmseg_medical.models.segmentors.prediction import ImagePredictor
from mmseg_medical.models.views import GROUPS, MERGES, SYMMETRIES, Variant


@MODELS.register_module()
class MedicalTTAModel(BaseTTAModel):
    """Merge the probabilities of several views of each image.

    Takes the samples of the plain test pipeline: the views are made of the
    loaded images, before normalisation and padding, so that no file is read
    twice and the inverse is exact for every size. The symmetries of a window
    are merged before windows are, so that the memory of a large image does
    not grow with their number. Labels are made by the segmentor.

    Args:
        module: Config of a :class:`MedicalSegmentor` or of an
            :class:`EnsembleSegmentor`.
        views: ``'d4'`` (all eight symmetries of the square), ``'flips'``
            (four), ``'hflip'`` (two: the image and its mirror image), a list
            of symmetries, or their weights by name.
        variants: Scales, contrasts and brightnesses to take all views of;
            each a dict of ``scale``, ``clahe`` (clip limit), ``brightness``
            and ``weight``. The image as it is, ``dict()``, is one of them
            only where it is listed.
        merge: ``'mean'``; ``'geometric'``, the mean of the logits; ``'max'``.
        data_preprocessor: Set by mmengine where the runner has one.

    Raises:
        InputError: If a view, a key of a variant or ``merge`` is unknown, a
            number out of range, or the model has no probabilities to merge.

    Example:
        >>> tta_model = dict(
        ...     type='MedicalTTAModel',
        ...     views='flips',
        ...     variants=[dict(scale=0.8), dict(weight=2), dict(clahe=2.0)],
        ... )
    """

    def __init__(
        self,
        module: Any,
        views: str | Sequence[str] | Mapping[str, float] = 'd4',
        *,
        variants: Sequence[dict[str, Any]] = ({},),
        merge: str = 'mean',
        data_preprocessor: Any = None,
    ) -> None:
        super().__init__(module, data_preprocessor)
        if not isinstance(self.module, ImagePredictor):
            raise InputError(
                '--tta merges the probabilities of a MedicalSegmentor, got '
                f'{type(self.module).__name__}; set model.type and model.task'
            )
        self.symmetries = _symmetries(views)
        if merge not in MERGES:
            raise InputError(
                f'tta_model.merge is one of {MERGES}, got {merge!r}'
            )
        if not variants or not isinstance(variants, (list, tuple)):
            raise InputError(
                'tta_model.variants is a list of one dict or more, got '
                f'{variants!r}; dict() is the image as it is'
            )
        self.merge = merge
        try:
            self.variants = [Variant.of(dict(cfg)) for cfg in variants]
        except ValueError as error:
            raise InputError(f'tta_model.variants: {error}') from None

    @property
    def record(self) -> dict[str, Any]:
        """What decides the probabilities here, for a record."""
        return dict(
            views=self.symmetries,
            variants=[list(variant) for variant in self.variants],
            merge=self.merge,
        )

    def merge_preds(self, data_samples_list: Any) -> Any:
        """Not used: views are merged while they are predicted."""
        raise NotImplementedError

    def test_step(self, data: dict[str, Any]) -> list[SegDataSample]:
        """Predict a batch of the test pipeline.

        Args:
            data: ``inputs``, N tensors (C, H, W); ``data_samples``.

        Returns:
            N samples as :meth:`ImagePredictor.predict_images` fills them.
        """
        return self.module.test_step(
            data,
            symmetries=self.symmetries,
            variants=self.variants,
            merge=self.merge,
        )


def _symmetries(
    views: str | Sequence[str] | Mapping[str, float],
) -> dict[str, float]:
    """Weight of each symmetry by name."""
    if isinstance(views, str):
        unknown = [views] if views not in GROUPS else []
        views = GROUPS.get(views, ())
    else:
        unknown = [name for name in views if name not in SYMMETRIES]
    if unknown or not views:
        raise InputError(
            f'unknown views {unknown}: expected one of {sorted(GROUPS)}, or '
            f'a list of {sorted(SYMMETRIES)}'
        )
    if not isinstance(views, Mapping):
        views = dict.fromkeys(views, 1.0)
    weights = views.values()
    if not all(isinstance(w, (int, float)) and w > 0 for w in weights):
        raise InputError(f'weights of views are above 0, got {dict(views)}')
    return dict(views)
