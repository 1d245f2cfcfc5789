"""Two decks of samples in a ratio that may change over the run."""

import itertools
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from mmseg_medical.datasets.present import place_of
from mmseg_medical.engine.samplers.decks import DeckSampler
from mmseg_medical.errors import InputError

ROUND = 64  # samples


class RatioSampler(DeckSampler):
    """Base of samplers that deal a share of the samples from a deck.

    Of each 64 samples as many are of the first deck as the ratio says, in
    random order; the others are of the second.

    Args:
        dataset: Data set to sample from.
        ratio: Share of the first deck in [0, 1], or that of the first and of
            the last sample, between which it is linear.
        end: Iteration from which a ratio that changes is the last; None is
            the end of the training. It needs :class:`ResumableTrainLoop`.
        kwargs: Arguments of :class:`DeckSampler`.

    Raises:
        InputError: If a ratio is not within [0, 1], or a deck is empty that
            is to be dealt from.
    """

    # Names of the first and the second deck.
    first_deck: str
    second_deck: str
    # What to look at where a deck is empty.
    cure: str

    def __init__(
        self,
        dataset: Any,
        ratio: float | Sequence[float] = 0.5,
        *,
        end: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(dataset, **kwargs)
        name = type(self).__name__
        ends = [ratio] if isinstance(ratio, (int, float)) else list(ratio)
        if len(ends) not in (1, 2) or not all(0 <= r <= 1 for r in ends):
            raise InputError(
                f'{name}: ratio is {ratio!r}, expected a number in [0, 1], or '
                'two of them: the first and the last'
            )
        if end is not None and end < 1:
            raise InputError(
                f'{name}: end is {end}, expected 1 or more iterations'
            )
        self.first, self.last = float(ends[0]), float(ends[-1])
        self.end = end
        self.samples: int | None = None  # until the last ratio
        of_first = list(self.of_first_deck(dataset))
        self.decks = {
            self.first_deck: [k for k, yes in enumerate(of_first) if yes],
            self.second_deck: [k for k, yes in enumerate(of_first) if not yes],
        }
        self._check(place_of(dataset))

    @abstractmethod
    def of_first_deck(self, dataset: Any) -> Iterable[bool]:
        """Whether each sample is of the first deck."""

    def _check(self, place: str) -> None:
        highest = max(self.first, self.last)
        lowest = min(self.first, self.last)
        for name, needed, share in (
            (self.first_deck, highest > 0, f'{highest:g} of the samples'),
            (self.second_deck, lowest < 1, f'{1 - lowest:g} of the samples'),
        ):
            if needed and not self.decks[name]:
                raise InputError(
                    f'{place}: 0 of {self.size} images are {name}, and '
                    f'{type(self).__name__} wants {share} to be; {self.cure}, '
                    'or leave train_dataloader.sampler as InfiniteSampler'
                )

    def start_run(self, batch_size: int, max_iters: int) -> None:
        """Learn how many samples a run has.

        Args:
            batch_size: Samples of an iteration on each process.
            max_iters: Iterations of the run.
        """
        iterations = max_iters if self.end is None else self.end
        self.samples = iterations * batch_size * self.world_size

    def ratio_at(self, number: float) -> float:
        """Share of the first deck around the n-th sample of the run.

        Raises:
            InputError: If the ratio changes and the loop does not say how
                long the run is.
        """
        if self.first == self.last:
            return self.first
        if self.samples is None:
            raise InputError(
                f'{type(self).__name__}: a ratio that changes needs '
                "train_cfg.type='ResumableTrainLoop'"
            )
        done = min(number / self.samples, 1)
        return self.first + (self.last - self.first) * done

    def turns(self) -> Iterator[str]:
        wanted = 0.0  # of the first deck until the end of a round
        for k in itertools.count():
            before = round(wanted)
            wanted += ROUND * self.ratio_at((k + 0.5) * ROUND)
            count = round(wanted) - before
            order = self.generator(0, k).permutation(ROUND)
            yield from (
                self.first_deck if n < count else self.second_deck
                for n in order
            )
