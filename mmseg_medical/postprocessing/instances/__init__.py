"""From the maps of a network to instances, on arrays, without torch."""

from mmseg_medical.postprocessing.instances.decoder import (
    Decoder,
    Instances,
    build_decoder,
)
from mmseg_medical.postprocessing.instances.flow import FlowDecoder
from mmseg_medical.postprocessing.instances.hv import HVDecoder
from mmseg_medical.postprocessing.instances.seeds import SeedDecoder
from mmseg_medical.postprocessing.instances.star import StarDecoder
from mmseg_medical.postprocessing.instances.tiles import (
    Tile,
    TileDecoder,
    merge_tiles,
)
from mmseg_medical.postprocessing.instances.types import instance_types

__all__ = [
    'Decoder',
    'FlowDecoder',
    'HVDecoder',
    'Instances',
    'SeedDecoder',
    'StarDecoder',
    'Tile',
    'TileDecoder',
    'build_decoder',
    'instance_types',
    'merge_tiles',
]
