"""From a folder of probability maps to an owner's submission file."""

import os
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from mmseg_medical.converters import rle
from mmseg_medical.converters.map_masks import iter_masks
from mmseg_medical.converters.probability_maps import ProbabilityMaps
from mmseg_medical.converters.table import write_table
from mmseg_medical.errors import InputError
from mmseg_medical.postprocessing import read_pipeline
from mmseg_medical.progress import Progress

Row = tuple[object, ...]
Masks = dict[str, NDArray[np.bool_]]


def _only(owner: str, masks: Masks) -> NDArray[np.bool_]:
    if len(masks) != 1:
        raise InputError(
            f'a submission to {owner} has one class, the maps have '
            f'{len(masks)}: {", ".join(masks)}'
        )
    return next(iter(masks.values()))


def _hubmap(img_id: str, masks: Masks) -> Iterator[Row]:
    yield img_id, rle.encode(_only('HuBMAP', masks), 'hubmap')


def _siim(img_id: str, masks: Masks) -> Iterator[Row]:
    yield img_id, rle.encode(_only('SIIM-ACR', masks), 'siim')


def _uw_madison(img_id: str, masks: Masks) -> Iterator[Row]:
    organs = {'large_bowel', 'small_bowel', 'stomach'}
    if set(masks) != organs:
        raise InputError(
            f'a submission to UW-Madison has the classes {sorted(organs)}, '
            f'the maps have {sorted(masks)}'
        )
    for label, mask in masks.items():
        yield img_id, label, rle.encode(mask, 'uw_madison')


# Header, and the rows of one image from its id and the mask of each class.
FORMATS: dict[
    str, tuple[tuple[str, ...], Callable[[str, Masks], Iterator[Row]]]
] = {
    'hubmap': (('id', 'rle'), _hubmap),
    'siim': (('ImageId', 'EncodedPixels'), _siim),
    'uw_madison': (('id', 'class', 'predicted'), _uw_madison),
}


def write_submission(
    owner: str,
    folder: str | os.PathLike[str],
    path: str | os.PathLike[str],
    *,
    mask_thr: float | None = None,
    postprocess: str | os.PathLike[str] | None = None,
) -> int:
    """Write the submission file of a competition.

    Args:
        owner: ``'hubmap'``, ``'siim'`` or ``'uw_madison'``.
        folder: Probability maps that ``tools/test.py --out`` wrote.
        path: CSV file to write, whole or not at all.
        mask_thr: Probability above which a pixel belongs to the mask; None
            takes the threshold of the test.
        postprocess: A ``postprocess.json``, which makes the masks instead.

    Returns:
        Number of rows.

    Raises:
        InputError: If the owner is unknown, the folder has no maps or not
            all of them, their classes are not the owner's, the threshold
            is outside of [0, 1], or ``postprocess`` is for other classes or
            data, or has a threshold beside it.
    """
    if owner not in FORMATS:
        raise InputError(f'unknown owner {owner!r}: one of {sorted(FORMATS)}')
    if mask_thr is not None and not 0 <= mask_thr <= 1:
        raise InputError(f'mask_thr {mask_thr} is no probability in [0, 1]')
    if mask_thr is not None and postprocess is not None:
        raise InputError(
            'postprocess has thresholds of its own; drop mask_thr'
        )
    maps = ProbabilityMaps.open(folder)
    missing = maps.missing()
    if missing or not maps.ids:
        raise InputError(
            f'{folder} lacks {len(missing)} of {len(maps.ids)} maps, first '
            f'{missing[:1]}: was the test stopped? Run it again'
        )
    pipeline = maps.pipeline(mask_thr=mask_thr)
    if postprocess is not None:
        pipeline = read_pipeline(
            postprocess,
            task=maps.task,
            labels=maps.labels,
            dataset=maps.origin.get('dataset', ''),
        )
    header, rows_of = FORMATS[owner]

    def rows(progress: Progress) -> Iterator[Row]:
        for name, masks in progress.over(iter_masks(maps, pipeline)):
            yield from rows_of(
                name, dict(zip(maps.labels, masks, strict=True))
            )

    with Progress(len(maps.ids)) as progress:
        return write_table(path, header, rows(progress))
