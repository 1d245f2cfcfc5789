import numpy as np
import pytest

from mmseg_medical.evaluation.functional import dice, iou, overlap_counts


def test_counts_by_hand():
    pred = np.array([[0, 1, 1], [2, 2, 0]])
    gt = np.array([[0, 1, 2], [2, 255, 1]])
    assert overlap_counts(pred, gt, 3).tolist() == [
        [1, 1, 0],
        [1, 1, 1],
        [1, 0, 1],
    ]


def test_overlapping_classes_by_hand():
    pred = np.array([[[1, 1, 0]], [[1, 0, 1]]])
    gt = np.array([[[1, 0, 0]], [[1, 1, 255]]])
    assert overlap_counts(pred, gt, 2).tolist() == [[1, 1, 0], [1, 0, 1]]


def test_random_maps_equal_the_definition():
    rng = np.random.default_rng(0)
    pred, gt = rng.integers(0, 4, (2, 50, 60), np.uint8)
    counts = overlap_counts(pred, gt, 4)
    for c in range(4):
        both = ((pred == c) & (gt == c)).sum()
        assert counts[c].tolist() == [
            both,
            (pred == c).sum() - both,
            (gt == c).sum() - both,
        ]


def test_scores_by_hand():
    assert dice([3, 1, 2]) == pytest.approx(6 / 9)
    assert iou([3, 1, 2]) == pytest.approx(3 / 6)
    assert dice([[0, 0, 0], [0, 4, 0]]).tolist() == [1, 0]
    assert dice([0, 0, 0], empty=0.5) == 0.5
    assert iou([[0, 0, 5], [5, 0, 0]]).tolist() == [0, 1]


def test_everything_ignored_is_empty():
    counts = overlap_counts(np.ones((3, 3)), np.full((3, 3), 255), 2)
    assert counts.sum() == 0
    assert dice(counts).tolist() == [1, 1]


@pytest.mark.parametrize(
    ('pred', 'gt', 'message'),
    [
        (np.zeros((2, 2)), np.zeros((2, 3)), 'differ in shape'),
        (np.zeros((1, 2), int), np.array([[0, 254]]), '0 and 255 have to be'),
        (np.array([[0, 2]]), np.zeros((1, 2), int), 'of the prediction must'),
    ],
)
def test_what_is_wrong_is_named(pred, gt, message):
    with pytest.raises(ValueError, match=message):
        overlap_counts(pred, gt, 2)
