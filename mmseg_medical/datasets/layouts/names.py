"""What the names of folders and files say: parts, masks, what belongs."""

import re
from collections import Counter, defaultdict
from typing import NamedTuple

PARTS = {
    **dict.fromkeys(('train', 'training'), 'train'),
    **dict.fromkeys(('val', 'valid', 'validation'), 'val'),
    **dict.fromkeys(('test', 'testing'), 'test'),
}
MASKS = re.compile(
    r'mask|label|annot|ann_dir|ground|manual|seg|(^|[/_])gt', re.I
)


class Pairing(NamedTuple):
    """How the masks of a folder belong to the images of another.

    Attributes:
        images: Number of images that have a mask.
        rests: What follows the name of the image in the names of masks.
        several: Whether an image has several masks.
        img_suffix: What follows that name in those of images, if it is more
            than their suffix.
    """

    images: int
    rests: tuple[str, ...]
    several: bool
    img_suffix: str = ''


def by_part(folders: list[str]) -> dict[str, dict[str, str]]:
    """Folders by the rest of their path, and by the part in it.

    ``['a/train', 'a/val', 'b']`` are ``{'a': {'train': 'a/train', 'val':
    'a/val'}, 'b': {'': 'b'}}``.
    """
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for folder in folders:
        steps = folder.split('/')
        named = [s for s in steps if s.lower() in PARTS]
        part = PARTS[named[0].lower()] if named else ''
        rest = '/'.join(s for s in steps if s not in named[:1])
        found[rest].setdefault(part, folder)
    for parts in found.values():
        if len(parts) > 1:
            parts.pop('', None)  # the folder above them
    return found


def part_of(path: str) -> str:
    """Part of a data set that a path names: ``'train'`` …, or ``''``."""
    words = re.split(r'[/_.-]+', path.lower())
    return next((PARTS[word] for word in words if word in PARTS), '')


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
    if 2 * len(found) < len(images):
        return _pair_ends(images, masks)
    rests = Counter(rest for of in found.values() for rest in of)
    several = sum(len(of) > 1 for of in found.values()) * 2 > len(found)
    return Pairing(
        len(found), tuple(r for r, _ in rests.most_common()), several
    )


def _pair_ends(images: list[str], masks: list[str]) -> Pairing:
    """Pair ``a_0000.png`` with ``a.png``, ``a_img.png`` with ``a_seg.png``."""
    found = [
        Pairing(len(stems & others), (rest,), False, end)
        for end, stems in _ends(images).items()
        for rest, others in _ends(masks).items()
    ]
    return max(found, default=Pairing(0, (), False))


def _ends(names: list[str]) -> dict[str, set[str]]:
    """What stands before each end that more than half of the names have."""
    before: dict[str, set[str]] = defaultdict(set)
    for name in names:
        for place in re.finditer(r'[_.-]', name):
            before[name[place.start() :]].add(name[: place.start()])
    return {k: v for k, v in before.items() if 2 * len(v) > len(names)}


def ends_of_masks(names: list[str]) -> list[str]:
    """What follows the names of images in those of masks beside them.

    Args:
        names: Paths of images and masks.
    """
    suffixes: dict[str, set[str]] = defaultdict(set)
    for name in names:
        stem, _, suffix = name.rpartition('.')
        suffixes[stem].add(suffix.lower())
    stems = suffixes.keys()
    found: Counter[str] = Counter()
    for name in names:
        stem, _, suffix = name.rpartition('.')
        if suffix == 'png' and len(suffixes[stem]) > 1:  # beside a photo
            found['.png'] += 1
        for place in re.finditer(r'[_.-]', stem):
            end = name[place.start() :]
            if name[: place.start()] in stems and MASKS.search(end):
                found[end] += 1
    return [end for end, _ in found.most_common()]
