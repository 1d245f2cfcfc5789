"""The score of UW-Madison GI tract, with volumes put together from slices."""

import zlib
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np
from mmengine.logging import print_log
from mmseg.registry import METRICS
from numpy.typing import NDArray

from mmseg_medical.errors import InputError
from mmseg_medical.evaluation.functional import (
    overlap_counts,
    uw_madison_score,
    volume_hausdorff,
)
from mmseg_medical.evaluation.metrics.base import Labels, MedicalMetric

Mask = NDArray[np.bool_]


@dataclass(frozen=True)  # mmengine makes plain tuples of named ones
class PackedSlice:
    """What is kept of a slice: about a kilobyte, most of it the outlines.

    Attributes:
        volume: Case and day.
        position: Number of the slice in its volume.
        counts: (classes, 4) as :func:`overlap_counts` returns them.
        shape: (2, classes, H, W) of the prediction and the mask.
        data: Both as bits, deflated.
    """

    volume: str
    position: int
    counts: NDArray[np.int64]
    shape: tuple[int, ...]
    data: bytes

    def masks(self) -> Mask:
        """Prediction and mask, (2, classes, H, W)."""
        bits = np.frombuffer(zlib.decompress(self.data), np.uint8)
        count = int(np.prod(self.shape))
        return np.unpackbits(bits, count=count).reshape(self.shape) == 1


@METRICS.register_module()
class UWMadisonMetric(MedicalMetric):
    """Score of UW-Madison GI tract: 0.4 Dice + 0.6 (1 - 3D Hausdorff).

    Dice is a mean over classes and slices, the Hausdorff distance one over
    classes and volumes; rows that are empty in mask and prediction do not
    count. :func:`uw_madison_score` and :func:`volume_hausdorff` say more.

    Slices come in any order and from any process. Each is kept as deflated
    bits, and at the end one volume at a time is unpacked. The scores are
    ``uw_madison_score``, ``uw_madison_dice`` and ``uw_madison_hausdorff``,
    the latter two also by class. ``csv_file`` gets one row per volume.

    Args:
        volume_key: Metadata that names the volume, as case and day.
        slice_key: Metadata with the number of the slice in its volume.
        kwargs: Arguments of :class:`MedicalMetric`.

    Raises:
        InputError: If a slice has no such metadata, two slices of a volume
            have one number or different sizes, or as :class:`MedicalMetric`.

    Example:
        >>> val_evaluator = dict(type='UWMadisonMetric')
        >>> default_hooks = dict(
        ...     checkpoint=dict(save_best='uw_madison_score')
        ... )
    """

    META = ()
    MEASURED = (PackedSlice,)

    def __init__(
        self,
        *,
        volume_key: str = 'case_day',
        slice_key: str = 'slice_index',
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.volume_key = volume_key
        self.slice_key = slice_key

    def measure(
        self, pred: Labels, gt: Labels, sample: dict[str, Any]
    ) -> PackedSlice:
        """Counts and deflated bits of a slice."""
        for key in (self.volume_key, self.slice_key):
            if key not in sample:
                raise ValueError(
                    f'no {key!r} in its metadata; name the keys of volume '
                    'and slice as  volume_key=…, slice_key=…'
                )
        counts = overlap_counts(
            pred, gt, len(self.classes), ignore_index=self.ignore_index
        )
        used = gt != self.ignore_index
        masks = np.array(
            [[*self.masks(pred * used)], [*self.masks(gt * used)]]
        )
        return PackedSlice(
            str(sample[self.volume_key]),
            int(sample[self.slice_key]),
            counts[-masks.shape[1] :],
            masks.shape,
            zlib.compress(np.packbits(masks).tobytes(), 1),
        )

    def score(
        self,
        names: list[str],
        measured: list[Any],
        metas: list[dict[str, Any]],
    ) -> dict[str, float]:
        volumes: dict[str, list[PackedSlice]] = defaultdict(list)
        for one in measured:
            volumes[one.volume].append(one)
        distances = np.array(
            [self._distances(name, volumes[name]) for name in volumes]
        )
        counts = np.stack([one.counts for one in measured])
        whole = uw_madison_score(counts, distances)
        labels = self.classes[-distances.shape[1] :]
        scores = {
            f'uw_madison_{part}': value
            for part, value in whole._asdict().items()
        }
        for k, label in enumerate(labels):
            part = uw_madison_score(counts[:, [k]], distances[:, [k]])
            scores[f'uw_madison_dice/{label}'] = part.dice
            scores[f'uw_madison_hausdorff/{label}'] = part.hausdorff
        columns = {
            f'hausdorff/{label}': column.tolist()
            for label, column in zip(labels, distances.T, strict=True)
        }
        self.write([*volumes], columns, [{} for _ in volumes])
        return scores

    def _distances(self, name: str, slices: list[PackedSlice]) -> list[float]:
        """Hausdorff distance of each class in a volume."""
        slices = sorted(slices, key=lambda one: one.position)
        positions = [one.position for one in slices]
        if len(set(positions)) < len(positions):
            twice = max(positions, key=positions.count)
            raise InputError(f'volume {name!r} has two slices {twice}')
        shapes = {one.shape for one in slices}
        if len(shapes) > 1:
            raise InputError(
                f'slices of volume {name!r} differ in size: '
                f'{sorted({shape[-2:] for shape in shapes})} (height, width)'
            )
        if positions[-1] - positions[0] >= len(positions):
            print_log(
                f'volume {name!r} has {len(positions)} slices, numbered '
                f'{positions[0]} … {positions[-1]}: some are missing, and '
                'its Hausdorff distance is not the official one',
                logger='current',
            )
        pred, gt = np.stack([one.masks() for one in slices], 2)
        return [volume_hausdorff(*pair) for pair in zip(pred, gt, strict=True)]
