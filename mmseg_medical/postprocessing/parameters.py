"""What parameters of steps may be, and which value an image gets."""

import difflib
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from mmseg_medical.errors import InputError
from mmseg_medical.postprocessing.morphology import SHAPES

Meta = Mapping[str, Any]

ANY = '*'


def choices(name: str, known: Iterable[str]) -> str:
    """What may be meant by an unknown name, and what there is.

    Args:
        name: What was given.
        known: Names that there are.
    """
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    meant = f'is {near[0]!r} meant? ' if near else ''
    return f'{meant}there are {", ".join(sorted(known))}'


def value_for(where: str, value: Any, meta: Meta) -> Any:
    """The value of a parameter for an image and a class.

    Args:
        where: Step and parameter, for the message.
        value: A value, or values by one key of ``meta``, nested or not.
        meta: Metadata of the image, and its ``class``.

    Raises:
        InputError: If it depends on what the image has not.
    """
    while isinstance(value, Mapping):
        ((key, by),) = value.items()
        if key not in meta and ANY not in by:
            raise InputError(
                f'{where} depends on {key!r}, which the image has not; it has '
                f'{sorted(k for k in meta if k != "class")}'
            )
        at = str(meta.get(key))
        if at not in by and ANY not in by:
            raise InputError(
                f'{where} has no value for {key} {at!r}, only for '
                f'{", ".join(by)}; add it, or {ANY!r} for any other'
            )
        value = by.get(at, by.get(ANY))
    return value


def check_value(
    where: str, value: Any, labels: Sequence[str], *, optional: bool = False
) -> None:
    """Check a parameter, also where it is chosen by class or metadata.

    Args:
        where: Step and parameter, as ``threshold.mask_thr``.
        value: What was given.
        labels: Names of the classes that have a mask.
        optional: Whether it may be None.

    Raises:
        InputError: If a value is out of its range, or a class unknown.
    """
    if isinstance(value, Mapping):
        if len(value) != 1 or not all(
            isinstance(by, Mapping) and by for by in value.values()
        ):
            raise InputError(
                f"{where} is chosen by one key, as {{'organ': {{'lung': …, "
                f"'*': …}}}}, got {value!r}"
            )
        ((chooser, by),) = value.items()
        unknown = [name for name in by if name not in (*labels, ANY)]
        if chooser == 'class' and unknown:
            raise InputError(
                f'{where} is given for the class {unknown[0]!r}; '
                f'{choices(str(unknown[0]), labels)}'
            )
        for name, one in by.items():
            if one is not None:
                check_value(f'{where} {chooser}={name}', one, labels)
        return
    if value is None and optional:
        return
    is_right, expected = RANGES[where.split()[0].split('.')[1]]
    if not is_right(value):
        raise InputError(f'{where} is {value!r}, expected {expected}')


def _number(low: float, high: float = math.inf) -> Callable[[Any], bool]:
    def is_right(value: Any) -> bool:
        plain = isinstance(value, (int, float)) and not isinstance(value, bool)
        return plain and low <= value <= high

    return is_right


def _whole(low: int, *, odd: bool = False) -> Callable[[Any], bool]:
    def is_right(value: Any) -> bool:
        plain = isinstance(value, int) and not isinstance(value, bool)
        return plain and value >= low and (value % 2 == 1 or not odd)

    return is_right


def _probabilities(value: Any) -> bool:
    is_right = _number(0, 1)
    listed = isinstance(value, (list, tuple)) and len(value) > 0
    return listed and all(map(is_right, value))


_PROBABILITY = (_number(0, 1), 'a probability in [0, 1]')
_NOT_NEGATIVE = (_number(0), 'a number of 0 or more')
_PIXELS = (_whole(0), 'a whole number of pixels, 0 or more')
_COUNT = (_whole(1), 'a whole number of 1 or more')
_NAME = (lambda value: isinstance(value, str) and value != '', 'a name')
# A parameter means the same in every step that has it.
RANGES: dict[str, tuple[Callable[[Any], bool], str]] = dict(
    mask_thr=_PROBABILITY,
    top_score_thr=_PROBABILITY,
    score_thr=_PROBABILITY,
    high=(_probabilities, 'a list of probabilities in [0, 1]'),
    low=(_probabilities, 'a list of probabilities in [0, 1]'),
    min_size=_PIXELS,
    max_size=_PIXELS,
    min_distance=_COUNT,
    count=_COUNT,
    min_run=_COUNT,
    max_gap=(_whole(0), 'a whole number of slices, 0 or more'),
    size=(_whole(1, odd=True), 'an odd number of pixels'),
    width=_NOT_NEGATIVE,
    connectivity=((4, 8).__contains__, '4 or 8'),
    shape=(SHAPES.__contains__, f'one of {", ".join(SHAPES)}'),
    at_border=(lambda value: isinstance(value, bool), 'True or False'),
    score=_NAME,
    volume_key=_NAME,
    slice_key=_NAME,
    iterations=_COUNT,
    position_width=_NOT_NEGATIVE,
    position_weight=_NOT_NEGATIVE,
    colour_width=_NOT_NEGATIVE,
    colour_distance=_NOT_NEGATIVE,
    colour_weight=_NOT_NEGATIVE,
)
