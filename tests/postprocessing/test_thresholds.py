import numpy as np
import pytest
from scipy import ndimage
from skimage import filters

from mmseg_medical.errors import InputError
from mmseg_medical.postprocessing.thresholds import (
    argmax,
    doublet,
    hysteresis,
    threshold,
    triplet,
)

ROW = np.array([[0.2, 0.4, 0.8, 0.9]])


def test_a_threshold_is_not_above_itself():
    assert threshold(ROW, mask_thr=0.4).tolist() == [[0, 0, 1, 1]]


@pytest.mark.parametrize(
    ('top_score_thr', 'min_size', 'expected'),
    [
        (0.7, 2, [0, 1, 1, 1]),
        (0.7, 3, [0, 0, 0, 0]),
        (0.8, 1, [0, 1, 1, 1]),
        (0.9, 1, [0, 0, 0, 0]),
        (0.9, 0, [0, 1, 1, 1]),
    ],
)
def test_a_triplet_counts_what_is_sure(top_score_thr, min_size, expected):
    found = triplet(
        ROW, top_score_thr=top_score_thr, min_size=min_size, mask_thr=0.3
    )
    assert found.tolist() == [expected]


def test_a_doublet_looks_at_the_maximum():
    kept = doublet(ROW, top_score_thr=0.85, mask_thr=0.4)
    assert kept.tolist() == [[0, 0, 1, 1]]
    assert not doublet(ROW, top_score_thr=0.9, mask_thr=0.4).any()


def test_the_most_likely_class_is_the_first_of_several():
    channels = np.array([[[3, 1, 0]], [[2, 5, 4]], [[1, 5, 6]]], np.uint8)
    assert argmax(channels).tolist() == [[[0, 1, 0]], [[0, 0, 1]]]


def test_hysteresis_as_scikit_image():
    probs = ndimage.gaussian_filter(
        np.random.default_rng(0).random((80, 90)), 2
    )
    probs = (probs - probs.min()) / np.ptp(probs)
    found = hysteresis(
        probs, high=[0.7], low=[0.5], min_size=0, connectivity=4
    )
    expected = filters.apply_hysteresis_threshold(probs, 0.5, 0.7)
    np.testing.assert_array_equal(found, expected)
    assert 0 < found.sum() < (probs > 0.5).sum()


def test_hysteresis_tries_again_until_there_is_enough():
    probs = np.zeros((10, 30))
    probs[2:4, 2:12] = 0.32  # 20 pixels, with a rim of 40
    probs[1:5, 2:12] = np.maximum(probs[1:5, 2:12], 0.2)
    probs[8, 20] = 0.15
    pairs = dict(high=[0.35, 0.3, 0.1], low=[0.25, 0.1, 0.05])
    # The first attempt finds nothing, the second the part with its rim.
    assert hysteresis(probs, **pairs, min_size=40).sum() == 40
    # The third has the lone pixel as well; the last one counts in any case.
    assert hysteresis(probs, **pairs, min_size=41).sum() == 41
    assert hysteresis(probs, **pairs, min_size=1000).sum() == 41
    assert hysteresis(np.zeros((3, 4))).sum() == 0


@pytest.mark.parametrize(
    'pairs', [dict(high=[0.5], low=[0.4, 0.3]), dict(high=[0.5], low=[0.6])]
)
def test_hysteresis_needs_pairs(pairs):
    with pytest.raises(InputError, match='a low threshold for each high one'):
        hysteresis(ROW, **pairs)
