"""Cases, classes, organs or sources in equal shares."""

import itertools
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from mmseg.registry import DATA_SAMPLERS

from mmseg_medical.datasets.present import (
    classes_present,
    located,
    place_of,
)
from mmseg_medical.engine.samplers.decks import DeckSampler
from mmseg_medical.errors import InputError

EMPTY = 'empty'


@DATA_SAMPLERS.register_module()
class BalancedSampler(DeckSampler):
    """Let each case, class or value of a key come equally often.

    In each round every value has one turn, in random order; within a value
    its samples take turns.

    Args:
        dataset: Data set to sample from.
        by: ``'group'``: the key that the data set names as its group, as
            cases or patients; ``'classes'``: the classes of the mask, each
            with the images that have it, and those without any as one more;
            else a key of the samples, as ``'organ'`` or ``'data_source'``.
        kwargs: Arguments of :class:`DeckSampler`.

    Raises:
        InputError: If the data set names no group, samples have no such key,
            or a mask cannot be read.

    Example:
        >>> train_dataloader = dict(
        ...     sampler=dict(type='BalancedSampler', by='organ')
        ... )
    """

    def __init__(self, dataset: Any, by: str = 'group', **kwargs: Any) -> None:
        super().__init__(dataset, **kwargs)
        decks: dict[str, list[int]] = defaultdict(list)
        if by == 'classes':
            for k, names in enumerate(classes_present(dataset)):
                for name in names or (EMPTY,):
                    decks[name].append(k)
        else:
            for k, value in enumerate(_values(dataset, by)):
                decks[value].append(k)
        self.decks = dict(sorted(decks.items()))

    def turns(self) -> Iterator[str]:
        names = list(self.decks)
        for k in itertools.count():
            order = self.generator(0, k).permutation(len(names))
            yield from (names[n] for n in order)


def _values(dataset: Any, by: str) -> Iterator[str]:
    """Value of each sample, told apart by data set where it is a group."""
    for leaf, k in located(dataset):
        sample = leaf.get_data_info(k)
        key = getattr(leaf, 'group', '') if by == 'group' else by
        if not key:
            raise InputError(
                f'{place_of(leaf)}: the data set has no group; give the key '
                "of the samples to balance, as BalancedSampler(by='organ')"
            )
        if key not in sample:
            known = sorted(
                name
                for name, value in sample.items()
                if isinstance(value, (str, int, float))
            )
            raise InputError(
                f'{place_of(leaf)}: {sample.get("img_id", k)} has no '
                f'{key!r} to balance by; it has {", ".join(known)}'
            )
        value = str(sample[key])
        yield f'{leaf.data_root} {value}' if by == 'group' else value
