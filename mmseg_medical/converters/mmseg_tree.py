"""MMSegmentation's own layout, so that plain set-ups can train on the data.

.. code-block:: none

    root/
    ├── classes.json                    metainfo of the data set
    ├── img_dir/train/<id>.png          img_dir/val/…
    └── ann_dir/train/<id>.png          class indices with a palette
"""

import dataclasses
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from mmseg_medical.converters import index_maps
from mmseg_medical.converters._label_images import (
    read_manifest,
    write_labels,
    write_manifest,
)
from mmseg_medical.converters._mask_files import place_image
from mmseg_medical.converters._sources import below, write_records
from mmseg_medical.converters.image_folder import (
    ImageFolder,
    PathLike,
    visible,
)
from mmseg_medical.converters.index_maps import label_files
from mmseg_medical.converters.label_map import class_map
from mmseg_medical.converters.record import Record, Skipped
from mmseg_medical.errors import InputError, ToleratedWarning


class MissingLabelsWarning(ToleratedWarning):
    """Says how many images have no label image."""


def read(
    path: PathLike,
    *,
    classes: Sequence[str] | None = None,
    values: Mapping[int, str] | None = None,
    suffix: str | None = None,
    skipped: Skipped | None = None,
) -> Iterator[Record]:
    """Read all splits; ``properties['split']`` says which.

    Ids are paths below the split, with the split where images of two have the
    same. Images without labels are told in a :class:`MissingLabelsWarning`.

    Args:
        path: Folder of the tree above.
        classes: As in :func:`index_maps.read`, and so are the other
            arguments; by default those of ``classes.json``.
        values: Names of other values.
        suffix: End of the names of the label images.
        skipped: Where errors go; strict by default.

    Yields:
        Records with the split and the image relative to ``path``.

    Raises:
        InputError: As :func:`index_maps.read`, and if a label image is in no
            split.
        ImageError: If an image cannot be read.
        NotADirectoryError: If there is no ``ann_dir``.
    """
    root = Path(path)
    if classes is None and values is None:
        values = read_manifest(root)
    files = label_files(root / 'ann_dir', suffix)
    flat = [name for name in files if '/' not in name]
    if flat:
        raise InputError(
            f'{files[flat[0]]} is in no split; move it to ann_dir/train/, and '
            'its image to img_dir/train/'
        )
    images = _images(root / 'img_dir')
    ids = _ids(files)
    known = set()
    for record in index_maps.read(
        root / 'ann_dir',
        classes=classes,
        values=values,
        suffix=suffix,
        skipped=skipped,
    ):
        name = record.img_id
        image = images and images.find(name)
        known.add(image)
        yield dataclasses.replace(
            record,
            img_id=ids[name],
            img_path=image.relative_to(root) if image else None,
            properties={'split': name.partition('/')[0]},
        )
    left = sorted(images.paths - known) if images else []
    if left:
        warnings.warn(
            f'{len(left)} images have no labels, first {left[0]}',
            MissingLabelsWarning,
            stacklevel=2,
        )


def _ids(names: Iterable[str]) -> dict[str, str]:
    """Id of each path: without the split, unless images of two share it."""
    names = list(names)
    short = [name.partition('/')[2] for name in names]
    unique = len({*short}) == len(short)
    return dict(zip(names, short if unique else names, strict=True))


def _images(folder: Path) -> ImageFolder | None:
    has = folder.is_dir() and any(visible(folder))
    return ImageFolder(folder) if has else None


def write(
    records: Iterable[Record],
    path: PathLike,
    *,
    classes: Sequence[str],
    img_dir: PathLike | None = None,
    splits: Mapping[str, Iterable[str]] | None = None,
    img_suffix: str = '.png',
    overlap: str = 'refuse',
    skipped: Skipped | None = None,
) -> int:
    """Write the tree above.

    Args:
        records: Images; each must say its size.
        path: Folder to make; empty or not there.
        classes: Names of the classes, the first of index 1, ``'ignore'`` of
            255.
        img_dir: Folder of the images, which are put into ``img_dir``; None
            writes ``ann_dir`` alone.
        splits: Ids of the images of each split; images of none of them are
            errors. None takes what records say in ``properties['split']``,
            else ``'train'``.
        img_suffix: Suffix of all images in ``img_dir``: those that have it
            are copied byte for byte, others written anew.
        overlap: ``'refuse'`` or ``'later'``; see :func:`class_map`.
        skipped: Where errors go; strict by default.

    Returns:
        Number of images written.

    Raises:
        OverlapError: If classes overlap and ``overlap`` is ``'refuse'``.
        InputError: If the folder exists, an id stands in two splits or none,
            an image is not found or has another size than its annotations,
            or the errors of :func:`class_map`.
    """
    source = None if img_dir is None else ImageFolder(img_dir)
    split_of = None if splits is None else _by_id(splits)

    def write_one(record: Record, root: Path) -> None:
        split = _split(record, split_of)
        name = f'{split}/{record.img_id.removeprefix(f"{split}/")}'
        file = below(root / 'ann_dir', name, suffix='.png')
        if file.exists():
            raise InputError(f'{record.img_id}: {name!r} is another image too')
        labels = class_map(record, classes, overlap=overlap)
        if source:
            place_image(
                *(record, source),
                folder=root / 'img_dir',
                name=name,
                suffix=img_suffix,
            )
        write_labels(file, labels)

    def finish(root: Path) -> None:
        write_manifest(root, classes)

    return write_records(
        *(records, path), write_one=write_one, skipped=skipped, finish=finish
    )


def _by_id(splits: Mapping[str, Iterable[str]]) -> dict[str, str]:
    out: dict[str, str] = {}
    for split, ids in splits.items():
        for img_id in ids:
            if out.setdefault(img_id, split) != split:
                raise InputError(
                    f'{img_id!r} is in the splits {out[img_id]!r} and '
                    f'{split!r}'
                )
    return out


def _split(record: Record, split_of: Mapping[str, str] | None) -> str:
    if split_of is None:
        return str(record.properties.get('split', 'train'))
    if record.img_id not in split_of:
        raise InputError(f'{record.img_id!r} is in none of the splits')
    return split_of[record.img_id]
