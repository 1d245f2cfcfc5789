"""Patients, cases and sources on the sides of a split."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from mmseg_medical.datasets.checks.finding import (
    About,
    Finding,
    Severity,
    listed,
    names_of,
    plural,
)
from mmseg_medical.datasets.checks.observation import Observation

# Keys of samples that name what must not be torn apart.
GROUPS = ('group', 'case', 'patient', 'patient_id', 'subject', 'slide')

# Patient of TCGA, or what stands before the place of a tile or a slice.
_PIECE = re.compile(
    r'(TCGA-\w\w-\w{4})|'
    r'(.+?)[_-](?:r\d+[_-]?c\d+|x\d+[_-]?y\d+|\d+[_-]\d+|'
    r'(?:tile|patch|slice|frame)[_-]?\d+)$',
    re.IGNORECASE,
)


def group_key(observations: Sequence[Observation], about: About) -> str:
    """Key whose values must stay on one side; '' where there is none."""
    keys = (about.group, *GROUPS) if about.group else GROUPS
    for key in keys:
        if any(one.facts.get(key, '') != '' for one in observations):
            return key
    return ''


def check_groups(
    observations: Sequence[Observation], about: About
) -> Iterator[Finding]:
    """Find groups on several sides, or propose to keep them together."""
    key = group_key(observations, about)
    if not key:
        return
    members = defaultdict(list)
    for one in observations:
        if value := one.facts.get(key):
            members[value].append(one)
    torn = {
        value: of
        for value, of in members.items()
        if len({one.part for one in of}) > 1
    }
    split = len({one.part for one in observations}) > 1
    if torn:
        yield Finding(
            Severity.ERROR,
            'groups_across',
            f'{len(torn)} of {plural(len(members), key)} on several sides of '
            'the split: scores are too good',
            names_of(one for of in torn.values() for one in of),
            'make folds that keep groups whole',
            command=f'tools/kfold.py CONFIG --group {key}',
            details=tuple(
                f'{key} {value}: {listed(names_of(torn[value]))}'
                for value in torn
            ),
        )
    elif not split and len(members) < len(observations):
        yield Finding(
            Severity.NOTE,
            'groups',
            f'{plural(len(observations), "image")} of '
            f'{plural(len(members), key)}: neighbours are alike',
            cure='keep each on one side of a split',
            command=f'tools/kfold.py CONFIG --group {key}',
        )


def check_names(
    observations: Sequence[Observation], about: About
) -> Iterator[Finding]:
    """Guess from their names which images are pieces of one, or of a patient.

    Where samples say to which group they belong, that counts.
    """
    if group_key(observations, about):
        return
    members = defaultdict(list)
    for one in observations:
        if whole := _whole(one.name):
            members[whole].append(one)
    several = {name: of for name, of in members.items() if len(of) > 1}
    torn = {
        name: of
        for name, of in several.items()
        if len({one.part for one in of}) > 1
    }
    if several:
        yield Finding(
            Severity.WARNING if torn else Severity.NOTE,
            'names_across' if torn else 'names_alike',
            'images that seem to be pieces of one, '
            + (
                'on several sides of the split: '
                if torn
                else 'by their names: '
            )
            + listed(sorted(torn or several), 4),
            names_of(one for of in (torn or several).values() for one in of),
            'keep them on one side: name their group in a table '
            '(TableDataset), and make folds by tools/kfold.py --group',
        )


def _whole(name: str) -> str:
    """What an image is a piece of, by its name; '' where that is unsaid."""
    folder, _, base = name.rpartition('/')
    if found := _PIECE.match(base):
        return found[1] or found[2]
    # Folders of patients have numbers, those of classes have none.
    return folder if any(map(str.isdigit, folder)) else ''


def check_strata(
    observations: Sequence[Observation], about: About
) -> Iterator[Finding]:
    """Find values that are validated on and never trained with."""
    if not about.stratum:
        return
    seen = defaultdict(set)
    for one in observations:
        if about.stratum in one.facts:
            seen[one.part].add(one.facts[about.stratum])
    unseen = sorted(seen.get('val', set()) - seen.get('train', set()))
    if unseen and 'train' in seen:
        yield Finding(
            Severity.WARNING,
            'stratum_unseen',
            f'{about.stratum} {listed(unseen)} in val and not in train',
            cure='fine if that is the question; else make folds even',
            command=f'tools/kfold.py CONFIG --stratify {about.stratum}',
        )
