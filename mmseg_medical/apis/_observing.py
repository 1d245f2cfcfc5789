"""Read many samples, in several processes where that is quicker."""

import itertools
import multiprocessing
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any

import cv2

from mmseg_medical.datasets.checks import Observation, SampleReader
from mmseg_medical.errors import InputError

_CHUNK = 4  # samples that a process takes at a time
_readers: Sequence[SampleReader] = ()

# Number of a part of the data set, and a sample of it.
Task = tuple[int, dict[str, Any]]


def observe(
    tasks: Iterable[Task],
    readers: Sequence[SampleReader],
    *,
    workers: int,
) -> Iterator[Observation]:
    """Look at samples.

    Each process holds one image at a time.

    Args:
        tasks: Parts and samples.
        readers: Reader of each part.
        workers: Number of processes; less than 2 read in this one.

    Yields:
        Observations in the order of the samples.

    Raises:
        InputError: If a process was killed.
    """
    global _readers
    _readers = readers
    if workers < 2 or 'fork' not in multiprocessing.get_all_start_methods():
        yield from map(_observe, tasks)
        return
    threads = cv2.getNumThreads()
    cv2.setNumThreads(0)  # threads do not live on in a fork
    context = multiprocessing.get_context('fork')
    left = iter(tasks)
    done = 0
    try:
        with ProcessPoolExecutor(workers, mp_context=context) as pool:
            # A few at a time: map() would queue all samples at once.
            while some := list(itertools.islice(left, _CHUNK * 16 * workers)):
                yield from pool.map(_observe, some, chunksize=_CHUNK)
                done += len(some)
    except BrokenProcessPool:
        raise InputError(
            f'a process was killed while it read sample {done + 1} or one of '
            f'the {len(some)} after it: out of memory, or a codec that '
            'crashed; --workers 0 reads them one after another'
        ) from None
    finally:
        cv2.setNumThreads(threads)


def _observe(task: Task) -> Observation:
    part, sample = task
    return _readers[part](sample)
