import csv

import numpy as np
import pytest
from mmseg.registry import METRICS

LARGE = ([[[1] * 90 + [0] * 10]], [[[1] * 90 + [0] * 10]])
SMALL = ([[[0] * 100]], [[[1] * 2 + [0] * 98]])
EMPTY = ([[[0] * 100]], [[[0] * 100]])
ALARM = ([[[1] * 100]], [[[0] * 100]])


@pytest.fixture
def scored(sample, evaluate):
    """Scores of pairs of prediction and mask."""

    def call(*pairs, **options):
        samples = [sample(f'img{k}', *pair) for k, pair in enumerate(pairs)]
        return evaluate(samples, type='OverlapMetric', **options)

    return call


def test_per_image_and_pooled_answer_different_questions(scored):
    scores = scored(LARGE, SMALL)
    assert scores['dice_per_image'] == pytest.approx(0.5)
    assert scores['dice_pooled'] == pytest.approx(180 / 182)
    assert scores['iou_per_image'] == pytest.approx(0.5)
    assert scores['iou_pooled'] == pytest.approx(90 / 92)
    assert set(scores) == {
        'dice_per_image',
        'dice_per_image_positives',
        'dice_pooled',
        'iou_per_image',
        'iou_pooled',
        'image_sensitivity',
        'image_specificity',
    }


def test_empty_images_score_what_was_asked_for(scored):
    assert scored(EMPTY)['dice_per_image'] == 1
    assert scored(EMPTY, empty=0.0)['dice_per_image'] == 0
    scores = scored(EMPTY, LARGE, SMALL, empty=None)
    assert scores['dice_per_image'] == 0.5
    assert scores['iou_per_image'] == 0.5


def test_positives_and_presence(scored):
    scores = scored(LARGE, SMALL, EMPTY, EMPTY, ALARM)
    assert scores['dice_per_image'] == pytest.approx(3 / 5)
    assert scores['dice_per_image_positives'] == pytest.approx(1 / 2)
    assert scores['image_sensitivity'] == pytest.approx(1 / 2)
    assert scores['image_specificity'] == pytest.approx(2 / 3)


def test_what_no_image_tells_is_nan(scored):
    scores = scored(EMPTY)
    assert np.isnan(scores['dice_per_image_positives'])
    assert np.isnan(scores['image_sensitivity'])
    assert np.isnan(scored(LARGE)['image_specificity'])


def test_everything_ignored_counts_as_empty(scored):
    ignored = (LARGE[0], np.full((1, 1, 100), 255))
    scores = scored(ignored)
    assert scores['dice_per_image'] == scores['dice_pooled'] == 1


def test_other_scores(scored):
    pair = ([[[1, 1, 0, 0, 0]]], [[[1, 0, 1, 0, 0]]])
    names = ('sensitivity', 'specificity', 'precision')
    scores = scored(pair, EMPTY, scores=names, confidence=0.9)
    assert scores['sensitivity_per_image'] == 0.5  # defined in one image
    assert scores['sensitivity_pooled'] == 0.5
    assert scores['specificity_per_image'] == pytest.approx((2 / 3 + 1) / 2)
    assert scores['specificity_pooled'] == pytest.approx(102 / 103)
    assert scores['precision_per_image'] == 0.5
    assert scores['sensitivity_per_image_ci_low'] == 0.5
    assert 'dice_per_image' not in scores


def test_scores_of_competitions(scored):
    names = ('hubmap', 'siim', 'stas', 'stas_pooled')
    scores = scored(LARGE, SMALL, EMPTY, official=names, empty=0.0)
    assert scores['siim_score'] == pytest.approx(2 / 3)
    assert scores['hubmap_score'] == pytest.approx(2 / 3)
    assert scores['stas_score'] == pytest.approx(2 / 3)
    assert scores['stas_pooled_score'] == pytest.approx(180 / 182)
    assert scores['dice_per_image'] == pytest.approx(1 / 3)


