"""Nuclei from directions to their centres, as Cellpose finds them."""

import cv2
import numpy as np

from mmseg_medical.postprocessing._planes import Mask, components
from mmseg_medical.postprocessing.instances.decoder import (
    Decoder,
    Floats,
    Instances,
    IntArray,
)

SEVERAL, COLUMNS = 2**20, 2**10  # points at once, and in a row of them


class FlowDecoder(Decoder):
    """Instances of a head ``flow``; see :func:`flow_labels`.

    Args:
        mask_thr: Probability above which a pixel belongs to a nucleus.
        steps: Pixels that a pixel goes at most; half of the greatest diameter
            or more.
        reach: Pixels within which the ends of two ways are of one nucleus.
        min_size: Pixels of the smallest nucleus.

    Example:
        >>> test_cfg = dict(instances=dict(type='FlowDecoder', steps=60))
    """

    map_name = 'flow'

    def __init__(
        self,
        *,
        mask_thr: float = 0.5,
        steps: int = 60,
        reach: int = 2,
        min_size: int = 10,
    ) -> None:
        self.mask_thr = mask_thr
        self.steps = steps
        self.reach = reach
        self.min_size = min_size

    def __call__(
        self, prob: Floats, probs: Floats, values: Floats | None
    ) -> Instances:
        assert values is not None
        labels = flow_labels(
            prob > self.mask_thr, values, steps=self.steps, reach=self.reach
        )
        return Instances.of(labels, prob, self.min_size)


def flow_labels(
    mask: Mask, flow: Floats, *, steps: int = 60, reach: int = 2
) -> IntArray:
    """Label pixels by where they get to when they follow a flow.

    All pixels of the mask take steps of one pixel, or shorter ones where the
    flow is not of length one; ends that lie together are of one nucleus.

    Args:
        mask: (H, W) bool.
        flow: (2, H, W) horizontal and vertical direction.
        steps: As :class:`FlowDecoder`.
        reach: As :class:`FlowDecoder`.

    Returns:
        (H, W) labels from 1 on, 0 in the background.

    Reference: Stringer et al., Nature Methods 18 (2021)
    """
    labels = np.zeros(mask.shape, np.int32)
    starts = np.argwhere(mask)[:, ::-1].astype(np.float32)
    if not len(starts):
        return labels
    # Outside of the mask there is no flow, so that no way leads over a gap.
    field = np.ascontiguousarray(np.where(mask, flow, 0), np.float32)
    ends = [
        _follow(field, starts[k : k + SEVERAL], steps)
        for k in range(0, len(starts), SEVERAL)
    ]
    columns, rows = np.round(np.concatenate(ends)).astype(np.int64).T
    counts = np.zeros(mask.shape, np.float32)
    np.add.at(counts, (rows, columns), 1)
    labels[mask] = _clusters(counts, reach)[rows, columns]
    return labels


def _follow(field: Floats, starts: Floats, steps: int) -> Floats:
    """Where points (n, 2), as (x, y), get to in a field (2, H, W)."""
    limits = np.array(field.shape[:0:-1], np.float32) - 1
    # OpenCV takes points as an image, whose sides have a limit.
    side = -(-len(starts) // COLUMNS)
    ends = np.resize(starts, (side, COLUMNS, 2))
    for _ in range(steps):
        at = ends[..., 0], ends[..., 1]
        step = [cv2.remap(x, *at, cv2.INTER_LINEAR) for x in field]
        ends = np.clip(ends + np.stack(step, 2), 0, limits)
    return ends.reshape(-1, 2)[: len(starts)]


def _clusters(counts: Floats, reach: int) -> IntArray:
    """Label places of many ends, and what lies around each."""
    side = 2 * reach + 1
    near = cv2.blur(counts, (side, side), borderType=cv2.BORDER_CONSTANT)
    window = np.ones((side, side), np.uint8)
    tops = (near == cv2.dilate(near, window)) & (near > 0)
    centres = cv2.dilate(tops.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    labels, _, _ = components(centres, 8)
    # The rest goes to the nearest centre.
    _, owner = cv2.distanceTransformWithLabels(
        (labels == 0).astype(np.uint8),
        cv2.DIST_L2,
        cv2.DIST_MASK_5,
        labelType=cv2.DIST_LABEL_PIXEL,
    )
    lookup = np.zeros(owner.max() + 1, np.int32)
    lookup[owner[labels > 0]] = labels[labels > 0]
    return lookup[owner]
