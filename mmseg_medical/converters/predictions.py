"""Masks of a test, from its folder of probability maps."""

from collections.abc import Iterator

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
        found = [
            Annotation(label, Runs.from_mask(mask, 'F'))
            for label, mask in zip(maps.labels, masks, strict=True)
            if mask.any()
        ]
        yield Record(
            img_id,
            (probs.shape[1], probs.shape[2]),
            tuple(found),
            properties=dict(seg_probs=probs, channels=list(channels)),
        )
