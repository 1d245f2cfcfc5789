"""A line at the bottom of a terminal that stays out of the way of others."""

import atexit
import logging
import os
import sys
import time
from collections.abc import Sequence
from typing import Any, TextIO

_PAUSE = 0.2  # seconds between two drawings


class StatusLine:
    """A line at the bottom of a terminal that all other text goes above.

    While it is open, whoever writes to standard output or standard error
    takes the line away first, tracebacks included, and it comes back below a
    text that ends with its line. Where ``file`` is no terminal there is no
    such line.

    Args:
        file: Where to write.
    """

    def __init__(self, file: TextIO | None = None) -> None:
        self.file = sys.stderr if file is None else file
        self._text = ''
        self._width = 0  # of what stands there
        self._drawn = float('-inf')
        self._free = True  # nobody else has begun a line
        self._opened = False
        self._streams: dict[str, Any] = {}
        self._handlers: list[logging.StreamHandler[Any]] = []

    @property
    def due(self) -> bool:
        """Whether a new text would be drawn now."""
        return self._opened and time.monotonic() - self._drawn >= _PAUSE

    def open(self, handlers: Sequence[logging.Handler] = ()) -> None:
        """Begin.

        Args:
            handlers: Of a logger; those that write to the terminal go above
                the line as well.
        """
        if not self.file.isatty():
            return
        self._opened = True
        self._streams = {n: getattr(sys, n) for n in ('stdout', 'stderr')}
        for name, stream in self._streams.items():
            setattr(sys, name, _Above(stream, self))
            for handler in handlers:
                if getattr(handler, 'stream', None) is stream:
                    handler.setStream(getattr(sys, name))
                    self._handlers.append(handler)
        atexit.register(self.close)

    def close(self) -> None:
        """Take the line away, for good."""
        if not self._opened:
            return
        self._erase()
        self._opened = False
        for name, stream in self._streams.items():
            above = getattr(sys, name)
            for handler in self._handlers:
                if handler.stream is above:
                    handler.setStream(stream)
            if isinstance(above, _Above) and above.line is self:
                setattr(sys, name, stream)
        atexit.unregister(self.close)

    def show(self, text: str) -> None:
        """Draw another text, if the last one stood long enough.

        Args:
            text: Without control characters; what is too long is cut off.
        """
        if self.due:
            self._text = text
            self._draw()

    def _draw(self) -> None:
        if not (self._opened and self._free and self._text):
            return
        self._drawn = time.monotonic()
        text = self._text[: self._columns() - 1]
        self.file.write(f'\r{text:{self._width}}')
        self.file.flush()
        self._width = len(text)

    def _erase(self) -> None:
        if self._width:
            self.file.write(f'\r{"":{self._width}}\r')
            self.file.flush()
            self._width = 0

    def _columns(self) -> int:
        try:
            return os.get_terminal_size(self.file.fileno()).columns or 80
        except (OSError, ValueError):  # no real terminal
            return 80

    def _above(self, stream: TextIO, text: str) -> int:
        self._erase()
        count = stream.write(text)
        if text:
            self._free = text.endswith('\n')
        if self._opened and self._free:
            stream.flush()
            self._draw()
        return count


class _Above:
    """A stream whose text goes above a line."""

    def __init__(self, stream: TextIO, line: StatusLine) -> None:
        self._stream = stream
        self.line = line

    def write(self, text: str) -> int:
        return self.line._above(self._stream, text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
