"""Time a job and its peers by turns, so that both see the same machine."""

import ctypes
import os
import platform
import re
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

import torch

Call = Callable[[], object]

RESULTS = Path(__file__).parent / 'RESULTS.md'
ROUNDS = 9
SECONDS = 25.0  # per job, after the first three rounds


@dataclass
class Job:
    """Work that is done by this package and by others.

    Attributes:
        name: What is done.
        ours: Does it once.
        peers: Do the same, by name.
        goal: Ratio of the fastest peer to ours that is aimed at.
        memory: Compare the peak of memory instead of the time.
        floor: Name of a peer that alone counts for the ratio.
    """

    name: str
    ours: Call
    peers: dict[str, Call]
    goal: float
    memory: bool = False
    floor: str | None = None
    results: dict[str, float] = field(default_factory=dict)

    def run(self) -> None:
        """Measure all by turns; the medians go to ``results``."""
        calls = {'ours': self.ours, **self.peers}
        if self.memory:
            self.results = {n: peak_memory(c) for n, c in calls.items()}
            return
        for call in calls.values():  # imports, caches, compilation
            call()
        repeats = {n: int(0.05 / _seconds(c, 1)) + 1 for n, c in calls.items()}
        times: dict[str, list[float]] = {name: [] for name in calls}
        begin = time.perf_counter()
        for turn in range(ROUNDS):
            if turn >= 3 and time.perf_counter() - begin > SECONDS:
                break
            for name, call in calls.items():
                times[name].append(1e3 * _seconds(call, repeats[name]))
        self.results = {n: statistics.median(t) for n, t in times.items()}

    @property
    def best_peer(self) -> str:
        """Name of the peer that counts."""
        return self.floor or min(self.peers, key=lambda n: self.results[n])

    @property
    def ratio(self) -> float:
        """How many times the peer needs what we need."""
        return self.results[self.best_peer] / max(self.results['ours'], 1e-3)

    def row(self) -> str:
        """Row of the table in RESULTS.md."""
        unit = 'MB' if self.memory else 'ms'
        others = ', '.join(
            f'{name} {plain(value, 3)}'
            for name, value in self.results.items()
            if name not in ('ours', self.best_peer)
        )
        return (
            f'| {self.name} | {plain(self.results["ours"], 3)} {unit} '
            f'| {self.best_peer} '
            f'| {plain(self.results[self.best_peer], 3)} {unit} '
            f'| {plain(self.ratio, 2)} | {self.goal:g} '
            f'| {"met" if self.ratio >= self.goal else "**not met**"} '
            f'| {others or "–"} |'
        )


HEADER = (
    '| job | ours | peer | peer needs | ratio | goal | | others |\n'
    '|---|---|---|---|---|---|---|---|'
)


def plain(value: float, digits: int) -> str:
    """A number with so many digits, without an exponent."""
    return f'{float(f"{value:.{digits}g}"):g}'


def publish(text: str) -> None:
    """Replace a part of RESULTS.md, a heading and its sections.

    Other parts stay as they are, as do sections of this one that are not in
    ``text``: they are of another run.
    """
    found = RESULTS.read_text() if RESULTS.exists() else ''
    parts = _sections(found, '# ')
    for title, part in _sections(text, '# ').items():
        old = _sections(parts.get(title, ''), '## ')
        new = _sections(part, '## ')
        parts[title] = '\n'.join((old | new).values())
    RESULTS.write_text('\n'.join(parts.values()))


def _sections(text: str, mark: str) -> dict[str, str]:
    """Split a text before each of its headings, which are the keys."""
    found = re.split(f'^(?={mark})', text, flags=re.MULTILINE)
    return {x.split('\n')[0]: f'{x.strip()}\n' for x in found if x.strip()}


def _seconds(call: Call, repeats: int) -> float:
    """CPU time of a call, the mean of so many in a row."""
    start = time.process_time()
    for _ in range(repeats):
        call()
    return (time.process_time() - start) / repeats


def peak_memory(call: Call) -> float:
    """MB that a call adds to the process at its peak (Linux with glibc)."""
    call()  # what stays is no cost of a call
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        torch.set_num_threads(1)  # threads do not survive a fork
        ctypes.CDLL(None).malloc_trim(0)
        before = _status('VmRSS')
        with open('/proc/self/clear_refs', 'w') as file:
            file.write('5')  # forget the peak so far
        call()
        os.write(writing, str(_status('VmHWM') - before).encode())
        os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    with os.fdopen(reading) as file:
        return float(file.read()) / 1e3


def _status(key: str) -> int:
    """A size of this process in kB."""
    with open('/proc/self/status') as file:
        for line in file:
            if line.startswith(f'{key}:'):
                return int(line.split()[1])
    raise KeyError(key)


def machine() -> str:
    """One line on processor and system."""
    model = platform.processor() or platform.machine()
    try:
        with open('/proc/cpuinfo') as file:
            names = [x for x in file if x.startswith('model name')]
        model = names[0].split(':')[1].strip() if names else model
    except OSError:
        pass
    return (
        f'{model}, {os.cpu_count()} cores, {platform.system()}, Python '
        f'{platform.python_version()}; CPU time of one thread, medians'
    )


def versions(names: list[str]) -> str:
    """Versions of distributions that are installed."""
    found = []
    for name in names:
        try:
            found.append(f'{name} {metadata.version(name)}')
        except metadata.PackageNotFoundError:
            found.append(f'{name} –')
    return ', '.join(found)
