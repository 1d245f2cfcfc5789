import numpy as np
import pytest

from mmseg_medical.evaluation.functional import bootstrap_mean, nan_mean

ORGANS = ('lung', 'kidney', 'lung', 'spleen')
DICE = (1.0, 0.5, 0.0, 1.0)


@pytest.fixture
def samples(sample):
    """Images of three pixels with the Dice above."""
    pred = {1.0: [1, 1, 0], 0.5: [0, 1, 1], 0.0: [0, 0, 1]}
    return [
        sample(
            f'img{k}',
            [[pred[dice]]],
            [[[1, 1, 0]]],
            organ=organ,
            patient=f'p{k // 2}',
        )
        for k, (organ, dice) in enumerate(zip(ORGANS, DICE, strict=True))
    ]


def test_groups_have_rows(samples, evaluate):
    scores = evaluate(samples, type='OverlapMetric', group_by='organ')
    rows = {k: v for k, v in scores.items() if '=' in k}
    assert rows == {
        'dice_per_image/organ=kidney': 0.5,
        'dice_per_image/organ=lung': 0.5,
        'dice_per_image/organ=spleen': 1.0,
    }
    several = evaluate(
        samples, type='OverlapMetric', group_by=['organ', 'patient']
    )
    assert several['dice_per_image/patient=p0'] == 0.75


def test_interval_of_images_and_patients(samples, evaluate):
    scores = evaluate(samples, type='OverlapMetric', confidence=0.9)
    interval = bootstrap_mean(DICE, confidence=0.9)
    assert scores['dice_per_image_ci_low'] == interval.low
    assert scores['dice_per_image_ci_high'] == interval.high
    assert sum('_ci_' in key for key in scores) == 2
    scores = evaluate(
        samples, type='OverlapMetric', confidence=0.9, patient_key='patient'
    )
    interval = bootstrap_mean(DICE, confidence=0.9, groups=[0, 0, 1, 1])
    assert scores['dice_per_image_ci_low'] == interval.low


def test_order_of_images_has_no_influence(samples, evaluate):
    options = dict(type='OverlapMetric', confidence=0.9, group_by='organ')
    scores = evaluate(samples, **options)
    assert evaluate(samples[::-1], **options) == pytest.approx(
        scores, nan_ok=True
    )


def test_metadata_that_is_not_there_is_named(samples, evaluate):
    for options in (
        dict(group_by='site'),
        dict(confidence=0.9, patient_key='site'),
    ):
        with pytest.raises(ValueError, match="4 of 4 images have no 'site'"):
            evaluate(samples, type='OverlapMetric', **options)


def test_confidence_is_a_share(evaluate):
    with pytest.raises(ValueError, match=r'confidence is in \(0, 1\), got 95'):
        evaluate([], type='OverlapMetric', confidence=95)


def test_mean_of_what_is_there():
    values = np.array([[1.0, np.nan, np.nan], [0.0, 0.25, np.nan]])
    np.testing.assert_array_equal(nan_mean(values), [0.5, 0.25, np.nan])
