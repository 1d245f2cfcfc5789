"""What a bare folder holds, told from the names of its files."""

import dataclasses
import os
from collections import Counter
from collections.abc import Callable, Iterator

from mmseg_medical.datasets.layouts.annotated import ANNOTATED
from mmseg_medical.datasets.layouts.folders import (
    images_alone,
    mask_folders,
    masks_beside,
)
from mmseg_medical.datasets.layouts.layout import Layout, LayoutError
from mmseg_medical.datasets.layouts.names import PARTS
from mmseg_medical.datasets.layouts.owners import OWNERS
from mmseg_medical.datasets.layouts.tables import table
from mmseg_medical.datasets.layouts.tree import Tree

# After the trees of owners; the most particular first.
GENERIC: tuple[Callable[[Tree], Iterator[Layout]], ...] = (
    *ANNOTATED,
    table,
    mask_folders,
    masks_beside,
)
_ARCHIVES = ('.zip', '.tar', '.gz', '.7z', '.rar')


def recognise(folder: str | os.PathLike[str]) -> list[Layout]:
    """Find out what a folder holds.

    A folder that holds nothing but another one stands for that.

    Args:
        folder: Folder of one data set.

    Returns:
        Layouts that fit, the most particular first; at least one. Their names
        differ.

    Raises:
        NotADirectoryError: If there is no such folder.
        LayoutError: If nothing fits; the message says what lies there.
    """
    whole = Tree(folder)
    tree, found = whole, []
    for below in _nested(whole):
        owned = [layout for one in OWNERS for layout in one(below)]
        if owned or not found:
            tree = below
            # An owner's table is read by the class of the owner.
            others = [one for one in GENERIC if not (owned and one is table)]
            found = owned + [layout for one in others for layout in one(tree)]
        if owned:
            break
    if not found:
        tree, found = whole, list(images_alone(whole))
    seen: Counter[str] = Counter()
    for k, layout in enumerate(found):
        seen[layout.name] += 1
        again = f':{seen[layout.name]}' if seen[layout.name] > 1 else ''
        found[k] = dataclasses.replace(
            layout,
            name=f'{layout.name}{again}',
            root=str(tree.root),
            broken=whole.broken | tree.broken,
            parts=dict(sorted(layout.parts.items(), key=_place)),
        )
    if found:
        return found
    packed = [n for n in whole.files if n.lower().endswith(_ARCHIVES)]
    cure = (
        f'unpack {packed[0]} first'
        if packed
        else 'name the folder that holds the images as well'
    )
    raise LayoutError(
        f'{folder} holds no image that can be read ({whole.kinds()}); {cure}'
    )


def _place(item: tuple[str, object]) -> int:
    """Train, val, test in this order; other parts first."""
    order = [*dict.fromkeys(PARTS.values())]
    return order.index(item[0]) if item[0] in order else -1


def _nested(tree: Tree) -> Iterator[Tree]:
    """Tree of a folder, of the only folder in it, and so on."""
    yield tree
    inside = {name.split('/')[0] for name in tree.files}
    if len(inside) == 1 and all('/' in name for name in tree.files):
        yield from _nested(Tree(tree.root / inside.pop()))


__all__ = ['GENERIC', 'OWNERS', 'Layout', 'LayoutError', 'recognise']
