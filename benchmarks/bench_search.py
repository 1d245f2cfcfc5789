"""Search of post-processing.

A map of 1024² with 8 bits, like that of a network (half of it above 0.01), at
100 thresholds and 10 least sizes of connected parts; every peer gets the same
Dice, and the counts are compared. One pass of OpenCV per threshold labels,
measures and counts the hits of each part; the usual loop labels the mask of
each of the 1,000 pairs, drops small parts by scipy's recipe and takes the
Dice, here of a single map.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from benchmarks.fields import field
from benchmarks.harness import Job
from mmseg_medical.evaluation.functional import dice
from mmseg_medical.postprocessing.sweep import sweep_sizes, sweep_triplets

THRESHOLDS = np.arange(100) / 100 + 0.005
SIZES = np.array([0, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096])
TOPS = np.arange(50, 100, 5) / 100

Scores = NDArray[np.float64]


def stored_map(size: int = 1024) -> tuple[NDArray[np.uint8], Any]:
    """Levels of probabilities (size, size), and the mask."""
    rng = np.random.default_rng(0)
    shape = (size, size)
    logit = 8 * field(rng, shape, 40) + 1.5 * field(rng, shape, 16) - 4
    probs = np.round(255 / (1 + np.exp(-logit)))
    return probs.astype(np.uint8), logit + 3 * field(rng, shape, 12) > 0


def ours(probs: NDArray[np.uint8], gt: Any) -> Scores:
    """Dice (thresholds, sizes) from one pass."""
    return dice(sweep_sizes(probs, gt, THRESHOLDS, SIZES).counts)


def by_opencv(probs: NDArray[np.uint8], gt: Any) -> Scores:
    """One pass of OpenCV per threshold."""
    counts = np.zeros((len(THRESHOLDS), len(SIZES), 3), np.int64)
    positives = int(gt.sum())
    for row, thr in zip(counts, THRESHOLDS, strict=True):
        mask = (probs > thr * 255).view(np.uint8)
        found, labels, stats, _ = cv2.connectedComponentsWithStats(mask)
        sizes = stats[1:, cv2.CC_STAT_AREA]
        hits = np.bincount(labels[gt], minlength=found)[1:]
        for k, least in enumerate(SIZES):
            kept = sizes >= least
            tp = hits[kept].sum()
            row[k] = tp, sizes[kept].sum() - tp, positives - tp
    return dice(counts)


def by_loop(probs: NDArray[np.uint8], gt: Any) -> Scores:
    """The usual loop."""
    scores = np.zeros((len(THRESHOLDS), len(SIZES)))
    for i, thr in enumerate(THRESHOLDS):
        for k, least in enumerate(SIZES):
            mask = probs > thr * 255
            labels, found = ndimage.label(mask, np.ones((3, 3)))
            sizes = ndimage.sum(mask, labels, np.arange(found + 1))
            mask &= (sizes >= least)[labels]
            whole = mask.sum() + gt.sum()
            scores[i, k] = 2 * (mask & gt).sum() / whole if whole else 1
    return scores


def triplets(probs: NDArray[np.uint8], gt: Any) -> Scores:
    """Dice (top thresholds, sizes, thresholds) from histograms."""
    return dice(sweep_triplets(probs, gt, TOPS, SIZES, THRESHOLDS).counts)


def triplets_by_numpy(probs: NDArray[np.uint8], gt: Any) -> Scores:
    """A mask for each threshold, counted anew."""
    positives = int(gt.sum())
    counts = []
    for thr in THRESHOLDS:
        mask = probs > thr * 255
        tp = int((mask & gt).sum())
        counts.append([tp, int(mask.sum()) - tp, positives - tp])
    sure = np.array([(probs > thr * 255).sum() for thr in TOPS])
    is_open = sure[:, None, None] >= SIZES[:, None]
    empty = np.array([0, 0, positives])
    return dice(np.where(is_open[..., None], counts, empty))


def jobs() -> list[Job]:
    """Parts by size, and triplets."""
    data = stored_map()
    scores = ours(*data)
    np.testing.assert_array_equal(scores, by_opencv(*data))
    some = slice(None, None, 25)
    np.testing.assert_array_equal(
        dice(sweep_sizes(*data, THRESHOLDS[some], SIZES).counts), scores[some]
    )
    np.testing.assert_array_equal(triplets(*data), triplets_by_numpy(*data))
    return [
        Job(
            'search 100 thresholds x 10 sizes, 1024²',
            lambda: ours(*data),
            {'OpenCV, once per threshold': lambda: by_opencv(*data)},
            30,
        ),
        Job(
            'the same beside the usual loop',
            lambda: ours(*data),
            {'scipy.ndimage.label per pair': lambda: by_loop(*data)},
            1500,
        ),
        Job(
            'search 10 x 10 x 100 triplets, 1024²',
            lambda: triplets(*data),
            {'numpy, once per threshold': lambda: triplets_by_numpy(*data)},
            10,
        ),
    ]
