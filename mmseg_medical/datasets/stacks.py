"""Neighbouring slices of a volume, as the channels of one image."""

from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar('Item')


def neighbours(
    volume: Sequence[Item], at: int, *, num: int = 1, stride: int = 1
) -> list[Item]:
    """A slice with those around it; beyond an end the last one stands in.

    Args:
        volume: Slices in their order.
        at: Index of the slice in the middle.
        num: Odd number of slices.
        stride: Distance between them.

    Returns:
        ``num`` slices.
    """
    reach = num // 2 * stride
    places = range(at - reach, at + reach + 1, stride)
    return [volume[min(max(k, 0), len(volume) - 1)] for k in places]
