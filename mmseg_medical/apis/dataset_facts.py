"""What built data sets say of all their samples."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mmseg_medical.apis.dataset_parts import Part
from mmseg_medical.datasets.checks import About, Finding, Severity
from mmseg_medical.datasets.checks.finding import listed, plural
from mmseg_medical.datasets.layouts import Layout
from mmseg_medical.datasets.layouts.tree import Tree

_MAPS = ('MapIntensity', 'ApplyCLAHE')
_TAKEN = ('rle_dialect', 'wrong_sizes')


def about(parts: list[Part], layout: Layout | None = None) -> About:
    """What the first of several parts says of its samples.

    Args:
        parts: What was built.
        layout: What a folder was recognised as.
    """
    if not parts:
        return About()
    dataset = parts[0].dataset
    named = layout is None or layout.named
    classes = dataset.metainfo.get('classes') or () if named else ()
    return About(
        classes=tuple(classes),
        overlapping=bool(getattr(dataset, 'overlapping', False)),
        ignore_index=getattr(dataset, 'ignore_index', 255),
        group=getattr(dataset, 'group', '') or '',
        stratum=getattr(dataset, 'stratum', '') or '',
        maps_intensity=any(
            type(t).__name__ in _MAPS for t in parts[0].transforms
        ),
        takes=frozenset(name for name in _TAKEN if hasattr(dataset, name)),
    )


def check_shades(layout: Layout) -> Iterator[Finding]:
    """Say where masks were cut in two since their files hold shades.

    Args:
        layout: What a folder was recognised as.
    """
    if layout.loader:
        yield Finding(
            Severity.ERROR,
            'mask_shades',
            'masks of JPEG or of three gray channels, whose values are shades',
            cure='half is taken as foreground here; say so, or write masks '
            'as PNG of one channel',
            config=dict(type='LoadMaskRegion', **layout.loader),
        )


def check_unused(
    folder: str, layout: Layout, parts: Sequence[Part]
) -> Iterator[Finding]:
    """Name folders and tables that no sample comes from.

    Args:
        folder: Folder that was recognised.
        layout: What it was recognised as.
        parts: What was built of it.
    """
    used = {str(part.dataset.ann_file) for part in parts}
    for part in parts:
        for sample in part.samples():
            for key in sample:
                if key.endswith(('_path', '_paths')):
                    told = sample[key]
                    used.update(told if isinstance(told, list) else [told])
    broken = {
        name: text
        for name, text in layout.broken.items()
        if str(Path(layout.root, name)) not in used
    }
    if broken:
        yield Finding(
            Severity.ERROR,
            'annotations',
            f'{plural(len(broken), "annotation file")} that cannot be read',
            tuple(broken),
            'what they say of the images is missing: copy or download them '
            'again',
            details=tuple(broken.values()),
        )
    rest = Tree(folder).beside(path for path in used if path)
    if rest and parts:
        said = [
            f'{top}/ ({plural(count, "file")})' if count else top
            for top, count in rest.items()
        ]
        yield Finding(
            Severity.NOTE,
            'unused',
            f'not read as part of the data set: {listed(said)}',
        )


def palette(dataset: Any, config: Mapping[str, Any]) -> list[list[int]]:
    """[R, G, B] of each class, where the data set says so; else [].

    MMSegmentation makes up the colours of the others by chance.

    Args:
        dataset: What was built.
        config: What it was built of.
    """
    meta = {**getattr(dataset, 'METAINFO', {}), **config.get('metainfo', {})}
    return [list(rgb) for rgb in meta.get('palette') or ()]
