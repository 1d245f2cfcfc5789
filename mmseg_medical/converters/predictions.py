"""Masks of a test, from its folder of probability maps."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmseg_medical.converters.probability_maps import PathLike, ProbabilityMaps
from mmseg_medical.converters.record import Annotation, Record, Skipped
from mmseg_medical.converters.runs import Runs
from mmseg_medical.errors import InputError


def read(
    path: PathLike,
    *,
    mask_thr: float | None = None,
    skipped: Skipped | None = None,
) -> Iterator[Record]:
    """Read the masks that a test has predicted.

    Args:
        path: Folder that ``tools/test.py --out`` wrote.
        mask_thr: Probability above which a pixel belongs to a class; None
            takes that of the test.
        skipped: Where errors go; strict by default.

    Yields:
        Records with one annotation for each class of an image; ``properties``
        have ``seg_probs``, (C, H, W) uint8 or uint16 as stored, and
        ``channels``, the names of the C channels.

    Raises:
        InputError: If the folder has no maps, or not all of them.
        ImageError: If a map cannot be read.
    """
    maps = ProbabilityMaps.open(path)
    skipped = Skipped() if skipped is None else skipped
    pipeline = maps.pipeline(mask_thr=mask_thr)
    channels = maps.labels if maps.task == 'binary' else maps.classes
    for img_id in maps.ids:
        try:
            probs = maps.read(img_id)
            masks = maps.masks(img_id, pipeline=pipeline, probs=probs)
        except FileNotFoundError:
            skipped.add(
                InputError(
                    f'{path} lacks the map of {img_id!r}: was the test '
                    'stopped? Run it again'
                )
            )
            continue
        except InputError as error:
            skipped.add(error)
            continue
        yield record_of(
            img_id,
            masks,
            maps.labels,
            properties=dict(seg_probs=probs, channels=list(channels)),
        )


def record_of(
    img_id: str,
    masks: NDArray[np.bool_],
    labels: Sequence[str],
    *,
    properties: Mapping[str, Any] | None = None,
) -> Record:
    """Masks of an image as its record.

    Args:
        img_id: Id of the image.
        masks: (K, H, W), one for each label.
        labels: Names of the K classes.
        properties: What the record keeps beside them.

    Returns:
        Record with one annotation for each class that has a pixel.
    """
    found = [
        Annotation(label, Runs.from_mask(mask, 'F'))
        for label, mask in zip(labels, masks, strict=True)
        if mask.any()
    ]
    shape = (masks.shape[1], masks.shape[2])
    return Record(img_id, shape, tuple(found), properties=properties or {})
