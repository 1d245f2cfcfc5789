"""What the values of masks mean."""

from collections.abc import Iterator, Sequence

from mmseg_medical.datasets.checks.facts import MOST_LABELS
from mmseg_medical.datasets.checks.finding import (
    About,
    Finding,
    Severity,
    listed,
    names_of,
    plural,
)
from mmseg_medical.datasets.checks.observation import Observation

_LEVELS = 16  # more values than this in a mask are shades


def check_foreground_255(
    observations: Sequence[Observation], about: About
) -> Iterator[Finding]:
    """Find masks of 0 and 255, which MMSegmentation would ignore."""
    stored = [o for o in observations if o.mask and o.mask.values]
    found = [o for o in stored if _values(o) <= {0, 255} and 255 in _values(o)]
    if not found:
        return
    others = [o for o in stored if _values(o) - {0, 255}]
    if others:
        yield Finding(
            Severity.ERROR,
            'mask_255',
            f'{plural(len(found), "mask")} with 0 and 255 alone, beside '
            f'{len(others)} with other values',
            names_of(found),
            'is 255 foreground, or pixels that do not count, {255: 255}? say '
            'which',
            dict(type='LoadMaskRegion', values={255: 1}),
        )
    else:
        yield Finding(
            Severity.ERROR,
            'mask_255',
            f'{plural(len(found), "mask")} with 0 and 255: 255 means ignored '
            'unless the config says otherwise',
            names_of(found),
            'say that it is the foreground; it is counted as class 1 here',
            dict(type='LoadMaskRegion', values={255: 1}),
        )


def check_shades(
    observations: Sequence[Observation], about: About
) -> Iterator[Finding]:
    """Find masks whose values are shades, as JPEG makes them."""
    found = [
        o
        for o in observations
        if o.mask and o.mask.values and len(o.mask.values) > _LEVELS
    ]
    few = [
        o for o in found if len(_values(o)) <= 256 and max(_values(o)) > 200
    ]
    if few:
        yield Finding(
            Severity.ERROR,
            'mask_shades',
            f'{plural(len(few), "mask")} with more than {_LEVELS} values up '
            'to 255: shades, as JPEG and resizing leave them',
            names_of(few),
            'take one half as foreground, or write masks as PNG',
            dict(type='LoadMaskRegion', value_thr=128),
        )


def check_values(
    observations: Sequence[Observation], about: About
) -> Iterator[Finding]:
    """Find labels that are no class, and propose what they stand for.

    Where nobody names the classes, labels that leave gaps are none.
    """
    masks = {
        str(one): one.mask
        for one in observations
        if one.mask
        and one.mask.planes is None
        and len(one.mask.values or one.mask.areas) <= _LEVELS
    }
    found = sorted({label for mask in masks.values() for label in mask.areas})
    named = len(about.classes)
    gaps = bool(found) and max(found) >= 2 * len(found)
    known = named or (MOST_LABELS if not gaps else 1)
    strange = [label for label in found if not 0 <= label < known]
    if not strange:
        return
    values = {label: k for k, label in enumerate(found) if label}
    fits = not named or len(values) < named
    yield Finding(
        Severity.ERROR,
        'mask_values',
        f'masks hold {listed(strange if named else found)}'
        + (
            f', and there are {named} classes ({", ".join(about.classes)})'
            if named
            else ': labels are counted from 0'
        ),
        tuple(n for n, mask in masks.items() if set(strange) & {*mask.areas}),
        'say which class each value is'
        + ('' if fits else ', or name all classes in metainfo'),
        dict(type='LoadMaskRegion', values=values) if fits else {},
    )


def check_ignored(
    observations: Sequence[Observation], about: About
) -> Iterator[Finding]:
    """Count pixels that do not count, unless the config says that they do.

    More than half of a mask is too much, whoever says so.
    """
    mostly = [
        o for o in observations if o.mask and o.mask.ignored > o.mask.pixels
    ]
    some = [
        o
        for o in observations
        if o.mask and o.mask.ignored and o.mask.values and o not in mostly
    ]
    cure = (
        'right for borders and doubts; if they are background or a class, '
        'name it in LoadMaskRegion(values=…)'
    )
    if mostly:
        yield Finding(
            Severity.WARNING,
            'ignored',
            f'{plural(len(mostly), "mask")} of which more than half is '
            f'{about.ignore_index} and does not count',
            names_of(mostly),
            cure,
        )
    if some:
        yield Finding(
            Severity.NOTE,
            'ignored',
            f'{plural(len(some), "mask")} with pixels of '
            f'{about.ignore_index}, which do not count',
            names_of(some),
            cure,
        )


def _values(one: Observation) -> set[int]:
    assert one.mask is not None
    return set(one.mask.values or ())
