"""Endless samples from several decks, the same on any number of processes."""

import itertools
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from mmengine.dist import get_dist_info, sync_random_seed
from torch.utils.data import Sampler

from mmseg_medical.errors import InputError


class DeckSampler(Sampler[int]):
    """Base of samplers that deal samples from decks, as cards.

    A deck is shuffled, dealt to its end and shuffled anew, so that none of
    its samples comes again before all others have come. The n-th sample of a
    run depends on the seed and n alone: several processes take turns, a
    resumed run goes on where it was, and each iterator starts from the first.

    Args:
        dataset: Data set to sample from.
        seed: Seed of the run; None is one that all processes agree on.
        shuffle: Always True; configs inherit it from other samplers.
        round_up: Of no effect, as there is no end; inherited as well.

    Raises:
        InputError: If ``shuffle`` is False.
    """

    def __init__(
        self,
        dataset: Any,
        *,
        seed: int | None = None,
        shuffle: bool = True,
        round_up: bool = True,
    ) -> None:
        if not shuffle:
            raise InputError(
                f'{type(self).__name__} samples at random; leave out '
                'train_dataloader.sampler.shuffle=False, or take another '
                'sampler'
            )
        self.rank, self.world_size = get_dist_info()
        self.seed = sync_random_seed() if seed is None else seed
        self.size = len(dataset)
        self.decks: Mapping[str, Sequence[int]] = {}

    @abstractmethod
    def turns(self) -> Iterator[str]:
        """Names of the decks to deal from, without end."""

    def __len__(self) -> int:
        return self.size

    def __iter__(self) -> Iterator[int]:
        dealt = {
            name: self._dealt(deck, k)
            for k, (name, deck) in enumerate(self.decks.items())
        }
        samples = (next(dealt[name]) for name in self.turns())
        return itertools.islice(samples, self.rank, None, self.world_size)

    def _dealt(self, deck: Sequence[int], place: int) -> Iterator[int]:
        for time in itertools.count():
            order = self.generator(1, place, time).permutation(len(deck))
            yield from (deck[k] for k in order)

    def generator(self, *key: int) -> np.random.Generator:
        """Generator of the run that depends on a few numbers >= 0."""
        return np.random.default_rng([self.seed, *key])
