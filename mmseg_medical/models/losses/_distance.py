"""Distances to the boundary of regions, for the losses that need them."""

import numpy as np
import torch
from scipy.ndimage import distance_transform_edt
from torch import Tensor

from mmseg_medical.models.losses._channels import Channels


def distances(region: Tensor, channels: Channels) -> tuple[Tensor, Tensor]:
    """Euclidean distances, in pixels, between the two sides of a boundary.

    Pixels to be ignored are on neither side; a region that ends at them has
    no boundary there.

    Args:
        region: (N, K, H, W) bool.
        channels: Say which pixels count.

    Returns:
        Outside the distance to the nearest pixel of the region, and inside
        that to the nearest pixel beyond it; (N, K, H, W) each and 0 on the
        other side, both 0 where there are no two sides.
    """
    counts = channels.weight > 0
    return (
        _distance_to(region & counts).to(channels.logits),
        _distance_to(~region & counts).to(channels.logits),
    )


def _distance_to(region: Tensor) -> Tensor:
    """Distance of each pixel to a region, 0 where there is none."""
    masks = region.cpu().numpy()
    result = np.zeros(masks.shape)
    for index in np.ndindex(masks.shape[:2]):
        if masks[index].any():
            result[index] = distance_transform_edt(~masks[index])
    return torch.from_numpy(result)
