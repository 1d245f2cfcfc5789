"""Label images as PNG, and the file beside them that names their values."""

import colorsys
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mmseg_medical._files import replacing
from mmseg_medical.converters._mask_files import write_png
from mmseg_medical.converters.label_map import IGNORE, IGNORE_INDEX
from mmseg_medical.errors import InputError

Color = Sequence[int]
MANIFEST = 'classes.json'
# Told apart with any colour vision (Okabe & Ito, 2008).
_FIRST = (
    *((0, 158, 115), (213, 94, 0), (0, 114, 178), (240, 228, 66)),
    *((204, 121, 167), (86, 180, 233), (230, 159, 0)),
)


def palette(count: int) -> list[list[int]]:
    """Colours [R, G, B] of the background, black, and ``count`` classes."""
    more = (
        colorsys.hsv_to_rgb(k * 0.618034 % 1, 0.75, 0.9)
        for k in range(count - len(_FIRST))
    )
    colors = [list(color) for color in _FIRST[:count]]
    colors += [[round(255 * part) for part in color] for color in more]
    return [[0, 0, 0], *colors]


def write_labels(
    path: Path,
    labels: NDArray[Any],
    *,
    values: Sequence[int] | None = None,
    colors: Sequence[Color] | None = None,
    shown: Sequence[Color] | None = None,
) -> None:
    """Write class indices as PNG; the folder is made where it is missing.

    Args:
        path: File to write.
        labels: (H, W) uint8 or uint16 of class indices.
        values: Value to store for each index, instead of the index.
        colors: (R, G, B) to store for each index.
        shown: (R, G, B) in which viewers show each index, which is stored as
            it is; by default those of :func:`palette`.
    """
    if colors is not None:
        table = np.array(colors, np.uint8)
        write_png(path, cv2.cvtColor(table[labels], cv2.COLOR_RGB2BGR))
    elif values is not None:
        table = np.array(values)
        small = table.max() < 256
        write_png(path, table.astype('u1' if small else 'u2')[labels])
    elif labels.dtype != np.uint8:
        write_png(path, labels)
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        img = Image.fromarray(labels, 'L')
        full = np.zeros((256, 3), np.uint8)
        full[:IGNORE_INDEX] = palette(IGNORE_INDEX - 1)
        full[IGNORE_INDEX] = 255
        if shown is not None:
            full[: len(shown)] = shown
        img.putpalette(full.tobytes())
        img.save(path, 'png')


def write_manifest(
    folder: Path,
    classes: Sequence[str],
    values: Sequence[int] | None = None,
    *,
    colors: Sequence[Color] | None = None,
) -> None:
    """Write ``classes.json``: ``metainfo`` of a data set of MMSegmentation.

    Args:
        folder: Where to write it.
        classes: Names of the classes without background.
        values: Values of background and classes, where they are not indices.
        colors: (R, G, B) of the background and the classes; by default those
            of :func:`palette`.
    """
    names = [name for name in classes if name != IGNORE]
    data: dict[str, Any] = dict(
        classes=['background', *names],
        palette=palette(len(names)) if colors is None else list(colors),
    )
    if values is not None:
        data['values'] = list(values)
    if IGNORE in classes:
        data['ignore_index'] = IGNORE_INDEX
    text = json.dumps(data, indent=1) + '\n'
    with replacing(folder / MANIFEST) as temporary:
        temporary.write_text(text, encoding='utf-8')


def read_manifest(folder: Path) -> dict[int, str]:
    """Label of each value of label images, from their ``classes.json``.

    Raises:
        InputError: If there is none, or it is no list of classes.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise InputError(
            f'{folder} does not say what the values of its images mean; name '
            'the classes of 1, 2, … (--from-classes), or the values '
            '(--from-options "values={255: \'NAME\'}")'
        )
    try:
        data = json.loads(path.read_text(encoding='utf-8-sig'))
        classes: Mapping[int, str] = dict(enumerate(map(str, data['classes'])))
        values = [int(value) for value in data.get('values', classes)]
        names = {v: classes[k] for k, v in enumerate(values) if k}
        if 'ignore_index' in data:
            names[int(data['ignore_index'])] = IGNORE
        return names
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f'{path} is no list of classes: {error!r}') from None
