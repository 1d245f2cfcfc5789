"""Training that goes on after a stop as if there had been none."""

import itertools
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from mmengine.dist import get_rank
from mmengine.runner import IterBasedTrainLoop
from mmseg.registry import LOOPS
from torch.utils.data import BatchSampler, DataLoader, Dataset

from mmseg_medical.errors import InputError

Place = tuple[int, int]  # number of a sample in the run, index of its data


def seed_all(*key: int) -> None:
    """Seed Python, numpy and torch from a few numbers >= 0."""
    state = np.random.SeedSequence(key).generate_state(3)
    random.seed(int(state[0]))
    np.random.seed(int(state[1]))
    torch.manual_seed(int(state[2]))


@contextmanager
def draws_kept() -> Iterator[None]:
    """Let what is drawn in this context change no draw after it."""
    states = random.getstate(), np.random.get_state()
    gpus = [torch.cuda.current_device()] if torch.cuda.is_available() else []
    try:
        with torch.random.fork_rng(gpus):
            yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])


class _SeededDataset(Dataset[Any]):
    """Data set whose n-th sample of the run has its own seed.

    The draws of a sample then depend on nothing but its number: not on the
    worker that loads it, nor on what was loaded before.
    """

    def __init__(self, dataset: Any, *seed: int) -> None:
        self.dataset = dataset
        self.seed = seed

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, place: Place) -> Any:
        number, index = place
        seed_all(*self.seed, 0, number)
        return self.dataset[index]


class _NumberedBatches:
    """Batches of a sampler from one on, with the number of each sample."""

    def __init__(self, batches: BatchSampler) -> None:
        self.batches = batches
        self.sampler = batches.sampler
        self.start = 0
        self.stop: int | None = None

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[list[Place]]:
        number = 0
        for k, batch in enumerate(self._endless()):
            if k == self.stop:
                return
            if k >= self.start:
                yield list(enumerate(batch, number))
            number += len(batch)

    def _endless(self) -> Iterator[list[int]]:
        for epoch in itertools.count():
            if hasattr(self.sampler, 'set_epoch'):
                self.sampler.set_epoch(epoch)
            empty = True
            for batch in self.batches:
                empty = False
                yield batch
            if empty:
                raise InputError(
                    f'the sampler gives no batch of {self.batches.batch_size} '
                    'images; lower train_dataloader.batch_size, or look at '
                    'its data set and sampler'
                )


class SeededLoader:
    """Batches of a data loader from any iteration on.

    Iterating it does not end by itself. Going to an iteration walks through
    indices, not through data.

    Args:
        loader: Data loader over a map-style data set.
        seed: Seed of the run.

    Attributes:
        dataset, sampler, batch_sampler: As of ``loader``.
    """

    def __init__(self, loader: DataLoader[Any], seed: int) -> None:
        self.dataset = loader.dataset
        self.sampler = loader.sampler
        self.batch_sampler = loader.batch_sampler
        self.batch_size = loader.batch_size
        self.num_workers = loader.num_workers
        self.collate_fn = loader.collate_fn
        self._batches = _NumberedBatches(loader.batch_sampler)
        options: dict[str, Any] = {}
        if loader.num_workers:
            options = dict(
                persistent_workers=loader.persistent_workers,
                prefetch_factor=loader.prefetch_factor,
                worker_init_fn=loader.worker_init_fn,
                multiprocessing_context=loader.multiprocessing_context,
            )
        self._loader = DataLoader(
            _SeededDataset(loader.dataset, seed, get_rank()),
            batch_sampler=self._batches,
            num_workers=loader.num_workers,
            collate_fn=loader.collate_fn,
            pin_memory=loader.pin_memory,
            timeout=loader.timeout,
            **options,
        )

    def __len__(self) -> int:
        return len(self.batch_sampler)

    def start_at(self, iteration: int, stop: int | None = None) -> None:
        """Let the next iterator begin with this batch of the run.

        Args:
            iteration: Number of the batch, >= 0.
            stop: Number of the batch before which it ends; None for never.
        """
        self._batches.start = iteration
        self._batches.stop = stop

    def __iter__(self) -> Iterator[Any]:
        yield from self._loader


def seeded_loader(
    loader: DataLoader[Any], seed: int, max_iters: int
) -> SeededLoader:
    """The batches of a run.

    Args:
        loader: Data loader over a map-style data set.
        seed: Seed of the run.
        max_iters: Its length, for samplers that change on its way.
    """
    if hasattr(loader.sampler, 'start_run'):
        loader.sampler.start_run(loader.batch_size, max_iters)
    return SeededLoader(loader, seed)


@LOOPS.register_module()
class ResumableTrainLoop(IterBasedTrainLoop):
    """Iteration-based training with the same draws after a resume.

    mmengine loads and throws away all batches up to the iteration it resumes
    at, which looks like a hang, and then draws other augmentations. Here the
    sampler is moved on, and each sample and each iteration has a seed of its
    own: a run that was killed and resumed has the same losses as one that was
    not. Arguments as of :class:`mmengine.runner.IterBasedTrainLoop`.

    Example:
        >>> train_cfg = dict(
        ...     type='ResumableTrainLoop', max_iters=40000, val_interval=1000
        ... )
    """

    def __init__(
        self,
        runner: Any,
        dataloader: Any,
        max_iters: int,
        val_begin: int = 1,
        val_interval: int = 1000,
        dynamic_intervals: list[tuple[int, int]] | None = None,
    ) -> None:
        self._source = dataloader
        self._seed = runner.seed
        self._length = max_iters
        super().__init__(
            runner,
            self._seeded(runner, dataloader),
            max_iters,
            val_begin,
            val_interval,
            dynamic_intervals,
        )

    def _seeded(self, runner: Any, dataloader: Any) -> SeededLoader:
        if isinstance(dataloader, dict):
            dataloader = runner.build_dataloader(dataloader, runner.seed)
        return seeded_loader(dataloader, runner.seed, self._length)

    def run(self) -> Any:
        """Train from the current iteration to the last."""
        runner = self.runner
        if runner.seed != self._seed:  # a resumed run takes its old seed
            self._seed = runner.seed
            self.dataloader = self._seeded(runner, self._source)
        self.dataloader.start_at(self._iter)
        batches = iter(self.dataloader)
        runner.model.train()
        runner.call_hook('before_train')
        # The whole training counts as one epoch.
        runner.call_hook('before_train_epoch')
        if self._iter and self._validates():
            # The stop may have come between a checkpoint and its validation.
            runner.val_loop.run()
        while self._iter < self._max_iters and not self.stop_training:
            runner.model.train()
            data_batch = next(batches)
            seed_all(self._seed, get_rank(), 1, self._iter)
            self.run_iter(data_batch)
            self._decide_current_val_interval()
            if self._validates():
                runner.val_loop.run()
        runner.call_hook('after_train_epoch')
        runner.call_hook('after_train')
        return runner.model

    def _validates(self) -> bool:
        return (
            self.runner.val_loop is not None
            and self._iter >= self.val_begin
            and (
                self._iter % self.val_interval == 0
                or self._iter == self._max_iters
            )
        )
