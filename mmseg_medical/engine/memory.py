"""How much memory a training has taken, of how much there is."""

import os
from pathlib import Path
from typing import NamedTuple

import torch

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

_LIMIT = Path('/sys/fs/cgroup/memory.max')  # of a container


class Memory(NamedTuple):
    """Memory of the GPU, or of this process where there is none.

    Attributes:
        used: Most bytes until now; of the GPU with what torch holds ready.
        total: Bytes that there are.
        kind: Whose memory it is.
    """

    used: int
    total: int
    kind: str

    def __str__(self) -> str:
        used, total = (n / 2**30 for n in (self.used, self.total))
        return f'{used:.1f} of {total:.0f} GB {self.kind}'


def peak_memory() -> Memory | None:
    """The most that was taken until now; None where nobody can say."""
    if torch.cuda.is_available():
        total = torch.cuda.get_device_properties().total_memory
        return Memory(torch.cuda.max_memory_reserved(), total, 'GPU memory')
    if resource is None:
        return None
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    unit = 1 if os.uname().sysname == 'Darwin' else 1024
    total = os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE')
    limit = _LIMIT.read_text().strip() if _LIMIT.is_file() else 'max'
    if limit.isdigit():
        total = min(total, int(limit))
    return Memory(used * unit, total, 'memory, of this process alone')
