"""From a folder of probability maps to an owner's submission file."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.utils import track_iter_progress
from numpy.typing import NDArray

from mmseg_medical.converters import rle
from mmseg_medical.converters.table import write_table
from mmseg_medical.converters.tiff import TIFFImage, read_metadata
from mmseg_medical.errors import InputError

Row = tuple[object, ...]
Mask = NDArray[np.bool_]


def _hubmap(img_id: str, masks: Mask) -> Iterator[Row]:
    yield img_id, rle.encode(masks[..., 0], 'hubmap')


# Header, and the rows of one image from its id and masks (H, W, C).
FORMATS: dict[
    str, tuple[tuple[str, ...], Callable[[str, Mask], Iterator[Row]]]
] = {
    'hubmap': (('id', 'rle'), _hubmap),
}


def write_submission(
    owner: str,
    folder: str | os.PathLike[str],
    path: str | os.PathLike[str],
    *,
    mask_thr: float | None = None,
) -> int:
    """Write the submission file of a competition.

    Args:
        owner: ``'hubmap'``.
        folder: Probability maps that ``tools/test.py --out`` wrote.
        path: CSV file to write, whole or not at all.
        mask_thr: Probability above which a pixel belongs to the mask; None
            takes the threshold that each map was written with.

    Returns:
        Number of images.

    Raises:
        InputError: If the owner is unknown, the folder has no maps, one is
            no probability map, or the threshold is outside of [0, 1].
    """
    if owner not in FORMATS:
        raise InputError(f'unknown owner {owner!r}: one of {sorted(FORMATS)}')
    if mask_thr is not None and not 0 <= mask_thr <= 1:
        raise InputError(f'mask_thr {mask_thr} is no probability in [0, 1]')
    maps = sorted(Path(folder).rglob('*.tiff'))
    if not maps:
        raise InputError(
            f'{folder} has no probability maps; write them with  '
            f'tools/test.py CONFIG CHECKPOINT --out {folder}'
        )
    header, rows_of = FORMATS[owner]

    def rows() -> Iterator[Row]:
        for one in track_iter_progress(maps, file=sys.stdout):
            metadata = _metadata(one)
            level = metadata['mask_thr'] if mask_thr is None else mask_thr
            probs = TIFFImage(one).read()
            masks = probs.reshape(*probs.shape[:2], -1) > level * 255
            yield from rows_of(metadata['id'], masks)

    return write_table(path, header, rows())


def _metadata(path: Path) -> dict[str, Any]:
    metadata = read_metadata(path)
    if not {'id', 'mask_thr', 'classes'} <= set(metadata):
        raise InputError(
            f'{path} is no probability map of tools/test.py --out; name the '
            'folder that holds nothing else'
        )
    return metadata
