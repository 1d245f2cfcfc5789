"""Nuclei from their inner parts, which do not touch."""

import numpy as np

from mmseg_medical.errors import InputError
from mmseg_medical.postprocessing.instances.decoder import (
    Decoder,
    Floats,
    Instances,
    without_small,
)
from mmseg_medical.postprocessing.watershed import divide, flood


class SeedDecoder(Decoder):
    """Instances that grow from seeds.

    Seeds are the parts of the mask that lie deep in a nucleus, of a map
    ``distance``; or that are of the class of nuclei and not of their borders,
    of the probabilities; or, of one class alone, the places farthest from the
    background. They are flooded within the mask, from the deepest pixel on;
    parts of the mask without a seed are an instance each.

    Args:
        source: ``'distance'``, the map of that head; ``'border'``, the
            probabilities of a class of borders, the last one; or ``'mask'``.
        mask_thr: Probability above which a pixel belongs to a nucleus.
        seed_thr: Depth or probability above which it belongs to a seed.
        min_size: Pixels of the smallest nucleus.
        min_seed: Pixels of the smallest seed; of ``'mask'``, pixels between
            two seeds.

    Raises:
        InputError: If ``source`` is unknown.

    Example:
        >>> test_cfg = dict(
        ...     instances=dict(type='SeedDecoder', source='border')
        ... )
    """

    def __init__(
        self,
        source: str = 'distance',
        *,
        mask_thr: float = 0.5,
        seed_thr: float = 0.5,
        min_size: int = 10,
        min_seed: int = 5,
    ) -> None:
        if source not in ('distance', 'border', 'mask'):
            raise InputError(
                "source of SeedDecoder is 'distance', 'border' or 'mask', got "
                f'{source!r}'
            )
        self.source = source
        self.map_name = 'distance' if source == 'distance' else ''
        self.mask_thr = mask_thr
        self.seed_thr = seed_thr
        self.min_size = min_size
        self.min_seed = min_seed

    def __call__(
        self, prob: Floats, probs: Floats, values: Floats | None
    ) -> Instances:
        mask = prob > self.mask_thr
        if self.source == 'mask':
            labels = divide(mask, self.min_seed)
        else:
            depth = prob - probs[-1] if values is None else values[0]
            seeds = mask & (depth > self.seed_thr)
            markers = without_small(seeds, self.min_seed)
            labels = flood(-depth, markers, mask, connectivity=4)
        # What no seed was found in is an instance of its own.
        others = without_small(mask & (labels == 0), 1)
        labels = np.where(others > 0, others + labels.max(), labels)
        return Instances.of(labels, prob, self.min_size)
