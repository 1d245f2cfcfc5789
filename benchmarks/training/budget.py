"""Trainings of equal cost: as many iterations as fit into CPU time."""

import itertools
import statistics
import time
from typing import Any

from mmengine.hooks import Hook
from mmseg.registry import HOOKS

FIRST = 3  # steps that warm up


class Clock:
    """CPU time of this process at each step of a training."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def tick(self) -> None:
        """Note that a step is done."""
        self.times.append(time.process_time())

    @property
    def step(self) -> float:
        """Seconds of a step, their median, without the first ones."""
        times = self.times[FIRST:]
        return statistics.median(b - a for a, b in itertools.pairwise(times))


@HOOKS.register_module()
class ClockHook(Hook):
    """A clock for the steps of a runner."""

    priority = 'LOWEST'

    def __init__(self) -> None:
        self.clock = Clock()

    def after_train_iter(self, *args: Any, **kwargs: Any) -> None:
        self.clock.tick()

    @staticmethod
    def of(runner: Any) -> Clock:
        """The clock of a runner."""
        (clock,) = (h.clock for h in runner.hooks if isinstance(h, ClockHook))
        return clock
