"""Images that are there more than once, whatever they are called."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from mmseg_medical.datasets.checks.finding import (
    About,
    Finding,
    Severity,
    names_of,
    plural,
)
from mmseg_medical.datasets.checks.observation import Observation


def check_duplicates(
    observations: Sequence[Observation], about: About
) -> Iterator[Finding]:
    """Find images with the same pixels, above all on both sides of a split.

    Images of one colour are left to :func:`check_blank`.
    """
    same = defaultdict(list)
    for one in observations:
        if one.image and one.image.low < one.image.high:
            same[one.image.digest].append(one)
    groups = [of for of in same.values() if len(of) > 1]
    across = [of for of in groups if len({one.part for one in of}) > 1]
    within = [of for of in groups if len({one.part for one in of}) == 1]
    if across:
        yield Finding(
            Severity.ERROR,
            'duplicates_across',
            f'{plural(len(across), "image")} on several sides of the split: '
            'scores are too good',
            names_of(one for of in across for one in of),
            'keep them on one side: make folds of groups by tools/kfold.py, '
            'or remove the copies',
            details=_pairs(across),
        )
    if within:
        copies = sum(map(len, within)) - len(within)
        yield Finding(
            Severity.WARNING,
            'duplicates',
            f'{plural(copies, "image")} with the pixels of another',
            names_of(one for of in within for one in of),
            'a split may put them on both sides: remove the copies, or give '
            'them one group',
            details=_pairs(within),
        )
    differing = [
        of
        for of in groups
        if len({one.mask.digest for one in of if one.mask}) > 1
    ]
    if differing:
        yield Finding(
            Severity.WARNING,
            'duplicates_differ',
            f'{plural(len(differing), "image")} with several masks that '
            'differ',
            names_of(one for of in differing for one in of),
            'one of them is wrong, or several people drew: choose one',
            details=_pairs(differing),
        )


def _pairs(groups: list[list[Observation]]) -> tuple[str, ...]:
    return tuple(' = '.join(map(str, of)) for of in groups)
