"""Thresholds, calibration and confusion of a model, in one pass over maps."""

import dataclasses

import numpy as np
from numpy.typing import NDArray

from mmseg_medical.apis.labelled_maps import LabelledMap, LabelledMaps
from mmseg_medical.apis.reports.cases import Cases
from mmseg_medical.apis.reports.run import Run
from mmseg_medical.errors import InputError
from mmseg_medical.evaluation.functional import (
    Reliability,
    joint_counts,
    reliability,
)
from mmseg_medical.postprocessing.objective import objective
from mmseg_medical.postprocessing.sweep import sweep_triplets

# Between neighbouring levels of 8 bits: a cut there tells them apart.
CUTS = (np.arange(255) + 0.5) / 255
_LEVELS = np.arange(256) / 255


@dataclasses.dataclass(frozen=True)
class MapStatistics:
    """Sums over the maps of a test.

    Attributes:
        labels: Names of the K classes that have a mask.
        classes: Names of all C classes.
        mask_thr: (K,) threshold of the model, nan where the most likely class
            wins.
        curve: (K, 255) ``dice_per_image`` at :data:`CUTS`.
        pixels: (K, 256) pixels by their probability in steps of 1/255.
        positives: (K, 256) those of them that belong to the class.
        confusion: (C, C) pixels by class of the mask (rows) and of the
            prediction; None where classes do not exclude each other.
        other_masks: Images whose tested mask is not that of the map and the
            threshold, as after post-processing.
    """

    labels: list[str]
    classes: list[str]
    mask_thr: NDArray[np.float64]
    curve: NDArray[np.float64]
    pixels: NDArray[np.int64]
    positives: NDArray[np.int64]
    confusion: NDArray[np.int64] | None
    other_masks: int

    def reliability(self, label: str, bins: int = 10) -> Reliability:
        """Calibration of a class."""
        k = self.labels.index(label)
        return reliability(_LEVELS, self.pixels[k], self.positives[k], bins)


def open_maps(run: Run, folder: str) -> LabelledMaps:
    """Open the maps of the test of a run.

    Args:
        run: A run that was tested.
        folder: Folder of ``--out``.

    Raises:
        InputError: If they are of another model or of other data.
    """
    if run.cfg is None:
        raise InputError(
            f'{run.folder} has no config (vis_data/config.py), which names '
            f'the masks for {folder}; give it by --config'
        )
    data = LabelledMaps(run.cfg, folder, hold_out=False)
    cases = _tested(run)
    if list(data.maps.labels) != cases.labels and len(cases.labels) > 1:
        raise InputError(
            f'{folder} has maps of the classes {data.maps.labels}, '
            f'{run.folder} was tested on {cases.labels}'
        )
    for there, here, what in (
        (set(cases.ids), set(data.maps.ids), f'lacks maps of {run.folder}'),
        (set(data.maps.ids), set(cases.ids), 'has maps of other images'),
    ):
        if differ := sorted(there - here):
            raise InputError(
                f'{folder} {what}: {len(differ)} of {len(there)}, first '
                f'{differ[0]!r}; write those of this test with  tools/test.py '
                f'CONFIG CHECKPOINT --work-dir {run.folder} --out {folder}'
            )
    made_by = {name.split()[-1] for name in data.maps.checkpoints}
    if run.digests and made_by and not made_by <= run.digests:
        raise InputError(
            f'{folder} has maps of another model '
            f'({", ".join(n.split()[0] for n in data.maps.checkpoints)}) than '
            f'the one that {run.folder} was tested with '
            f'({run.facts["checkpoint"]}); test it again with --out'
        )
    return data


def sum_maps(run: Run, data: LabelledMaps) -> MapStatistics:
    """Read all maps and masks once.

    Args:
        run: The run that the maps are of.
        data: Its maps.

    Raises:
        InputError: If an image has no mask, or one of another size.
    """
    cases = _tested(run)
    maps, pipeline = data.maps, data.maps.pipeline()
    exclusive = maps.task == 'multiclass'
    empty = None if np.isnan(cases.empty) else cases.empty
    score = objective('dice_per_image', empty=empty)
    count, size = len(maps.labels), len(maps.classes)
    parts, wholes = np.zeros((2, count, len(CUTS)))
    pixels, positives = np.zeros((2, count, 256), np.int64)
    confusion = np.zeros((size, size), np.int64)
    place = {img_id: k for k, img_id in enumerate(cases.ids)}
    gate, other_masks = maps.postprocess.get('gate_thr'), 0
    for one in data.over({''}):
        for k, (plane, gt) in enumerate(
            zip(one.probs[-count:], one.gt, strict=True)
        ):
            counts, levels = _sweep(plane, gt)
            if gate is not None and one.scores['presence'] < gate:
                counts = np.array([[0, 0, (gt == 1).sum()]])
            part, whole = score.terms(counts)
            parts[k] += part
            wholes[k] += whole
            pixels[k] += levels[0]
            positives[k] += levels[1]
        masks = pipeline(one.probs, meta=one.meta, scores=one.scores)
        areas = (masks & (one.gt != 255)).sum((1, 2))
        said = cases.counts[place[one.img_id], :, :2].sum(1)
        other_masks += not np.array_equal(areas, said)
        if exclusive:
            confusion += joint_counts(_labels(masks), _truth(one), size)
    thr = np.nan if exclusive else maps.postprocess.get('mask_thr', np.nan)
    return MapStatistics(
        cases.labels,
        list(maps.classes),
        np.broadcast_to(np.asarray(thr, np.float64).reshape(-1), count),
        score.value(parts, wholes),
        pixels,
        positives,
        confusion if exclusive else None,
        other_masks,
    )


def _tested(run: Run) -> Cases:
    if run.cases is None:
        raise InputError(
            f'{run.folder} was not tested, so that no maps are its; run  '
            f'tools/test.py CONFIG CHECKPOINT --work-dir {run.folder}'
        )
    return run.cases


def _sweep(
    plane: NDArray[np.integer], gt: NDArray[np.uint8]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Counts (255, 3) at all cuts, and pixels and positives (2, 256)."""
    swept = sweep_triplets(plane, gt, [0.0], [0], CUTS)
    above = np.stack([swept.predicted[0, 0], swept.hits[0, 0]])  # (2, 255)
    whole = np.array([[(gt != 255).sum()], [swept.positives]])
    steps = np.concatenate([whole, above, [[0], [0]]], 1)
    return swept.counts[0, 0], -np.diff(steps)


def _labels(masks: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """(H, W) labels of masks that exclude each other, 0 as background."""
    numbers = np.arange(1, len(masks) + 1, dtype=np.uint8)
    return (masks * numbers[:, None, None]).max(0)


def _truth(one: LabelledMap) -> NDArray[np.uint8]:
    """(H, W) labels of the mask; 255 where pixels do not count."""
    return np.where(one.gt[0] == 255, 255, _labels(one.gt == 1)).astype(
        np.uint8
    )
