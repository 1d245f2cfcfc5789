"""As many images with pseudo labels as a ratio says."""

from collections.abc import Iterator
from typing import Any

from mmseg.registry import DATA_SAMPLERS

from mmseg_medical.datasets.present import located
from mmseg_medical.engine.samplers.ratio import RatioSampler


@DATA_SAMPLERS.register_module()
class PseudoRatioSampler(RatioSampler):
    """Let a share of the samples have pseudo labels.

    Of each 64 samples as many are of data sets with ``pseudo_labels`` as the
    ratio says, in random order, whatever the numbers of images.

    Args:
        dataset: ``ConcatDataset`` of data sets with and without pseudo labels.
        ratio: Share of pseudo labels in [0, 1], or that of the first and of
            the last sample, between which it is linear.
        end: As of :class:`PositiveRatioSampler`.
        kwargs: Arguments of :class:`DeckSampler`.

    Raises:
        InputError: If a ratio is not within [0, 1], or there are no images
            with, or none without, pseudo labels for it.

    Example:
        >>> train_dataloader = dict(
        ...     sampler=dict(type='PseudoRatioSampler', ratio=0.3)
        ... )
    """

    first_deck = 'pseudo-labelled'
    second_deck = 'labelled'
    cure = (
        'train on a ConcatDataset of a data set with pseudo_labels and one '
        'without'
    )

    def of_first_deck(self, dataset: Any) -> Iterator[bool]:
        for leaf, _ in located(dataset):
            yield getattr(leaf, 'pseudo_labels', None) is not None
