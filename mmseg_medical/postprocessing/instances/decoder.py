"""What all decoders share: their call, and the instances that they give."""

import difflib
import inspect
from abc import ABCMeta, abstractmethod
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mmseg_medical.errors import InputError
from mmseg_medical.postprocessing._planes import Mask, components

Floats = NDArray[np.float32]
IntArray = NDArray[np.int32]


class Instances(NamedTuple):
    """Instances of an image.

    Attributes:
        inst_map: (H, W) ids 1 to n, 0 in the background.
        scores: (n,) how sure each instance is, in [0, 1], by its id.
    """

    inst_map: IntArray
    scores: Floats

    @classmethod
    def of(
        cls, labels: IntArray, certainty: Floats, min_size: int = 1
    ) -> 'Instances':
        """Number labels anew, from 1 on, and take the mean of a map of each.

        Args:
            labels: (H, W) ids, 0 in the background; not all need to occur.
            certainty: (H, W) in [0, 1].
            min_size: Pixels below which a label is left out.
        """
        sizes = np.bincount(labels.ravel())
        kept = sizes >= max(min_size, 1)
        kept[0] = False
        ids = np.zeros(len(sizes), np.int32)
        ids[kept] = np.arange(1, kept.sum() + 1)
        sums = np.bincount(labels.ravel(), certainty.ravel(), len(sizes))
        scores = (sums[kept] / sizes[kept]).astype(np.float32)
        return cls(ids[labels], scores)


class Decoder(metaclass=ABCMeta):
    """Finds instances; a subclass names the map that it needs.

    Attributes:
        map_name: Head of ``model.map_heads``; empty where probabilities are
            enough.
    """

    map_name: str = ''

    @abstractmethod
    def __call__(
        self, prob: Floats, probs: Floats, values: Floats | None
    ) -> Instances:
        """Find the instances of an image.

        Args:
            prob: (H, W) probability of an instance.
            probs: (C, H, W) ``seg_probs``, of which it was taken.
            values: (K, H, W) map of the head; None without one.
        """


def without_small(
    mask: Mask, min_size: int, connectivity: int = 4
) -> IntArray:
    """Label the parts (H, W) of a mask, small ones left out."""
    labels, sizes, _ = components(mask, connectivity)
    if min_size > 1:
        labels[(sizes < min_size)[labels]] = 0
    return labels


def build_decoder(cfg: Mapping[str, Any]) -> Decoder:
    """A decoder from its config, ``type`` and arguments.

    Raises:
        InputError: If the type or an argument is unknown.
    """
    options = dict(cfg)
    kinds = {kind.__name__: kind for kind in Decoder.__subclasses__()}
    name = options.pop('type', None)
    if name not in kinds:
        near = difflib.get_close_matches(str(name), kinds, 1)
        raise InputError(
            f'model.test_cfg.instances.type is {name!r}, expected one of '
            f'{sorted(kinds)}{f"; did you mean {near[0]}?" if near else ""}'
        )
    known = inspect.signature(kinds[name]).parameters
    if unknown := options.keys() - known.keys():
        raise InputError(
            f'model.test_cfg.instances.{min(unknown)} is no setting of {name},'
            f' expected some of {", ".join(known)}'
        )
    return kinds[name](**options)
