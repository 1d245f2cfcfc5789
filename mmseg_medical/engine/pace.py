"""How long a training takes, from the iterations that it has made."""

import time
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np

from mmseg_medical.progress import duration

_WARM_UP = 10  # iterations that fill caches and queues
_ENOUGH = 50  # iterations, or
_SECONDS = 60.0  # so much time for
_FEW = 5  # iterations
_RECENT = 500


class Pace:
    """Measures iterations and validations.

    An iteration takes the median of the means of five parts of the recent
    ones: a mean, because workers that load several batches at once make one
    long and the next ones short; the median of several, because a single
    checkpoint or hiccup says nothing about the others. The first ten do not
    count.

    Args:
        clock: Gives seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last = self._begin = clock()
        self._away = 0.0  # in validations, since the last iteration
        self._skipped = 0
        self._times: deque[float] = deque(maxlen=_RECENT)
        self._validations: list[float] = []

    def step(self) -> None:
        """An iteration has been made."""
        now = self._clock()
        taken, self._last = now - self._last - self._away, now
        self._away = 0.0
        if self._skipped < _WARM_UP:
            self._skipped += 1
        else:
            self._times.append(taken)

    def begin_validation(self) -> None:
        """A validation begins."""
        self._begin = self._clock()

    def end_validation(self) -> None:
        """The validation has come to its end."""
        taken = self._clock() - self._begin
        self._away += taken
        self._validations.append(taken)

    @property
    def ready(self) -> bool:
        """Whether enough was measured to say how long the rest takes."""
        count = len(self._times)
        return count >= _ENOUGH or (
            count >= _FEW and sum(self._times) >= _SECONDS
        )

    @property
    def iteration(self) -> float | None:
        """Seconds of an iteration; None before any was measured."""
        if not self._times:
            return None
        parts = np.array_split(self._times, min(5, len(self._times)))
        return float(np.median([part.mean() for part in parts]))

    @property
    def validation(self) -> float | None:
        """Seconds of a validation; None before the first."""
        if not self._validations:
            return None
        return float(np.median(self._validations))

    def left(self, iterations: int, validations: int) -> float | None:
        """Seconds that so many take; None before any was measured.

        Args:
            iterations: Number of iterations.
            validations: Number of validations, which take nothing before the
                first is known.
        """
        if self.iteration is None:
            return None
        return iterations * self.iteration + validations * (
            self.validation or 0
        )

    def estimate(self, iterations: int, validations: int) -> str:
        """Say how long so many take, once it is ready.

        Args:
            iterations: Number of iterations.
            validations: Number of validations.
        """
        if self.iteration is None:
            raise ValueError('no iteration was measured yet')
        text = (
            f'about {duration(self.left(iterations, validations) or 0)} left '
            f'for {iterations:,} iterations ({self.iteration:.2g} s each)'
        )
        if not validations:
            return text
        if self.validation is None:
            return f'{text}, validations come on top'
        plural = 's' if validations > 1 else ''
        return (
            f'{text} and {validations:,} validation{plural} '
            f'({duration(self.validation)} each)'
        )


def validations_left(loop: Any) -> int:
    """How often an iteration-based loop will validate from now on.

    Args:
        loop: Train loop of a runner.
    """
    if loop.runner.val_loop is None or loop.iter >= loop.max_iters:
        return 0
    begin = max(loop.iter + 1, loop.val_begin)
    count = int(begin <= loop.max_iters)  # the last one always
    starts = [start - 1 for start in loop.dynamic_milestones]
    for interval, low, high in zip(
        loop.dynamic_intervals,
        starts,
        [*starts[1:], loop.max_iters],
        strict=True,
    ):
        low, high = max(low, begin), min(high, loop.max_iters)
        if low < high:  # multiples of the interval that are from low on
            count += (high - 1) // interval - (low - 1) // interval
    return count
