import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmseg_medical.evaluation.functional import (
    dice,
    iou,
    overlap_counts,
    precision,
    presence,
    sensitivity,
    specificity,
)

SCORES = [dice, iou, precision, sensitivity, specificity]
counts_of_pixels = st.lists(st.integers(0, 1000), min_size=4, max_size=4)


@pytest.mark.parametrize(
    ('score', 'expected'),
    [
        (dice, 6 / 9),
        (iou, 3 / 6),
        (precision, 3 / 4),
        (sensitivity, 3 / 5),
        (specificity, 4 / 5),
    ],
)
def test_scores_by_hand(score, expected):
    assert score([3, 1, 2, 4]) == pytest.approx(expected)


@pytest.mark.parametrize('score', [dice, iou])
def test_empty_masks(score):
    assert score([[0, 0, 0, 9], [0, 4, 0, 5], [0, 0, 4, 5]]).tolist() == [
        1,
        0,
        0,
    ]
    assert score([0, 0, 0, 9], empty=0.5) == 0.5
    assert np.isnan(score([0, 0, 0, 9], empty=np.nan))


@pytest.mark.parametrize(
    ('score', 'undefined'),
    [
        (precision, [0, 0, 3, 9]),
        (sensitivity, [0, 3, 0, 9]),
        (specificity, [4, 0, 3, 0]),
    ],
)
def test_scores_without_anything_to_count_are_nan(score, undefined):
    assert np.isnan(score(undefined))
    assert score(undefined, empty=1.0) == 1


def test_counts_without_true_negatives():
    for score in (dice, iou, precision, sensitivity):
        assert score([3, 1, 2]) == score([3, 1, 2, 7])


@pytest.mark.parametrize('score', SCORES)
@given(counts_of_pixels)
def test_scores_stay_between_0_and_1(score, counts):
    assert 0 <= score(counts, empty=1.0) <= 1


@given(counts_of_pixels)
def test_dice_and_iou_say_the_same(counts):
    d, j = dice(counts), iou(counts)
    assert d == pytest.approx(2 * j / (1 + j))


@given(counts_of_pixels)
def test_mask_and_prediction_may_change_places(counts):
    tp, fp, fn, tn = counts
    assert dice([tp, fp, fn, tn]) == dice([tp, fn, fp, tn])
    assert precision([tp, fp, fn], empty=0) == sensitivity(
        [tp, fn, fp], empty=0
    )


def test_presence_counts_images():
    images = [[3, 1, 2, 4], [0, 4, 0, 6], [0, 0, 4, 6], [0, 0, 0, 9]]
    assert presence(images).tolist() == np.eye(4, dtype=int).tolist()
    images += [[0, 2, 2, 6]]  # foreground in both, though elsewhere
    assert presence(images).sum(0).tolist() == [2, 1, 1, 1]
    total = presence(images).sum(0)
    assert sensitivity(total) == pytest.approx(2 / 3)
    assert specificity(total) == pytest.approx(1 / 2)


def test_scores_of_monai():
    monai = pytest.importorskip('monai.metrics')
    torch = pytest.importorskip('torch')
    pred, gt = np.random.default_rng(0).integers(0, 2, (2, 3, 20, 30))
    ours = overlap_counts(pred, gt, 3)
    masks = [torch.from_numpy(x[None]) for x in (pred, gt)]
    theirs = monai.compute_iou(*masks)[0].numpy()
    np.testing.assert_allclose(iou(ours), theirs, rtol=1e-6)
    theirs = monai.DiceMetric()(*masks)[0].numpy()
    np.testing.assert_allclose(dice(ours), theirs, rtol=1e-6)
    matrix = monai.get_confusion_matrix(*masks)
    for name, score in (
        ('precision', precision),
        ('sensitivity', sensitivity),
        ('specificity', specificity),
    ):
        theirs = monai.compute_confusion_matrix_metric(name, matrix)
        np.testing.assert_allclose(score(ours), theirs[0], rtol=1e-6)
