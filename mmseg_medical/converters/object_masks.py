"""Folders with one mask per object, as DSB2018 and CodaLab have them.

.. code-block:: none

    root/
    └── <id>/
        ├── images/<id>.png
        └── masks/*.png         0 and 255, one object each
"""

import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from mmseg_medical.converters._mask_files import (
    mask_files,
    place_image,
    read_mask,
    write_mask,
)
from mmseg_medical.converters._sources import (
    below,
    read_records,
    refuse_classes,
    write_records,
)
from mmseg_medical.converters.image import image_size
from mmseg_medical.converters.image_folder import (
    SUFFIXES,
    ImageFolder,
    PathLike,
    visible,
)
from mmseg_medical.converters.label_map import runs_of
from mmseg_medical.converters.record import Annotation, Record, Skipped
from mmseg_medical.errors import InputError, ToleratedWarning

_NUMBERED = re.compile(r'(\D*)(\d+)')


class MissingMaskWarning(ToleratedWarning):
    """Says which numbers are missing among the masks of an image."""


def read(
    path: PathLike,
    *,
    label: str = 'nucleus',
    skipped: Skipped | None = None,
) -> Iterator[Record]:
    """Read the objects of each image, in the order of their files.

    Hidden files and folders, as ``.ipynb_checkpoints``, are passed over.
    Numbers that are missing in ``mask_0001.png, mask_0003.png`` are told in a
    :class:`MissingMaskWarning`.

    Args:
        path: Folder of the tree above.
        label: Class of all objects.
        skipped: Where errors go; strict by default.

    Yields:
        Records with the image relative to ``path``.

    Raises:
        NotADirectoryError: If there is no such folder.
        InputError: If it holds no folder with ``masks``, or a mask has no
            foreground or another size than its image.
        ImageError: If a mask cannot be read, or has several values.
    """
    root = Path(path)
    entries = [Path(e.path) for e in visible(root) if e.is_dir()]
    with_masks = [p for p in entries if (p / 'masks').is_dir()]
    if not with_masks:
        raise InputError(
            f'{root} has no folders with masks (expected '
            f'{root}/ID/masks/*.png)'
        )
    folders = [
        p for p in entries if p in with_masks or (p / 'images').is_dir()
    ]
    yield from read_records(
        folders,
        lambda folder: _read_one(root, folder, label),
        skipped=skipped,
    )


def _read_one(root: Path, folder: Path, label: str) -> Record:
    if not (folder / 'masks').is_dir():
        raise InputError(f'{folder} has an image and no folder of masks')
    image = _image(folder)
    shape = image_size(image) if image else None
    objects = []
    files = mask_files(folder / 'masks')
    for file in files:
        runs = read_mask(file)
        shape = shape or runs.shape
        if runs.shape != shape:
            raise InputError(
                f'{file} has {runs.shape} pixels (height, width), its image '
                f'{shape}'
            )
        if not runs.starts.size:
            raise InputError(f'{file} has no foreground; delete it')
        objects.append(Annotation(label, runs))
    _tell_missing(folder, files)
    return Record(
        folder.name,
        shape,
        tuple(objects),
        image.relative_to(root) if image else None,
    )


def _image(folder: Path) -> Path | None:
    """The image of a folder; None where there is none."""
    if not (folder / 'images').is_dir():
        return None
    found = [
        Path(entry.path)
        for entry in visible(folder / 'images')
        if Path(entry.name).suffix.lower() in SUFFIXES
    ]
    if len(found) > 1:
        raise InputError(
            f'{folder}/images holds {len(found)} images, expected one'
        )
    return found[0] if found else None


def missing_numbers(files: Sequence[Path]) -> list[int]:
    """Gaps from 1 on in the numbers of files that are numbered alike."""
    found = [_NUMBERED.fullmatch(file.stem) for file in files]
    if len({match and match[1] for match in found}) != 1 or None in found:
        return []
    numbers = {int(match[2]) for match in found if match}
    return [k for k in range(1, max(numbers)) if k not in numbers]


def _tell_missing(folder: Path, files: Sequence[Path]) -> None:
    """Warn of gaps in the numbers of masks."""
    if missing := missing_numbers(files):
        warnings.warn(
            f'{folder}/masks lacks {len(missing)} of the numbers of its '
            f'masks, first {missing[0]}',
            MissingMaskWarning,
            stacklevel=2,
        )


def write(
    records: Iterable[Record],
    path: PathLike,
    *,
    img_dir: PathLike | None = None,
    skipped: Skipped | None = None,
) -> int:
    """Write the tree above, masks as ``mask_0001.png`` in their order.

    Args:
        records: Images; each must say its size.
        path: Folder to make; empty or not there.
        img_dir: Folder of the images, to be put beside the masks; without it
            an image that has no objects has no file that says its size.
        skipped: Where errors go; strict by default.

    Returns:
        Number of images written.

    Raises:
        InputError: If the folder exists, objects have several classes, one
            has no pixel, an image without objects has no file, or its size
            is not known or not that of its annotations.
    """
    source = None if img_dir is None else ImageFolder(img_dir)
    labels: set[str] = set()
    return write_records(
        *(records, path),
        write_one=lambda record, root: _write_one(
            record, root, source, labels
        ),
        skipped=skipped,
    )


def _write_one(
    record: Record, root: Path, source: ImageFolder | None, labels: set[str]
) -> None:
    name = record.img_id.replace('/', '_')
    folder = below(root, name)
    if folder.exists():
        raise InputError(f'{record.img_id}: {name!r} is another image too')
    refuse_classes(record, labels)
    masks = [runs_of(record, a) for a in record.annotations]
    empty = [k for k, runs in enumerate(masks, 1) if not runs.starts.size]
    if empty:
        raise InputError(f'{record.img_id}: object {empty[0]} has no pixel')
    if not masks and source is None:
        raise InputError(
            f'{record.img_id} has no objects, and without its image nothing '
            'would say its size; give the folder of the images (--images)'
        )
    if source:
        place_image(
            *(record, source),
            folder=folder / 'images',
            name=name,
            suffix='.png',
        )
    (folder / 'masks').mkdir(parents=True)
    for k, runs in enumerate(masks, 1):
        write_mask(folder / 'masks' / f'mask_{k:04d}.png', runs)
