import numpy as np
import pytest

from mmseg_medical.evaluation.functional import (
    OFFICIAL,
    hubmap_score,
    siim_score,
    stas_score,
)

# Images with a class each: Dice 0.9, empty, a miss, a false alarm.
IMAGES = np.array([[90, 10, 10], [0, 0, 0], [0, 0, 20], [0, 1, 0]])[:, None]


def test_hubmap_is_the_mean_dice_of_images():
    assert hubmap_score(IMAGES[[0, 2]]) == pytest.approx(0.45)


def test_siim_rewards_empty_predictions():
    assert siim_score(IMAGES[[1]]) == 1
    assert siim_score(IMAGES[[2]]) == 0
    assert siim_score(IMAGES[[3]]) == 0
    assert siim_score(IMAGES) == pytest.approx((0.9 + 1) / 4)


def test_both_readings_of_stas():
    assert stas_score(IMAGES[[0, 2]]) == pytest.approx(0.45)
    pooled = 2 * 90 / (2 * 90 + 10 + 10 + 20)
    assert stas_score(IMAGES[[0, 2]], pooled=True) == pytest.approx(pooled)


def test_scores_by_name():
    assert OFFICIAL['hubmap'](IMAGES) == hubmap_score(IMAGES)
    assert OFFICIAL['siim'](IMAGES) == siim_score(IMAGES)
    assert OFFICIAL['stas'](IMAGES) == stas_score(IMAGES)
    assert OFFICIAL['stas_pooled'](IMAGES) == stas_score(IMAGES, pooled=True)
