"""Folders of images with folders of masks, or with none."""

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from mmseg_medical.converters.image import read_image, read_labels
from mmseg_medical.datasets.checks.finding import plural
from mmseg_medical.datasets.layouts.layout import Layout
from mmseg_medical.datasets.layouts.names import (
    MASKS,
    PARTS,
    by_part,
    ends_of_masks,
    pair,
)
from mmseg_medical.datasets.layouts.tree import Tree
from mmseg_medical.errors import InputError

_MOST_FOLDERS = 60
_MOST_CLASSES = 64
_MOST_COLOURS = 32
_MOST_ENDS = 8  # of the names of masks
_PEEKED = 4  # masks that are read to see whether they have colours


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


def masks_beside(tree: Tree) -> Iterator[Layout]:
    """Images and masks in one folder, told apart by the ends of names."""
    tops = {name.partition('/')[0] for name in tree.images() if '/' in name}
    parts = {PARTS[t.lower()]: t for t in sorted(tops) if t.lower() in PARTS}
    configs, masks = {}, []
    for part, folder in (parts or {'': ''}).items():
        names = tree.images(folder)
        ends = ends_of_masks(names)
        inside = [n for n in names if n.endswith(tuple(ends))] if ends else []
        images = len(names) - len(inside)
        if not inside or 2 * len(inside) < images or len(ends) > _MOST_ENDS:
            continue
        masks += inside
        configs[part] = dict(
            type='FolderDataset',
            data_prefix=dict(img_path=folder, seg_map_path=folder),
            seg_map_suffix=ends[0] if len(ends) == 1 else tuple(ends),
        )
    if configs:
        more, loader = _peek(tree, masks)
        yield Layout(
            'masks_beside',
            'Images and masks in one folder',
            f'{plural(len(masks), "mask")} beside images, '
            'whose names they continue',
            {part: config | more for part, config in configs.items()},
            loader,
            named=False,
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
        names = [n for _, mask in folders.values() for n in tree.images(mask)]
        more, loader = _peek(tree, names)
        options.update(more)
    if options is None or (name == 'mask_folders' and len(rests) > _MOST_ENDS):
        return None
    ends = {p.img_suffix for p in pairings.values()}
    if ends != {''}:
        options['img_suffix'] = tuple(sorted(ends - {''}))
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


def _peek(tree: Tree, names: list[str]) -> tuple[dict[str, Any], Any]:
    """Options of the data set and of the loader, by a look at some masks."""
    plain = dict(metainfo=dict(classes=('background', 'foreground')))
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
