"""Models: one segmentor for every task, its networks, heads and losses."""

from mmseg_medical.models import (
    backbones,
    decode_heads,
    image_heads,
    losses,
    map_heads,
    map_losses,
    segmentors,
)

__all__ = [
    'backbones',
    'decode_heads',
    'image_heads',
    'losses',
    'map_heads',
    'map_losses',
    'segmentors',
]
