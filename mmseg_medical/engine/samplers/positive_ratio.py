"""As many images with foreground as a ratio says."""

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

from mmseg.registry import DATA_SAMPLERS

from mmseg_medical.datasets.present import classes_present, place_of
from mmseg_medical.engine.samplers.decks import DeckSampler
from mmseg_medical.errors import InputError

ROUND = 64  # samples


@DATA_SAMPLERS.register_module()
class PositiveRatioSampler(DeckSampler):
    """Let a share of the samples have foreground.

    Of each 64 samples as many are positive as the ratio says, in random
    order. Positives and negatives are dealt from a deck each: while all
    positives come once, ``(1 - ratio) / ratio`` times as many negatives come,
    others each time until all have come, as the first place of SIIM-ACR
    trained.

    Args:
        dataset: Data set to sample from.
        ratio: Share of positives in [0, 1], or that of the first and of the
            last sample, between which it is linear, as the fourth place of
            SIIM-ACR trained.
        end: Iteration from which a ratio that changes is the last; None is
            the end of the training. It needs :class:`ResumableTrainLoop`.
        kwargs: Arguments of :class:`DeckSampler`.

    Raises:
        InputError: If a ratio is not within [0, 1], the data have no
            positives or no negatives for it, or a mask cannot be read.

    Example:
        >>> train_dataloader = dict(
        ...     sampler=dict(type='PositiveRatioSampler', ratio=(0.8, 0.22))
        ... )
    """

    def __init__(
        self,
        dataset: Any,
        ratio: float | Sequence[float] = 0.5,
        *,
        end: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(dataset, **kwargs)
        ends = [ratio] if isinstance(ratio, (int, float)) else list(ratio)
        if len(ends) not in (1, 2) or not all(0 <= r <= 1 for r in ends):
            raise InputError(
                f'PositiveRatioSampler: ratio is {ratio!r}, expected a number '
                'in [0, 1], or two of them: the first and the last'
            )
        if end is not None and end < 1:
            raise InputError(
                f'PositiveRatioSampler: end is {end}, expected 1 or more '
                'iterations'
            )
        self.first, self.last = float(ends[0]), float(ends[-1])
        self.end = end
        self.samples: int | None = None  # until the last ratio
        present = classes_present(dataset)
        self.decks = {
            'positive': [k for k, names in enumerate(present) if names],
            'negative': [k for k, names in enumerate(present) if not names],
        }
        self._check(place_of(dataset))

    def _check(self, place: str) -> None:
        highest = max(self.first, self.last)
        lowest = min(self.first, self.last)
        for name, needed, share in (
            ('positive', highest > 0, f'{highest:g} of the samples'),
            ('negative', lowest < 1, f'{1 - lowest:g} of the samples'),
        ):
            if needed and not self.decks[name]:
                raise InputError(
                    f'{place}: 0 of {self.size} images are {name}, and '
                    f'PositiveRatioSampler wants {share} to be; look at '
                    'split and fold, or leave train_dataloader.sampler as '
                    'InfiniteSampler'
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
        """Share of positives around the n-th sample of the run.

        Raises:
            InputError: If the ratio changes and the loop does not say how
                long the run is.
        """
        if self.first == self.last:
            return self.first
        if self.samples is None:
            raise InputError(
                'PositiveRatioSampler: a ratio that changes needs '
                "train_cfg.type='ResumableTrainLoop'"
            )
        done = min(number / self.samples, 1)
        return self.first + (self.last - self.first) * done

    def turns(self) -> Iterator[str]:
        wanted = 0.0  # positives until the end of a round
        for k in itertools.count():
            before = round(wanted)
            wanted += ROUND * self.ratio_at((k + 0.5) * ROUND)
            positives = round(wanted) - before
            order = self.generator(0, k).permutation(ROUND)
            yield from (
                'negative' if n >= positives else 'positive' for n in order
            )
