import numpy as np
import pytest
from scipy import stats

from mmseg_medical.evaluation.functional import (
    bootstrap_gain,
    bootstrap_mean,
    bootstrap_ratio,
)

SCORES = np.random.default_rng(0).beta(5, 2, 200)


def test_interval_of_scipy():
    reference = stats.bootstrap(
        (SCORES,), np.mean, method='percentile', n_resamples=9999
    ).confidence_interval
    found = bootstrap_mean(SCORES, resamples=9999)
    assert found.low == pytest.approx(reference.low, abs=2e-3)
    assert found.high == pytest.approx(reference.high, abs=2e-3)


def test_interval_of_the_normal_distribution():
    error = SCORES.std() / np.sqrt(len(SCORES))
    low, high = bootstrap_mean(SCORES, confidence=0.9)
    assert low == pytest.approx(SCORES.mean() - 1.645 * error, abs=3e-3)
    assert high == pytest.approx(SCORES.mean() + 1.645 * error, abs=3e-3)


def test_seed_decides_and_order_does_not():
    found = bootstrap_mean(SCORES)
    assert bootstrap_mean(SCORES) == found
    assert bootstrap_mean(SCORES[::-1]) == pytest.approx(found, abs=1e-12)
    assert bootstrap_mean(SCORES, seed=1) != found


def test_images_of_a_patient_are_drawn_together():
    """Ten copies of each image tell no more than one of each."""
    one = bootstrap_mean(SCORES[:20])
    patients = np.repeat(np.arange(20), 10)
    copies = np.repeat(SCORES[:20], 10)
    grouped = bootstrap_mean(copies, groups=patients)
    assert grouped == pytest.approx(one)
    naive = bootstrap_mean(copies)
    assert naive.high - naive.low < 0.5 * (one.high - one.low)


def test_order_of_patients_has_no_influence():
    patients = np.arange(200) % 37
    order = np.random.default_rng(1).permutation(200)
    assert bootstrap_mean(
        SCORES[order], groups=patients[order]
    ) == pytest.approx(bootstrap_mean(SCORES, groups=patients))


def test_classes_are_averaged_after_images():
    scores = np.stack([SCORES, np.full(200, 0.5)], 1)
    one, two = bootstrap_mean(SCORES), bootstrap_mean(scores)
    assert two == pytest.approx((np.array(one) + 0.5) / 2)


def test_nan_is_left_out():
    scores = np.append(SCORES, [np.nan, np.nan])
    assert bootstrap_mean(scores) == bootstrap_mean(SCORES)
    rare = np.full((50, 2), 0.25)
    rare[1:, 1] = np.nan  # a class that most resamples may miss
    assert bootstrap_mean(rare) == pytest.approx((0.25, 0.25))
    assert np.isnan(bootstrap_mean([np.nan])).all()
    assert np.isnan(bootstrap_mean([])).all()


def test_one_image_has_no_spread():
    assert bootstrap_mean([0.7]) == pytest.approx((0.7, 0.7))


def test_many_images_are_drawn_in_blocks():
    scores = np.random.default_rng(2).random(3000)
    low, high = bootstrap_mean(scores)
    assert low < scores.mean() < high
    assert high - low == pytest.approx(3.92 * 0.2887 / 3000**0.5, rel=0.1)


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(confidence=95), r'confidence is in \(0, 1\)'),
        (dict(resamples=0), 'resamples 1 or more'),
        (dict(groups=[1, 2]), '200 scores and 2 groups'),
    ],
)
def test_what_is_out_of_range_is_named(options, message):
    with pytest.raises(ValueError, match=message):
        bootstrap_mean(SCORES, **options)


def test_a_gain_is_one_of_the_same_images():
    """What is hard for both does not count."""
    rng = np.random.default_rng(0)
    scores = rng.random((30, 2))
    ones = np.ones_like(scores)
    same = bootstrap_gain((scores, ones), (scores + 0.1, ones))
    assert same.low == pytest.approx(0.1)
    assert same.high == pytest.approx(0.1)
    noise = scores + rng.normal(0, 0.2, scores.shape)
    wide = bootstrap_gain((scores, ones), (noise, ones))
    difference = bootstrap_mean(noise - scores)
    assert wide.low == pytest.approx(difference.low, abs=0.02)
    assert wide.high == pytest.approx(difference.high, abs=0.02)


def test_a_gain_of_pooled_pixels_and_of_patients():
    parts = np.array([[2.0], [2.0], [30.0], [30.0]])
    wholes = np.array([[4.0], [4.0], [40.0], [40.0]])
    after = (parts + wholes * 0.25, wholes)
    gain = bootstrap_gain((parts, wholes), after, groups='aabb')
    assert gain.low == pytest.approx(0.25)
    # Of two patients a resample has the first, both or the second.
    after = (parts + np.array([[2.0], [2.0], [0.0], [0.0]]), wholes)
    gain = bootstrap_gain((parts, wholes), after, groups='aabb')
    assert gain == pytest.approx((0, 0.5))
    none = (np.zeros((2, 1)), np.zeros((2, 1)))
    assert np.isnan(bootstrap_gain(none, none)).all()


def test_a_ratio_is_that_of_the_sums_of_drawn_images():
    """Of scipy, and twice the same image is no other score."""
    rng = np.random.default_rng(3)
    wholes = rng.integers(100, 1000, 120)
    parts = rng.binomial(wholes, rng.beta(6, 2, 120))
    reference = stats.bootstrap(
        (parts, wholes),
        lambda p, w, axis: p.sum(axis) / w.sum(axis),
        paired=True,
        method='percentile',
    ).confidence_interval
    found = bootstrap_ratio(parts, wholes)
    assert found.low == pytest.approx(reference.low, abs=3e-3)
    assert found.high == pytest.approx(reference.high, abs=3e-3)
    assert bootstrap_ratio([3, 6], [4, 8]) == (0.75, 0.75)
    assert np.isnan(bootstrap_ratio([0, 0], [0, 0]).low)
