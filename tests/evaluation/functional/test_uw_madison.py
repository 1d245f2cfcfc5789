import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra import numpy as hnp
from scipy.spatial.distance import directed_hausdorff

from mmseg_medical.evaluation.functional import (
    uw_madison_score,
    volume_hausdorff,
)


def definition(pred, gt):
    """All pixels, directed distances both ways, in the unit cube."""
    if not pred.any() and not gt.any():
        return np.nan
    if not pred.any() or not gt.any() or pred.sum() > 10 * gt.sum():
        return 1.0
    points = [np.argwhere(mask) / mask.shape for mask in (pred, gt)]
    there = directed_hausdorff(*points)[0]
    back = directed_hausdorff(*points[::-1])[0]
    return max(there, back) / np.sqrt(3)


def test_two_pixels_by_hand():
    pred, gt = np.zeros((2, 4, 10, 20), bool)
    pred[0, 0, 0] = gt[2, 3, 4] = True
    expected = np.sqrt((2 / 4) ** 2 + (3 / 10) ** 2 + (4 / 20) ** 2)
    assert volume_hausdorff(pred, gt) == pytest.approx(expected / np.sqrt(3))


@given(hnp.arrays(bool, (2, 3, 4, 5)))
def test_equal_to_the_definition(pair):
    found, expected = volume_hausdorff(*pair), definition(*pair)
    assert found == pytest.approx(expected, nan_ok=True)


def test_the_inside_of_a_mask_counts():
    """The surface of a cube lies within its shell, its centre does not."""
    gt = np.zeros((9, 9, 9), bool)
    gt[1:8, 1:8, 1:8] = True
    pred = gt.copy()
    pred[2:7, 2:7, 2:7] = False
    assert volume_hausdorff(pred, gt) == pytest.approx(3 / 9 / np.sqrt(3))
    assert volume_hausdorff(gt, pred) == definition(gt, pred)


def test_empty_and_excessive_predictions():
    empty, one, eleven = np.zeros((3, 2, 4, 4), bool)
    one[0, 0, 0] = True
    eleven.reshape(-1)[:11] = True
    assert np.isnan(volume_hausdorff(empty, empty))
    assert volume_hausdorff(empty, one) == volume_hausdorff(one, empty) == 1
    assert volume_hausdorff(one, one) == 0
    assert volume_hausdorff(eleven, one) == 1
    assert volume_hausdorff(eleven, one, max_excess=11) < 1
    assert volume_hausdorff(one, eleven) < 1


def test_score_by_hand():
    counts = np.array(
        [[[1, 1, 0, 7], [0, 0, 0, 9]], [[0, 2, 0, 7], [3, 0, 0, 6]]]
    )
    score = uw_madison_score(counts, [[0.2, np.nan], [0.4, 0.0]])
    assert score.dice == pytest.approx((2 / 3 + 0 + 1) / 3)
    assert score.hausdorff == pytest.approx(0.2)
    assert score.score == pytest.approx(0.4 * score.dice + 0.6 * 0.8)


def test_nothing_to_count():
    assert np.isnan(uw_madison_score([[[0, 0, 0]]], [[np.nan]])).all()


def test_a_slice_is_no_volume():
    with pytest.raises(ValueError, match=r'a volume is \(D, H, W\)'):
        volume_hausdorff(np.eye(3), np.eye(3))