def test_several_classes_have_names(scored):
    classes = ('background', 'stroma', 'gland')
    scores = scored(([[[1, 1, 2]]], [[[1, 2, 2]]]), classes=classes)
    assert scores['dice_per_image/stroma'] == pytest.approx(2 / 3)
    assert scores['dice_per_image/gland'] == pytest.approx(2 / 3)
    assert scores['dice_per_image'] == pytest.approx(2 / 3)
    assert 'dice_per_image/background' not in scores
    assert scores['image_sensitivity/gland'] == 1


def test_overlapping_classes_have_no_background(scored):
    pair = ([[[1, 1]], [[0, 1]]], [[[1, 0]], [[0, 1]]])
    scores = scored(pair, classes=('stomach', 'bowel'))
    assert scores['dice_per_image/stomach'] == pytest.approx(2 / 3)
    assert scores['dice_per_image/bowel'] == 1


def test_the_table_has_a_row_per_image(sample, evaluate, tmp_path):
    table = tmp_path / 'sub' / 'per_image.csv'
    evaluate(
        [
            sample('a', *LARGE, organ='lung', stain_normalized=True),
            sample('b', *SMALL, organ='kidney', stain_normalized=False),
        ],
        type='OverlapMetric',
        csv_file=str(table),
    )
    with table.open() as file:
        rows = list(csv.DictReader(file))
    assert [row['id'] for row in rows] == ['a', 'b']
    assert rows[1] == dict(
        id='b',
        dice='0.000000',
        iou='0.000000',
        mask_area='2',
        predicted_area='0',
        hit_area='0',
        counted_area=str(np.size(SMALL[0])),
        organ='kidney',
        stain_normalized='False',
    )


def test_the_table_names_classes(sample, evaluate, tmp_path):
    table = tmp_path / 'per_image.csv'
    evaluate(
        [sample('a', [[[1, 1, 2]]], [[[1, 2, 2]]])],
        type='OverlapMetric',
        classes=('background', 'stroma', 'gland'),
        csv_file=str(table),
    )
    with table.open() as file:
        (row,) = csv.DictReader(file)
    assert row['dice/gland'] == '0.666667'
    assert row['mask_area/stroma'] == '1'


def test_two_processes_score_as_one(sample, evaluate_twice):
    rng = np.random.default_rng(0)
    samples = [
        sample(str(k), *rng.integers(0, 2, (2, 1, 8, 8)), organ='ab'[k % 2])
        for k in range(7)
    ]
    one, *both = evaluate_twice(
        samples, type='OverlapMetric', confidence=0.95, group_by='organ'
    )
    np.testing.assert_equal(both, [one, one])


def test_memory_per_image_does_not_depend_on_its_size(sample):
    metric = METRICS.build(dict(type='OverlapMetric'))
    metric.dataset_meta = dict(classes=('background', 'gland'))
    labels = np.zeros((1, 500, 500))
    metric.process({}, [sample('a', labels, labels)])
    ((_, counts, _),) = metric.results
    assert counts.shape == (1, 4)
    assert counts.base is None or counts.base.nbytes < 100


def test_masks_without_any_foreground_are_mentioned(scored, said):
    scored(LARGE, EMPTY)
    assert not any('foreground' in line for line in said)
    scored(EMPTY, ALARM)
    assert 'no mask of any image has foreground' in said[-1]


def test_images_without_stain_normalisation_are_counted(
    sample, evaluate, said
):
    samples = [
        sample('a', *LARGE, stain_normalized=flag) for flag in (False, True)
    ]
    evaluate(samples, type='OverlapMetric')
    assert '1 of 2 images passed stain normalisation unchanged' in said


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(empty=2), r'a score in \[0, 1\], or None, got 2'),
        (dict(scores=['mDice']), 'scores are of dice, iou'),
        (dict(official='kaggle'), 'official are of hubmap, siim'),
    ],
)
def test_wrong_options_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        METRICS.build(dict(type='OverlapMetric', **options))
