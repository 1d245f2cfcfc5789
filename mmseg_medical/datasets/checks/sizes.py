"""Sizes, channels and types that differ."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

from mmseg_medical.datasets.checks.finding import (
    About,
    Finding,
    Severity,
    listed,
    names_of,
    plural,
    problems_of,
)
from mmseg_medical.datasets.checks.observation import ImageFacts, Observation


def check_table_sizes(
    observations: Sequence[Observation], about: About
) -> Iterator[Finding]:
    """Compare the sizes that a table tells with those of the files."""
    texts = problems_of(observations, 'table_size')
    if not texts:
        return
    found = [one for one in observations if str(one) in texts]
    turned = all(
        one.image
        and one.image.shape[1::-1]
        == (one.facts.get('height'), one.facts.get('width'))
        for one in found
    )
    ids = [one.name for one in found]
    settable = 'wrong_sizes' in about.takes
    yield Finding(
        Severity.ERROR,
        'table_size',
        f'{plural(len(texts), "image")} of another size than the table says',
        tuple(texts),
        (
            'height and width are exchanged there'
            if turned
            else 'the table or the files are wrong'
        )
        + '; masks in run lengths are right for one of the sizes only',
        dict(dataset=dict(wrong_sizes=ids)) if settable else {},
        details=tuple(texts.values()),
    )


def check_mask_sizes(
    observations: Sequence[Observation], about: About
) -> Iterator[Finding]:
    """Compare masks with their images."""
    texts = problems_of(observations, 'mask_size')
    if not texts:
        return
    turned = sum(
        bool(one.image and one.mask)
        and one.mask.shape == one.image.shape[1::-1]
        and str(one) in texts
        for one in observations
    )
    yield Finding(
        Severity.ERROR,
        'mask_size',
        f'{plural(len(texts), "mask")} of another size than the image',
        tuple(texts),
        'height and width are exchanged: turn the masks, or write them with '
        'the axes of the image'
        if turned == len(texts)
        else 'masks belong to the pixels of the file: find the images that '
        'they were drawn on, or resize them with nearest-neighbour',
        details=tuple(texts.values()),
    )


def check_channels(
    observations: Sequence[Observation], about: About
) -> Iterator[Finding]:
    """Report images of several numbers of channels."""
    said, few = _kinds(observations, lambda image: image.shape[2])
    if not few:
        return
    yield Finding(
        Severity.ERROR,
        'channels',
        f'images of several numbers of channels: {said}',
        names_of(few),
        'a network expects one number: make three of gray, or 1 of colours',
        dict(type='LoadImageRegion', channels=3),
    )


def check_types(
    observations: Sequence[Observation], about: About
) -> Iterator[Finding]:
    """Report images of several types of numbers."""
    said, few = _kinds(observations, lambda image: image.dtype)
    if few:
        yield Finding(
            Severity.WARNING,
            'types',
            f'images of several types: {said}',
            names_of(few),
            'the same tissue has other numbers in them: map intensities to '
            'one range',
        )


def _kinds(
    observations: Sequence[Observation], kind: Callable[[ImageFacts], object]
) -> tuple[str, list[Observation]]:
    """How many images are of each kind, and those not of the commonest."""
    found = defaultdict(list)
    for one in observations:
        if one.image:
            found[kind(one.image)].append(one)
    ordered = sorted(found.items(), key=lambda item: -len(item[1]))
    said = ', '.join(f'{name} in {len(of):,}' for name, of in ordered)
    return said, [one for _, of in ordered[1:] for one in of]


def check_varying(
    observations: Sequence[Observation], about: About
) -> Iterator[Finding]:
    """Say in how many sizes images come."""
    sizes = [one.image.shape[:2] for one in observations if one.image]
    kinds = sorted(set(sizes), key=lambda s: s[0] * s[1])
    if len(kinds) > 1:
        shown = [f'{h} x {w}' for h, w in kinds]
        shown = shown if len(shown) <= 4 else [shown[0], '…', shown[-1]]
        yield Finding(
            Severity.NOTE,
            'sizes',
            f'{len(kinds)} sizes (height x width): {listed(shown)}',
            cure='training needs a crop or Resize, so that a batch is of '
            'one size',
        )
