"""As many images with foreground as a ratio says."""

from collections.abc import Iterator
from typing import Any

from mmseg.registry import DATA_SAMPLERS

from mmseg_medical.datasets.present import classes_present
from mmseg_medical.engine.samplers.ratio import RatioSampler


@DATA_SAMPLERS.register_module()
class PositiveRatioSampler(RatioSampler):
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

    first_deck = 'positive'
    second_deck = 'negative'
    cure = 'look at split and fold'

    def of_first_deck(self, dataset: Any) -> Iterator[bool]:
        yield from map(bool, classes_present(dataset))
