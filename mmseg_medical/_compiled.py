"""Loops that numba compiles where it is installed, and numpy replaces.

The package stays pure Python: every compiled loop names the numpy function
that gives the same result without numba.
"""

import functools
from collections.abc import Callable
from typing import Any


def compiled(fallback: Callable[..., Any]) -> Callable[..., Any]:
    """Compile the decorated loop on its first call, or call ``fallback``.

    The first call pays the import of numba (about half a second) and, once
    per machine, the compilation; later processes load it from the cache.

    Args:
        fallback: Function of the same arguments and the same result in plain
            numpy, kept as the attribute ``fallback`` so that tests can
            compare both.

    Example:
        >>> def _total(x):
        ...     return x.sum()
        >>> @compiled(_total)
        ... def total(x):
        ...     s = 0
        ...     for v in x:
        ...         s += v
        ...     return s
    """

    def decorate(loop: Callable[..., Any]) -> Callable[..., Any]:
        chosen: Callable[..., Any] | None = None

        @functools.wraps(loop)
        def call(*args: Any) -> Any:
            nonlocal chosen
            if chosen is None:
                chosen = _njit(loop) or fallback
            return chosen(*args)

        call.fallback = fallback  # type: ignore[attr-defined]
        return call

    return decorate


def _njit(loop: Callable[..., Any]) -> Callable[..., Any] | None:
    """The compiled loop, or None where numba is missing or switched off."""
    try:
        import numba
    except ImportError:  # not installed, or built for another numpy
        return None
    if numba.config.DISABLE_JIT:
        return None
    try:
        return numba.njit(loop, cache=True, nogil=True)
    except RuntimeError:  # neither the package nor the home can be written
        return numba.njit(loop, nogil=True)
