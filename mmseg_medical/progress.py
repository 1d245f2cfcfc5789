"""A line that counts what is done, and ends before anything else is said."""

import sys
import time
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import TextIO, TypeVar

Item = TypeVar('Item')

_PAUSE = 0.2  # seconds between two drawings


class Progress:
    """Counts images on standard error, apart from the results of a tool.

    A terminal shows the count as it grows, a log its last state. Leaving the
    block ends the line, also for an error.

    Args:
        total: Number of images; None where it is not known.
        file: Where to write.
    """

    def __init__(
        self, total: int | None = None, *, file: TextIO | None = None
    ) -> None:
        self.total = total
        self.file = sys.stderr if file is None else file
        self.count = 0
        self.start = self.drawn = time.monotonic()

    def __enter__(self) -> 'Progress':
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.count:
            self._write(f' in {time.monotonic() - self.start:.0f} s', '\n')

    def step(self) -> None:
        """One more is done."""
        self.count += 1
        now = time.monotonic()
        if now - self.drawn < _PAUSE or not self.file.isatty():
            return
        self.drawn = now
        left = ''
        if self.total is not None:
            each = (now - self.start) / self.count
            left = f', {(self.total - self.count) * each:.0f} s left'
        self._write(left)

    def over(self, items: Iterable[Item]) -> Iterator[Item]:
        """Items one after another, each a step once it is dealt with."""
        for item in items:
            yield item
            self.step()

    def _write(self, more: str, end: str = '') -> None:
        of = '' if self.total is None else f'/{self.total}'
        line = f'{self.count}{of} images{more}'
        if self.file.isatty():  # over what stands there
            line = f'\r{line:40}'
        self.file.write(line + end)
        self.file.flush()


def duration(seconds: float) -> str:
    """A time as people say it: ``'12 s'``, ``'4 min 10 s'``, ``'3 h 12 min'``.

    Args:
        seconds: Seconds, >= 0.
    """
    whole = round(seconds)
    for unit, size, less, part in (
        ('d', 86400, 'h', 3600),
        ('h', 3600, 'min', 60),
        ('min', 60, 's', 1),
    ):
        if whole >= size:
            return f'{whole // size} {unit} {whole % size // part} {less}'
    return f'{whole} s'
