"""What a check has to say, and about which samples."""

import dataclasses
import enum
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mmseg_medical.datasets.checks.observation import Observation


class Severity(enum.IntEnum):
    """How much a finding matters."""

    NOTE = 0  # worth knowing
    WARNING = 1  # wrong in most data sets
    ERROR = 2  # training fails, or teaches something else


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """One thing that holds for one or many samples.

    Attributes:
        severity: How much it matters.
        kind: Identifier, as ``'mask_values'``.
        problem: What is so, as a sentence without its end.
        names: Samples or files concerned; none where it is the whole.
        cure: What to do.
        config: What does it in a config: a step of the pipeline (with
            ``type``), or arguments by what takes them, ``dataset`` or
            ``model``.
        command: What does it on the command line.
        details: Messages of readers, of the first samples.
    """

    severity: Severity
    kind: str
    problem: str
    names: tuple[str, ...] = ()
    cure: str = ''
    config: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    command: str = ''
    details: tuple[str, ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        """What to write or to run, as text."""
        if 'type' in self.config:
            told = [as_python(self.config)]
        else:
            told = [f'{k} = {as_python(v)}' for k, v in self.config.items()]
        return (*told, *filter(None, [self.command]))


@dataclasses.dataclass(frozen=True, slots=True)
class About:
    """What a data set says of all its samples.

    Attributes:
        classes: Names by label; () where it does not say.
        overlapping: Whether classes may share pixels.
        ignore_index: Label of pixels that do not count.
        group: Key of :attr:`Observation.facts` whose values stay on one side
            of a split; ``''`` where there is none.
        stratum: Key whose values should be on every side, or ``''``.
        maps_intensity: Whether the pipeline maps intensities.
        takes: Arguments of the data set by which findings are mended:
            ``'rle_dialect'``, ``'wrong_sizes'``.
    """

    classes: tuple[str, ...] = ()
    overlapping: bool = False
    ignore_index: int = 255
    group: str = ''
    stratum: str = ''
    maps_intensity: bool = False
    takes: frozenset[str] = frozenset()

    def class_name(self, label: int) -> str:
        """Name of a class, or its number."""
        if 0 <= label < len(self.classes):
            return self.classes[label]
        background = label == 0 and not (self.overlapping or self.classes)
        return 'background' if background else f'label {label}'


def problems_of(
    observations: Iterable[Observation], kind: str
) -> dict[str, str]:
    """Messages of one kind of problem, by sample."""
    return {
        str(one): problem.text
        for one in observations
        for problem in one.problems
        if problem.kind == kind
    }


def names_of(observations: Iterable[Observation]) -> tuple[str, ...]:
    """Names of samples, with their parts."""
    return tuple(map(str, observations))


def plural(count: int, noun: str) -> str:
    """Number and noun: ``'1 image'``, ``'12,047 images'``."""
    ending = '' if count == 1 else 'es' if noun.endswith('s') else 's'
    return f'{count:,} {noun}{ending}'


def percent(share: float) -> str:
    """Share of 0 to 1 in percent, with two digits that count."""
    if share == 0:
        return '0 %'
    digits = 1 if 0.99 < share < 1 else 1 - math.floor(math.log10(100 * share))
    return f'{100 * share:.{min(max(digits, 0), 5)}f} %'


def listed(values: Sequence[object], limit: int = 8) -> str:
    """Values one after another, the first of many."""
    shown = ', '.join(map(str, values[:limit]))
    more = len(values) - limit
    return f'{shown} … ({more:,} more)' if more > 0 else shown


def as_python(value: Any) -> str:
    """Value as Python; dicts whose keys are names as calls."""
    if isinstance(value, Mapping):
        if all(isinstance(key, str) and key.isidentifier() for key in value):
            inside = [f'{k}={as_python(v)}' for k, v in value.items()]
            return f'dict({", ".join(inside)})'
        return repr(dict(value))
    if isinstance(value, list):
        return f'[{", ".join(map(as_python, value))}]'
    return repr(value)
