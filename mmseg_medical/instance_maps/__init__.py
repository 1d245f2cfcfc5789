"""Targets from maps of instances, whose sizes are (H, W) and ids from 1 on."""

from mmseg_medical.instance_maps.borders import border_pixels, touching_pixels
from mmseg_medical.instance_maps.distance import distance_map
from mmseg_medical.instance_maps.flow import flow_map
from mmseg_medical.instance_maps.hv import hv_map
from mmseg_medical.instance_maps.rays import ray_map

__all__ = [
    'border_pixels',
    'distance_map',
    'flow_map',
    'hv_map',
    'ray_map',
    'touching_pixels',
]
