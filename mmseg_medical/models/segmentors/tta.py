"""Test time augmentation over the symmetries of the square."""

from collections.abc import Sequence
from typing import Any

import torch
from mmengine.model import BaseTTAModel
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import Tensor

from mmseg_medical.errors import InputError

# Each symmetry as (transpose, flip rows, flip columns), in this order.
SYMMETRIES = {
    'identity': (False, False, False),
    'hflip': (False, False, True),
    'vflip': (False, True, False),
    'rot180': (False, True, True),
    'transpose': (True, False, False),
    'rot90': (True, True, False),
    'rot270': (True, False, True),
    'transverse': (True, True, True),
}
VIEWS = {
    'flips': ('identity', 'hflip', 'vflip', 'rot180'),
    'd4': tuple(SYMMETRIES),
}


def apply_symmetry(x: Tensor, name: str) -> Tensor:
    """Apply a symmetry of the square to the last two axes; a view of x."""
    transpose, rows, columns = SYMMETRIES[name]
    if transpose:
        x = x.transpose(-1, -2)
    return x.flip([axis for axis, on in ((-2, rows), (-1, columns)) if on])


def undo_symmetry(x: Tensor, name: str) -> Tensor:
    """Undo :func:`apply_symmetry`, exactly and for every size."""
    transpose, rows, columns = SYMMETRIES[name]
    x = x.flip([axis for axis, on in ((-2, rows), (-1, columns)) if on])
    return x.transpose(-1, -2) if transpose else x


@MODELS.register_module()
class MedicalTTAModel(BaseTTAModel):
    """Mean of the probabilities over views of each image.

    Takes the samples of the plain test pipeline: the views are made of the
    loaded images, before normalisation and padding, so that no file is read
    twice and the inverse is exact for every size. The mean is taken over
    probabilities and turned into labels by the segmentor.

    Args:
        module: Config of a :class:`MedicalSegmentor`.
        views: ``'d4'`` (all eight symmetries of the square), ``'flips'``
            (four), or names of symmetries.
        data_preprocessor: Set by mmengine where the runner has one.

    Raises:
        ValueError: If a view is unknown or none is given.

    Example:
        >>> tta_model = dict(type='MedicalTTAModel', views='d4')
    """

    def __init__(
        self,
        module: Any,
        views: str | Sequence[str] = 'd4',
        data_preprocessor: Any = None,
    ) -> None:
        super().__init__(module, data_preprocessor)
        if isinstance(views, str):
            views = VIEWS.get(views, (views,))
        unknown = [view for view in views if view not in SYMMETRIES]
        if unknown or not views:
            raise ValueError(
                f'unknown views {unknown}: expected one of {sorted(VIEWS)} '
                f'or names of {sorted(SYMMETRIES)}'
            )
        self.views = tuple(views)

    @property
    def settings(self) -> dict[str, Any]:
        """What of the prediction is decided here, for a record."""
        return dict(views=list(self.views))

    def merge_preds(self, data_samples_list: Any) -> Any:
        """Not used: views are merged while they are predicted."""
        raise NotImplementedError

    @torch.no_grad()
    def test_step(self, data: dict[str, Any]) -> list[SegDataSample]:
        """Predict a batch of the test pipeline.

        Args:
            data: ``inputs``, N tensors (C, H, W); ``data_samples``.

        Returns:
            N samples as :meth:`MedicalSegmentor.predict` fills them.
        """
        model = self.module
        if not hasattr(model, 'image_probs'):
            raise InputError(
                '--tta merges the probabilities of a MedicalSegmentor, got '
                f'{type(model).__name__}; set model.type and model.task'
            )
        merged: list[Tensor] = []
        for view in self.views:
            batch = dict(
                inputs=[apply_symmetry(img, view) for img in data['inputs']],
                data_samples=[s.clone() for s in data['data_samples']],
            )
            batch = model.data_preprocessor(batch, False)
            for k, logits in enumerate(model.image_logits(**batch)):
                shape = data['data_samples'][k].ori_shape
                probs = model.image_probs(undo_symmetry(logits, view), shape)
                if k == len(merged):
                    merged.append(probs)
                else:
                    merged[k] += probs
        return [
            model.finish(sample.to(probs.device), probs / len(self.views))
            for sample, probs in zip(data['data_samples'], merged, strict=True)
        ]
