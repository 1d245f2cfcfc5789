"""Images with annotation files: one of all images, or one of each."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from mmseg_medical.converters.formats import get_format
from mmseg_medical.converters.recognise import recognise
from mmseg_medical.converters.record import Record
from mmseg_medical.datasets.layouts.folders import part_of
from mmseg_medical.datasets.layouts.layout import Layout
from mmseg_medical.datasets.layouts.tree import Tree
from mmseg_medical.errors import InputError

_ENDINGS = ('.json', '.geojson', '.xml')
_OF_ALL = ('coco', 'cvat')
_OF_EACH = ('labelme', 'geojson', 'aperio', 'hubmap_json')
_MOST_FILES = 20  # a folder of more files has one for each image


def one_file_of_all(tree: Tree) -> Iterator[Layout]:
    """COCO and CVAT: the objects of all images in one file."""
    found: dict[str, dict[str, Any]] = {}
    for folder, names in tree.folders.items():
        files = [n for n in names if n.lower().endswith(_ENDINGS)]
        for base in files if len(files) <= _MOST_FILES else ():
            name = f'{folder}/{base}'.lstrip('/')
            kind = _format(tree.root / name)
            if kind not in _OF_ALL:
                continue
            if records := _records(kind, tree.root / name):
                config = _config(tree, kind, name, records)
                found.setdefault(kind, {}).setdefault(part_of(name), config)
    for kind, parts in found.items():
        files = [config['ann_file'] for config in parts.values()]
        title = get_format(kind).about
        because = f'objects of all images in {", ".join(files)}'
        yield Layout(kind, title, because, parts)


def _config(
    tree: Tree, kind: str, name: str, records: Sequence[Record]
) -> dict[str, Any]:
    images = [
        str(one.img_path or one.properties.get('img_name') or one.img_id)
        for one in records
    ]
    return dict(
        type='AnnotationDataset',
        ann_file=name,
        annotation_format=kind,
        data_prefix=dict(img_path=_folder_of(tree, images)),
        metainfo=dict(classes=('background', *_labels(records))),
    )


def one_file_of_each(tree: Tree) -> Iterator[Layout]:
    """LabelMe, GeoJSON and their like: a file for each image."""
    for folder, names in tree.folders.items():
        files = [n for n in names if n.lower().endswith(_ENDINGS)]
        kind = _format(tree.root / folder / files[0]) if files else ''
        images = _images_of(tree, folder, files) if kind in _OF_EACH else None
        if images is None:
            continue
        alike = _named_alike(tree, images, files)
        if not alike and kind != 'labelme':
            continue
        records = [
            record
            for name in files
            for record in _records(
                kind, tree.root / folder / name, tree.root / images
            )
        ]
        config: dict[str, Any] = dict(
            type='AnnotationDataset',
            annotation_format=kind,
            data_prefix=dict(img_path=images, seg_map_path=folder),
            metainfo=dict(classes=('background', *_labels(records))),
        )
        if not alike:
            config.update(  # the files say what their images are
                ann_file=folder, data_prefix=dict(img_path=images)
            )
        yield Layout(
            kind,
            get_format(kind).about,
            f'{len(files):,} files of objects in {folder or "."}/, images in '
            f'{images or "."}/',
            {part_of(folder): config},
        )


def _format(path: Path) -> str:
    """Format of an annotation file; '' of none."""
    try:
        return recognise(path).name
    except (OSError, ValueError):
        return ''


def _records(
    kind: str, path: Path, images: Path | None = None
) -> list[Record]:
    """What a file says; nothing of one that is broken, as checks will say."""
    known = get_format(kind)
    options = {'img_dir': images} if images else {}
    taken = known.read_options & options.keys()
    try:
        return list(known.read(path, **{k: options[k] for k in taken}))
    except (OSError, InputError):
        return []


def _labels(records: Sequence[Record]) -> list[str]:
    """Labels of objects, those of most objects first."""
    found = Counter(a.label for one in records for a in one.annotations)
    return [label for label, _ in found.most_common()] or ['object']


def _folder_of(tree: Tree, names: Sequence[str]) -> str:
    """Deepest folder that holds all images of these names."""
    stems = {PurePosixPath(name.replace('\\', '/')).stem for name in names}
    found = [n for n in tree.images() if PurePosixPath(n).stem in stems]
    if not found:
        return ''
    folders = Counter(name.rpartition('/')[0] for name in found)
    common, count = folders.most_common(1)[0]
    if count == len(stems):
        return common  # all others are masks or copies
    return '' if '' in folders else os.path.commonpath(list(folders))


def _images_of(tree: Tree, folder: str, files: Sequence[str]) -> str | None:
    """Folder whose images have the names of most files; None of no image."""
    stems = {name.rpartition('.')[0] for name in files}
    best: tuple[int, str] | None = None
    for other in dict.fromkeys([folder, *sorted(tree.folders)]):
        depth = other.count('/') + bool(other)
        images = [n for n in tree.images(other) if n.count('/') == depth]
        here = {PurePosixPath(name).stem for name in images}
        if images and (best is None or len(stems & here) > best[0]):
            best = len(stems & here), other
    return None if best is None else best[1]


def _named_alike(tree: Tree, images: str, files: Sequence[str]) -> bool:
    """Whether most annotation files have the name of an image."""
    stems = {PurePosixPath(name).stem for name in tree.images(images)}
    fitting = sum(name.rpartition('.')[0] in stems for name in files)
    return 2 * fitting >= len(files)


ANNOTATED = (one_file_of_all, one_file_of_each)
