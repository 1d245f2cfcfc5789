"""Files that are missing or cannot be read."""

from collections.abc import Iterator, Sequence

from mmseg_medical.datasets.checks.finding import (
    About,
    Finding,
    Severity,
    names_of,
    plural,
    problems_of,
)
from mmseg_medical.datasets.checks.observation import Observation

_AGAIN = (
    'see the message of each; what is damaged has to be copied or downloaded '
    'again; strict=False leaves them out'
)
_WHERE = (
    'check data_root and data_prefix, or unpack the archive again; '
    'strict=False leaves them out'
)
# What is said of each kind of problem, and its cure.
_KINDS = {
    'image_missing': ('image', 'whose file does not exist', _WHERE),
    'image': ('image', 'that cannot be read', _AGAIN),
    'mask_missing': ('mask', 'whose file does not exist', _WHERE),
    'mask': ('mask', 'that cannot be read', _AGAIN),
    'outlines': ('mask', 'whose outlines cannot be painted', _AGAIN),
}


def check_unreadable(
    observations: Sequence[Observation], about: About
) -> Iterator[Finding]:
    """Report what could not be read, by kind."""
    for kind, (noun, what, cure) in _KINDS.items():
        texts = problems_of(observations, kind)
        if texts:
            yield Finding(
                Severity.ERROR,
                kind,
                f'{plural(len(texts), noun)} {what}',
                tuple(texts),
                cure,
                details=tuple(texts.values()),
            )


def check_unlabelled(
    observations: Sequence[Observation], about: About
) -> Iterator[Finding]:
    """Report images without a mask, but for a test that has none."""
    for part in dict.fromkeys(one.part for one in observations):
        inside = [one for one in observations if one.part == part]
        bare = [o for o in inside if not o.mask and not o.problems]
        some = any(one.mask for one in inside)
        if bare and (some or part != 'test'):
            yield Finding(
                Severity.WARNING,
                'unlabelled',
                f'{plural(len(bare), "image")} without a mask'
                + ('' if some else ', and none with one'),
                names_of(bare) if some else (),
                'training needs a mask for each image, if an empty one; '
                'prediction needs none',
                dict(type='LoadMaskRegion', required=False),
            )
