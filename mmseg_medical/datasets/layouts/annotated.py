"""Images with annotation files: one of all images, or one of each."""

import contextlib
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from mmseg_medical.converters.formats import get_format
from mmseg_medical.converters.recognise import recognise
from mmseg_medical.converters.record import AnnotationError, Record, Skipped
from mmseg_medical.datasets.checks.finding import plural
from mmseg_medical.datasets.layouts.layout import Layout
from mmseg_medical.datasets.layouts.names import by_part, part_of
from mmseg_medical.datasets.layouts.tree import Tree
from mmseg_medical.errors import InputError

_ENDINGS = ('.json', '.geojson', '.xml')
_OF_ALL = ('coco', 'cvat')
_OF_EACH = ('labelme', 'geojson', 'aperio', 'hubmap_json')
_MOST_FILES = 20  # a folder of more files has one for each image
# Labels that LabelMe keeps for what is no class.
_SPECIAL = {'__ignore__': 255, '_background_': None}


def one_file_of_all(tree: Tree) -> Iterator[Layout]:
    """COCO and CVAT: the objects of all images in one file."""
    found: dict[str, dict[str, tuple[str, list[Record]]]] = {}
    for folder, names in tree.folders.items():
        files = [n for n in names if n.lower().endswith(_ENDINGS)]
        for base in files if len(files) <= _MOST_FILES else ():
            name = f'{folder}/{base}'.lstrip('/')
            kind = _format(tree, name)
            if kind not in _OF_ALL:
                continue
            if records := _records(kind, [tree.root / name]):
                parts = found.setdefault(kind, {})
                parts.setdefault(part_of(name), (name, records))
    for kind, parts in found.items():
        told = _classes([r for _, records in parts.values() for r in records])
        configs = {
            part: dict(
                type='AnnotationDataset',
                ann_file=name,
                annotation_format=kind,
                data_prefix=dict(
                    img_path=_folder_of(tree, _images(records)) or ''
                ),
                **told,
            )
            for part, (name, records) in parts.items()
        }
        said = ', '.join(name for name, _ in parts.values())
        because = f'objects of all images in {said}'
        yield Layout(kind, get_format(kind).about, because, configs)


class Folder(NamedTuple):
    """A folder of annotation files, one for each image.

    Attributes:
        kind: Format of the files.
        path: The folder.
        count: Number of files.
        images: Folder of the images.
        alike: Whether files have the names of their images; else they say
            what these are.
        records: What they say.
    """

    kind: str
    path: str
    count: int
    images: str
    alike: bool
    records: Sequence[Record]


def one_file_of_each(tree: Tree) -> Iterator[Layout]:
    """LabelMe, GeoJSON and their like: a file for each image."""
    files = {
        folder: [n for n in names if n.lower().endswith(_ENDINGS)]
        for folder, names in tree.folders.items()
    }
    holding = [folder for folder, names in files.items() if names]
    for parts in by_part(holding).values():
        found = {
            part: one
            for part, folder in parts.items()
            if (one := _folder(tree, folder, files[folder]))
        }
        if not found:
            continue
        kind = next(iter(found.values())).kind
        records = [r for one in found.values() for r in one.records]
        told = _classes(records)
        said = [
            f'{plural(one.count, "file")} of objects in {one.path or "."}/, '
            f'images in {one.images or "."}/'
            for one in found.values()
        ]
        yield Layout(
            kind,
            get_format(kind).about,
            '; '.join(said),
            {part: _of_folder(one) | told for part, one in found.items()},
        )


def _folder(tree: Tree, folder: str, files: Sequence[str]) -> Folder | None:
    """What a folder of annotation files is; None of anything else."""
    kind = _format(tree, f'{folder}/{files[0]}'.lstrip('/'))
    if kind not in _OF_EACH:
        return None
    images = _images_of(tree, folder, files)
    alike = images is not None
    if images is None and kind == 'labelme':  # each names its image
        records = _records(kind, [tree.root / folder / n for n in files])
        images = _folder_of(tree, _images(records))
    if images is None:
        return None
    paths = [tree.root / folder / name for name in files]
    records = _records(kind, paths, tree.root / images)
    return Folder(kind, folder, len(files), images, alike, records)


def _of_folder(one: Folder) -> dict[str, Any]:
    config = dict(type='AnnotationDataset', annotation_format=one.kind)
    if one.alike:
        prefix = dict(img_path=one.images, seg_map_path=one.path)
        return dict(config, data_prefix=prefix)
    prefix = dict(img_path=one.images)
    return dict(config, ann_file=one.path, data_prefix=prefix)


def _format(tree: Tree, name: str) -> str:
    """Format of an annotation file; '' of none, or where it is broken."""
    try:
        return recognise(tree.root / name).name
    except AnnotationError as error:
        tree.broken[name] = str(error)
    except (OSError, ValueError):
        pass
    return ''


def _records(
    kind: str, paths: Sequence[Path], images: Path | None = None
) -> list[Record]:
    """What files say, but for what is broken, as checks will say."""
    known = get_format(kind)
    options: dict[str, Any] = dict(skipped=Skipped(strict=False))
    options |= {'img_dir': images} if images else {}
    taken = {k: options[k] for k in known.read_options & options.keys()}
    found = []
    for path in paths:
        with contextlib.suppress(OSError, InputError):
            found += list(known.read(path, **taken))
    return found


def _images(records: Sequence[Record]) -> list[str]:
    """Names of the images that records are of."""
    return [
        str(
            one.img_path
            or one.properties.get('img_name')
            or one.properties.get('imagePath')
            or one.img_id
        )
        for one in records
    ]


def _classes(records: Sequence[Record]) -> dict[str, Any]:
    """Classes by the labels of objects, those of most objects first."""
    found = Counter(a.label for one in records for a in one.annotations)
    special = {k: v for k, v in _SPECIAL.items() if k in found}
    names = [k for k, _ in found.most_common() if k not in special]
    told: dict[str, Any] = dict(
        metainfo=dict(classes=('background', *(names or ['object'])))
    )
    return told | (dict(labels=special) if special else {})


def _folder_of(tree: Tree, names: Sequence[str]) -> str | None:
    """Deepest folder that holds all images of these names; None of none."""
    stems = {PurePosixPath(name.replace('\\', '/')).stem for name in names}
    found = [n for n in tree.images() if PurePosixPath(n).stem in stems]
    if not found:
        return None
    folders = Counter(name.rpartition('/')[0] for name in found)
    common, count = folders.most_common(1)[0]
    if count == len(stems):
        return common  # all others are masks or copies
    return '' if '' in folders else os.path.commonpath(list(folders))


def _images_of(tree: Tree, folder: str, files: Sequence[str]) -> str | None:
    """Folder whose images have the names of most of these files, or None."""
    stems = {name.rpartition('.')[0] for name in files}
    fitting = {
        other: len(stems & {PurePosixPath(n).stem for n in images})
        for other in [folder, *sorted(tree.folders)]
        if (images := tree.images_in(other))
    }
    best = max(fitting, key=fitting.__getitem__, default='')
    return best if 2 * fitting.get(best, 0) >= len(files) else None


ANNOTATED = (one_file_of_all, one_file_of_each)
