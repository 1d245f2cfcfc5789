"""Folders of images with folders of masks, or with none."""

import os
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any, NamedTuple

import numpy as np

from mmseg_medical.converters.image import read_image, read_labels
from mmseg_medical.datasets.checks.finding import plural
from mmseg_medical.datasets.layouts.layout import Layout
from mmseg_medical.datasets.layouts.tree import Tree
from mmseg_medical.errors import InputError

_PARTS = {
    **dict.fromkeys(('train', 'training'), 'train'),
    **dict.fromkeys(('val', 'valid', 'validation'), 'val'),
    **dict.fromkeys(('test', 'testing'), 'test'),
}
MASKS = re.compile(r'mask|label|annot|ann_dir|ground|seg|(^|[/_])gt', re.I)
_MOST_FOLDERS = 60
_MOST_CLASSES = 64
_MOST_COLOURS = 32
_PEEKED = 4  # masks that are read to see whether they have colours


class Pairing(NamedTuple):
    """How the masks of a folder belong to the images of another.

    Attributes:
        images: Number of images that have a mask.
        rests: What follows the name of the image in the names of masks.
        several: Whether an image has several masks.
    """

    images: int
    rests: tuple[str, ...]
    several: bool


def by_part(folders: list[str]) -> dict[str, dict[str, str]]:
    """Folders by the rest of their path, and by the part in it.

    ``['a/train', 'a/val', 'b']`` are ``{'a': {'train': 'a/train', 'val':
    'a/val'}, 'b': {'': 'b'}}``.
    """
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for folder in folders:
        steps = folder.split('/')
        named = [s for s in steps if s.lower() in _PARTS]
        part = _PARTS[named[0].lower()] if named else ''
        rest = '/'.join(s for s in steps if s not in named[:1])
        found[rest].setdefault(part, folder)
    for parts in found.values():
        if len(parts) > 1:
            parts.pop('', None)  # the folder above them
    return found


def part_of(path: str) -> str:
    """Part of a data set that a path names: ``'train'`` …, or ``''``."""
    words = re.split(r'[/_.-]+', path.lower())
    return next((_PARTS[word] for word in words if word in _PARTS), '')


def pair(images: list[str], masks: list[str]) -> Pairing:
    """Find out which mask belongs to which image.

    Args:
        images: Paths of images below their folder.
        masks: Paths of masks below theirs.
    """
    stems = {name.rpartition('.')[0] for name in images}
    found: dict[str, list[str]] = defaultdict(list)
    for name in masks:
        for place in reversed(list(re.finditer(r'[/_.-]', name))):
            if name[: place.start()] in stems:
                found[name[: place.start()]].append(name[place.start() :])
                break
    rests = Counter(rest for of in found.values() for rest in of)
    several = sum(len(of) > 1 for of in found.values()) * 2 > len(found)
    return Pairing(
        len(found), tuple(r for r, _ in rests.most_common()), several
    )


def mask_folders(tree: Tree) -> Iterator[Layout]:
    """Images in one folder, masks in another: one each, or one per class."""
    roots = by_part(_roots(tree))
    masks = {k: v for k, v in roots.items() if MASKS.search(k)}
    images = {k: v for k, v in roots.items() if k not in masks}
    layouts: list[Layout] = []
    above: list[tuple[str, str]] = []
    for mask_root, mask_parts in masks.items():
        near = 0  # steps that both paths share
        for image_root in sorted(images, key=_shared(mask_root), reverse=True):
            if _shared(mask_root)(image_root) < near or any(
                image_root.startswith(f'{one}/')
                and mask_root.startswith(f'{other}/')
                for one, other in above
            ):
                continue  # of another data set, or a part of what was found
            image_parts = images[image_root]
            chosen = {
                part: (image_parts[part], mask_parts[part])
                for part in image_parts.keys() & mask_parts.keys()
            }
            layout = _of_folders(tree, chosen, (image_root, mask_root))
            if layout is not None:
                layouts.append(layout)
                above.append((image_root, mask_root))
                near = _shared(mask_root)(image_root)
    # Files per class say more; shades say less than indices.
    yield from sorted(
        layouts, key=lambda one: (one.name != 'class_folders', len(one.loader))
    )


