"""From probabilities to masks, by steps that are data."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmseg_medical.errors import InputError
from mmseg_medical.postprocessing._planes import Mask
from mmseg_medical.postprocessing.parameters import Meta
from mmseg_medical.postprocessing.steps import Step

TASKS = ('binary', 'multiclass', 'multilabel')


class Pipeline:
    """Steps of post-processing, one after another.

    The first makes masks of probabilities (``threshold``, ``triplet``,
    ``doublet``, ``hysteresis``, ``argmax``, ``dense_crf``), the others change
    them. Classes that exclude each other do so at the end: a pixel that is
    in several masks stays in that of the most likely class.

    Args:
        steps: Dicts of ``type`` and parameters, as a config writes them; see
            :class:`mmseg_medical.postprocessing.steps.Step`.
        task: ``'binary'``, ``'multiclass'`` or ``'multilabel'``.
        labels: Names of the classes that have a mask: all but a background.

    Raises:
        InputError: If a step or a parameter is unknown or out of its range,
            or steps are in an order in which they cannot be.

    Example:
        >>> pipeline = Pipeline(
        ...     [
        ...         dict(type='threshold', mask_thr=0.4),
        ...         dict(type='remove_small', min_size=2),
        ...     ],
        ...     task='binary',
        ...     labels=['lesion'],
        ... )
        >>> pipeline(np.array([[[0.9, 0.8, 0.1, 0.7]]])).astype(int).tolist()
        [[[1, 1, 0, 0]]]
    """

    def __init__(
        self,
        steps: Sequence[Mapping[str, Any]],
        *,
        task: str,
        labels: Sequence[str],
    ) -> None:
        if task not in TASKS:
            raise InputError(f'task is one of {TASKS}, got {task!r}')
        self.task = task
        self.labels = list(labels)
        self.steps = [Step(config, labels) for config in steps]
        self._check_order()

    def _check_order(self) -> None:
        names = [step.name for step in self.steps]
        starts = [step.starts for step in self.steps]
        if starts[:1] != [True] or sum(starts) != 1:
            raise InputError(
                'post-processing begins with the one step that makes masks '
                '(threshold, triplet, doublet, hysteresis, argmax or '
                f'dense_crf); the steps are {names}'
            )
        if any(step.of_volume for step in self.steps[:-1]):
            raise InputError(
                'smooth_presence comes last: it takes the finished masks of '
                f'all slices; the steps are {names}'
            )
        if names[0] == 'argmax' and self.task != 'multiclass':
            raise InputError(
                "argmax is for task='multiclass', whose probabilities have a "
                f'background; task={self.task!r} takes a threshold'
            )

    @property
    def volume_step(self) -> Step | None:
        """The step that needs all slices of a volume, if there is one."""
        last = self.steps[-1]
        return last if last.of_volume else None

    def __call__(
        self,
        probs: NDArray[Any],
        *,
        meta: Meta | None = None,
        scores: Meta | None = None,
        img: NDArray[np.uint8] | None = None,
    ) -> Mask:
        """Masks of an image, or of a slice before :meth:`smooth`.

        Args:
            probs: (C, H, W) float in [0, 1], or uint8 or uint16 levels; with
                the background first where classes exclude each other.
            meta: What is known of the image, as its organ.
            scores: What a classifier says of it.
            img: (H, W, 3) uint8 RGB, for ``dense_crf``.

        Returns:
            (K, H, W) bool, one for each of ``labels``.

        Raises:
            InputError: If there is another number of classes, or a step asks
                for what the image has not.
        """
        planes = probs[1:] if self.task == 'multiclass' else probs
        if len(planes) != len(self.labels):
            raise InputError(
                f'post-processing of {len(self.labels)} classes '
                f'({", ".join(self.labels)}) gets {len(planes)}'
            )
        given = dict(
            channels=probs, planes=planes, scores=scores or {}, img=img
        )
        masks = np.zeros(planes.shape, bool)
        for step in self.steps:
            if step.of_volume:
                continue
            if not step.per_class:
                masks = step(given, meta or {})
                continue
            for k, label in enumerate(self.labels):
                own = dict(given, probs=planes[k], mask=masks[k])
                masks[k] = step(own, meta or {}, label)
        return self._exclusive(masks, planes)

    def smooth(self, masks: Mask, *, meta: Meta | None = None) -> Mask:
        """Apply :attr:`volume_step` to the masks of a volume.

        Args:
            masks: (D, K, H, W) of all slices, in their order.
            meta: What is known of the volume.

        Returns:
            (D, K, H, W) bool.
        """
        step = self.volume_step
        if step is None:
            return masks
        smooth = [
            step(dict(volume=masks[:, k]), meta or {}, label)
            for k, label in enumerate(self.labels)
        ]
        return np.stack(smooth, 1)

    def as_labels(self, masks: Mask) -> NDArray[Any]:
        """Masks as the labels of a segmentor.

        Args:
            masks: (K, H, W) bool.

        Returns:
            (1, H, W) class indices, or (K, H, W) of 0 and 1 for
            ``multilabel``; uint8, or int32 where that has no room.
        """
        if self.task == 'multilabel':
            return masks.astype(np.uint8)
        kind = np.uint8 if len(masks) < 256 else np.int32
        labels = np.zeros((1, *masks.shape[1:]), kind)
        for index, mask in enumerate(masks, 1):
            labels[0, mask] = index
        return labels

    def _exclusive(self, masks: Mask, planes: NDArray[Any]) -> Mask:
        """Give pixels of several masks to the most likely of them."""
        if self.task == 'multiclass' and (masks.sum(0) > 1).any():
            likely = np.where(masks, planes.astype(np.float32), -1).argmax(0)
            masks &= likely == np.arange(len(masks))[:, None, None]
        return masks


def default_steps(
    task: str,
    labels: Sequence[str],
    *,
    mask_thr: float | Sequence[float] = 0.5,
    gate_thr: float | None = None,
) -> list[dict[str, Any]]:
    """Steps of a model that has no others.

    Args:
        task: ``'multiclass'`` takes the most likely class.
        labels: Names of the classes that have a mask.
        mask_thr: Probability above which a pixel belongs to a class, one for
            all or one for each.
        gate_thr: Least ``presence`` of an image that has any mask.
    """
    steps: list[dict[str, Any]] = [dict(type='argmax')]
    if task != 'multiclass':
        thr: Any = mask_thr
        if isinstance(mask_thr, (list, tuple)):
            thr = {'class': dict(zip(labels, mask_thr, strict=True))}
        steps = [dict(type='threshold', mask_thr=thr)]
    if gate_thr is not None:
        steps.append(dict(type='gate', score='presence', score_thr=gate_thr))
    return steps
