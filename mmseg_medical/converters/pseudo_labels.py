"""Folders of pseudo labels: masks that models made, and whose they are."""

import json
import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmseg_medical._files import inside
from mmseg_medical.converters.image import image_size
from mmseg_medical.converters.probability_maps import file_digest
from mmseg_medical.converters.table import read_table, write_table
from mmseg_medical.converters.tiff import Region, TIFFImage, write_tiff
from mmseg_medical.errors import InputError

PathLike = str | os.PathLike[str]
PROVENANCE = 'provenance.json'
TABLE = 'pseudo.csv'
LEFT_OUT = 'left_out.csv'
COLUMNS = ('id', 'confidence', 'sure', 'foreground', 'models')
_REASONS = ('id', 'reason')


class PseudoLabels:
    """Folder that ``tools/pseudo_label.py`` wrote.

    .. code-block:: none

        folder/
        ├── masks/<id>.tiff     (H, W) uint8 in tiles: class indices; planes
        │                       (C, H, W) of 0 and 1 for classes that
        │                       overlap; 255 where it is not sure
        ├── pseudo.csv          a row for each image, with its confidence and
        │                       the models that made its mask
        ├── left_out.csv        the images without a mask, and why
        └── provenance.json     maps, models and what they were trained on,
                                thresholds, round, parents

    Attributes:
        folder: Where it lies.
        provenance: What ``provenance.json`` says.
        rows: Row of each image by its id.
        left_out: Reason of each image without a mask, by its id.
    """

    def __init__(self, folder: PathLike) -> None:
        self.folder = Path(folder)
        self.provenance: dict[str, Any] = {}
        self.rows: dict[str, dict[str, Any]] = {}
        self.left_out: dict[str, str] = {}

    @classmethod
    def open(cls, folder: PathLike) -> 'PseudoLabels':
        """Open a folder.

        Raises:
            InputError: If it has no ``provenance.json`` or no whole one, or
                its table names a model that is not in it.
        """
        path = Path(folder, PROVENANCE)
        if not path.is_file():
            cure = (
                f'those of folds are there: {folder}/fold_{{fold}}'
                if [*path.parent.glob(f'fold_*/{PROVENANCE}')]
                else 'make the masks by  tools/pseudo_label.py MAPS --out '
                f'{folder}'
            )
            raise InputError(
                f'{folder} has no pseudo labels ({PROVENANCE} is not there): '
                f'nothing says which models made masks there; {cure}'
            )
        try:
            provenance = json.loads(path.read_text(encoding='utf-8'))
            needed = ('task', 'classes', 'round', 'models', 'parents')
            if missing := [key for key in needed if key not in provenance]:
                raise ValueError(f'it has no {missing[0]!r}')
        except (TypeError, ValueError) as error:
            raise InputError(
                f'{path} cannot be read ({error}); make the masks again'
            ) from None
        found = cls(folder)
        found.provenance = provenance
        table = path.with_name(TABLE)
        for row in read_table(table, COLUMNS, key='id'):
            if unknown := {*row['models'].split()} - {*provenance['models']}:
                raise InputError(
                    f'{table} id {row["id"]}: model {min(unknown)} is not in '
                    f'{path.name}; make the masks again'
                )
            found.rows[row['id']] = row
        for row in read_table(path.with_name(LEFT_OUT), _REASONS, key='id'):
            found.left_out[row['id']] = row['reason']
        return found

    def path(self, img_id: str) -> Path:
        """File of the mask of an image.

        Raises:
            InputError: If the id leads out of the folder.
        """
        return inside(self.folder / 'masks', f'{img_id}.tiff')

    def write_mask(self, img_id: str, labels: NDArray[np.uint8]) -> None:
        """Write a mask: (H, W), or (C, H, W) of classes that overlap."""
        write_tiff(self.path(img_id), labels, planes=labels.ndim == 3)

    def write(self) -> None:
        """Write tables and provenance, beside the masks."""
        rows = ([row[key] for key in COLUMNS] for row in self.rows.values())
        write_table(self.folder / TABLE, COLUMNS, rows)
        left_out = self.left_out.items()
        write_table(self.folder / LEFT_OUT, _REASONS, left_out)
        text = json.dumps(self.provenance, indent=1) + '\n'
        (self.folder / PROVENANCE).write_text(text, encoding='utf-8')

    def counts(self) -> dict[str, int]:
        """Number of images: all, kept, and left out for each reason."""
        reasons = Counter(self.left_out.values())
        total = len(self.rows) + len(self.left_out)
        return dict(images=total, kept=len(self.rows), **reasons)

    def models(self, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Models that made the masks of some images, by their short names."""
        used = {m for i in ids for m in self.rows[i]['models'].split()}
        known = self.provenance['models']
        return {name: known[name] for name in sorted(used)}

    def reference(self) -> dict[str, Any]:
        """What a checkpoint keeps of masks that it was trained with."""
        return dict(
            folder=str(self.folder),
            round=self.provenance['round'],
            sha256=file_digest(self.folder / PROVENANCE),
        )


def read_mask(
    path: PathLike, size: tuple[int, int], region: Region
) -> NDArray[np.uint8]:
    """Read a window of a mask.

    Args:
        path: File of a mask.
        size: (height, width) of its image in pixels.
        region: Window.

    Returns:
        (H, W), or (H, W, C) planes of classes that overlap.

    Raises:
        ImageError: If it cannot be read.
        InputError: If it has not the size of the image.
    """
    found = image_size(path)
    if found != size:
        raise InputError(
            f'{path} has {found[0]} x {found[1]} pixels (height x width), its '
            f'image {size[0]} x {size[1]}: was it made for another?'
        )
    return TIFFImage.open(path).read(region)