def images_alone(tree: Tree) -> Iterator[Layout]:
    """Images without masks."""
    count = len(tree.images())
    if count:
        config = dict(
            type='FolderDataset',
            data_prefix=dict(img_path=''),
            metainfo=dict(classes=('background',)),
        )
        yield Layout(
            'images',
            'Images without masks',
            f'{plural(count, "image")}, and nothing that tells of masks',
            {'': config},
            named=False,
        )


def _shared(path: str) -> Callable[[str], int]:
    """Number of steps from the root that another path has as well."""
    return lambda other: len(
        PurePosixPath(os.path.commonpath(['/' + path, '/' + other])).parts
    )


def _roots(tree: Tree) -> list[str]:
    """Folders with images inside, and those above them."""
    holding = {name.rpartition('/')[0] for name in tree.images()}
    above = {str(p) for name in holding for p in PurePosixPath(name).parents}
    return sorted((holding | above) - {'', '.'})[:_MOST_FOLDERS]


def _of_folders(
    tree: Tree,
    folders: Mapping[str, tuple[str, str]],
    roots: tuple[str, str],
) -> Layout | None:
    """Layout of pairs of folders by part; None where they do not belong."""
    pairings = {}
    for part, (image, mask) in folders.items():
        images, masks = (
            [name.removeprefix(f'{folder}/') for name in tree.images(folder)]
            for folder in (image, mask)
        )
        found = pair(images, masks)
        if mask.startswith(f'{image}/') or 2 * found.images < len(images):
            return None
        pairings[part] = found
    if not pairings:
        return None
    rests = tuple(dict.fromkeys(r for p in pairings.values() for r in p.rests))
    if all(p.several for p in pairings.values()):
        options = _per_class(rests)
        name, loader = 'class_folders', {}
    else:
        options = dict(seg_map_suffix=rests[0] if len(rests) == 1 else rests)
        name = 'mask_folders'
        more, loader = _peek(tree, [mask for _, mask in folders.values()])
        options.update(more)
    if options is None or (name == 'mask_folders' and len(rests) > 8):
        return None
    count = sum(p.images for p in pairings.values())
    parts = {
        part: dict(
            type='FolderDataset',
            data_prefix=dict(img_path=image, seg_map_path=mask),
            **options,
        )
        for part, (image, mask) in sorted(folders.items())
    }
    what = 'one file per class' if name == 'class_folders' else 'masks'
    return Layout(
        name,
        'Images and masks in folders',
        f'{plural(count, "image")} in {roots[0]}/ with {what} in {roots[1]}/',
        parts,
        loader,
        named=name == 'class_folders',
    )


def _per_class(rests: tuple[str, ...]) -> dict[str, Any] | None:
    """Options of files per class, whose names follow those of images."""
    between = {rest[0] for rest in rests}
    endings = {PurePosixPath(rest).suffix for rest in rests}
    classes = sorted({rest[1:].rpartition('.')[0] for rest in rests})
    one = len(between) == len(endings) == 1
    if not one or not 0 < len(classes) <= _MOST_CLASSES:
        return None
    return dict(
        seg_map_suffix=f'{between.pop()}{{class}}{endings.pop()}',
        metainfo=dict(classes=tuple(classes)),
    )


def _peek(tree: Tree, folders: list[str]) -> tuple[dict[str, Any], Any]:
    """Options of the data set and of the loader, by a look at some masks."""
    plain = dict(metainfo=dict(classes=('background', 'foreground')))
    names = [name for folder in folders for name in tree.images(folder)]
    if names[0].lower().endswith(('.jpg', '.jpeg')):
        return plain, dict(value_thr=128)
    colours: set[tuple[int, ...]] = set()
    step = -(-len(names) // _PEEKED)
    for name in names[::step]:
        try:
            read_labels(tree.root / name)
            return plain, {}
        except InputError:
            pass
        try:
            img = read_image(tree.root / name)
        except InputError:
            continue
        if img.ndim == 3 and img.shape[2] == 3:
            found = np.unique(img.reshape(-1, 3), axis=0)[: 2 * _MOST_COLOURS]
            colours.update(map(tuple, found.tolist()))
    if not colours or all(len(set(colour)) == 1 for colour in colours):
        return plain, dict(value_thr=128) if colours else {}
    if len(colours) > _MOST_COLOURS:
        return plain, {}
    palette = sorted(colours)
    names_ = [f'colour {k}' for k in range(1, len(palette))]
    metainfo = dict(
        classes=('background', *names_), palette=[list(c) for c in palette]
    )
    return dict(colours=True, metainfo=metainfo), {}
