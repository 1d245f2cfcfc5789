import numpy as np
import pytest

from mmseg_medical.errors import InputError
from mmseg_medical.evaluation.functional import (
    OFFICIAL,
    dice,
    iou,
    uw_madison_score,
)
from mmseg_medical.postprocessing.objective import OBJECTIVES, objective

COUNTS = np.array(
    [[[3, 1, 2], [0, 0, 0]], [[0, 4, 0], [5, 0, 0]], [[0, 0, 0], [2, 2, 4]]]
)  # (images, classes, 3)


def score(name, counts=COUNTS, **options):
    found = objective(name, **options)
    parts, wholes = found.terms(counts)
    return found.value(parts.sum(0), wholes.sum(0))


def test_scores_are_sums_by_sums():
    np.testing.assert_allclose(score('dice_per_image'), [(2 / 3 + 1) / 3, 0.8])
    np.testing.assert_allclose(score('dice_pooled'), [6 / 13, 14 / 20])
    np.testing.assert_allclose(score('iou_pooled'), [0.3, 7 / 13])
    per_image = iou(COUNTS).mean(0)
    np.testing.assert_allclose(score('iou_per_image'), per_image)


def test_images_that_are_empty():
    np.testing.assert_allclose(
        score('dice_per_image', empty=None), [1 / 3, 0.7]
    )
    np.testing.assert_allclose(
        score('dice_per_image', empty=0.0), [(2 / 3) / 3, 1.4 / 3]
    )
    nothing = np.zeros((2, 1, 3), int)
    assert score('dice_pooled', nothing) == 1
    assert np.isnan(score('uw_madison_dice', nothing))
    assert score('siim_score', nothing, empty=None) == 1  # by its owner


@pytest.mark.parametrize('name', ['hubmap', 'siim', 'stas', 'stas_pooled'])
def test_rules_of_owners(name):
    one = COUNTS[:, :1]
    assert score(f'{name}_score', one)[0] == pytest.approx(OFFICIAL[name](one))


def test_the_dice_of_uw_madison():
    (found,) = score('uw_madison_dice', COUNTS[:, :1])
    distances = np.zeros((1, 1))
    expected = uw_madison_score(COUNTS[:, :1], distances).dice
    assert found == pytest.approx(expected)
    assert found == np.nanmean(dice(COUNTS[:, 0], empty=np.nan))


def test_other_scores_are_named():
    with pytest.raises(
        InputError, match=r"'hausdorff_95' cannot be .* dice_p"
    ):
        objective('hausdorff_95')
    assert len(OBJECTIVES) == 9
