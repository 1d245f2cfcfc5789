"""Which dialect run lengths were written in, judged by what they paint."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np

from mmseg_medical.converters.rle import RLEDialect, RLEError, load
from mmseg_medical.converters.runs import Runs

# Those that are written as pairs of integers; COCO's say what they are.
CANDIDATES = (RLEDialect.KAGGLE, RLEDialect.KAGGLE_ROW, RLEDialect.SIIM)
# Of true masks few runs are alone; a wrong reading leaves at least so many
# alone, and the right one a third of that.
_LONELY = 0.2
_BETTER = 3


class Reading(NamedTuple):
    """What comes of run lengths when they are read in one dialect.

    Attributes:
        failed: Texts that are not well-formed in it.
        runs: Runs of the others, where the image is not square: else rows and
            columns cannot be told apart, as a mask and its mirror image across
            the diagonal have the same runs.
        lonely: Those of them that touch none in the lines before and after.
    """

    failed: int
    runs: int
    lonely: int


def try_dialects(text: str, shape: tuple[int, int]) -> dict[str, Reading]:
    """Read a mask in every dialect of integer pairs.

    Args:
        text: Pairs of integers.
        shape: (height, width) of the image in pixels.

    Returns:
        What comes of it, by the name of the dialect.
    """
    found = {}
    for dialect in CANDIDATES:
        reading = Reading(0, 0, 0)
        try:
            runs = load(text, shape, dialect)
            if shape[0] != shape[1]:
                reading = Reading(0, runs.starts.size, lonely(runs))
        except RLEError:
            reading = Reading(1, 0, 0)
        found[dialect.value] = reading
    return found


def lonely(runs: Runs) -> int:
    """Count the runs that touch no run of the lines before and after.

    Structures go on from line to line; where rows were taken for columns,
    their runs are scattered.
    """
    height, width = runs.shape
    line = height if runs.order == 'F' else width
    starts, ends = runs.starts, runs.ends
    alone = np.ones(starts.size, bool)
    for shift in (-line, line):
        # The first run that ends after the shifted one begins touches it, or
        # none does.
        at = np.searchsorted(ends, starts + shift, side='right')
        begins = np.append(starts, height * width + line)[at]
        alone &= begins >= ends + shift
    return int(alone.sum())


def likely_dialect(
    readings: Iterable[Mapping[str, Reading]], told: str
) -> str | None:
    """Dialect that masks were rather written in than in the one told.

    Args:
        readings: Of each mask, what :func:`try_dialects` gives.
        told: Name of the dialect that they are said to be in.

    Returns:
        Name of the dialect, or None where ``told`` is as good as any.
    """
    total = {name.value: np.zeros(3, np.int64) for name in CANDIDATES}
    texts = 0
    for one in readings:
        texts += 1
        for name, reading in one.items():
            total[name] += reading
    told = {'dsb2018': 'kaggle'}.get(told, told)
    if told not in total:
        return None

    def rank(name: str) -> tuple[int, float]:
        failed, runs, alone = total[name].tolist()
        return failed, alone / max(runs, 1)

    best = min(total, key=rank)
    (told_failed, told_alone), (failed, alone) = rank(told), rank(best)
    if told_failed > failed:  # a few broken rows make no other dialect
        return best if failed == 0 and 2 * told_failed >= texts else None
    clear = told_alone > _LONELY and alone * _BETTER < told_alone
    return best if clear else None
