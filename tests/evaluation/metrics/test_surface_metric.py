import csv

import numpy as np
import pytest
from mmseg.registry import METRICS

from mmseg_medical.errors import InputError
from mmseg_medical.evaluation.functional import (
    hausdorff,
    surface_dice,
    surface_distances,
)


def squares(left=3):
    """Prediction and mask of 3 x 3 pixels, so many columns apart."""
    pred, gt = np.zeros((2, 1, 9, 12), np.uint8)
    pred[:, 3:6, 2:5] = 1
    gt[:, 3:6, 2 + left : 5 + left] = 1
    return pred, gt


@pytest.fixture
def scored(sample, evaluate):
    def call(*pairs, meta=None, **options):
        samples = [
            sample(f'a{k}', *p, **meta or {}) for k, p in enumerate(pairs)
        ]
        options = dict(type='SurfaceMetric', tolerance=2, **options)
        return evaluate(samples, **options)

    return call


def test_spacing_comes_from_the_sample(scored):
    found = surface_distances(*(x[0] for x in squares()), spacing=(1, 2))
    expected = {
        'hausdorff_95_per_image': hausdorff(found, percentile=95),
        'surface_dice_per_image': surface_dice(found, 2),
    }
    assert scored(squares(), meta=dict(spacing=(1, 2))) == expected
    assert scored(squares(), spacing=[1, 2]) == expected
    scores = scored(squares(), meta=dict(pixel_size=0.5), spacing='pixel_size')
    assert scores['hausdorff_95_per_image'] == 1.5


def test_percentiles_of_both_kinds(scored):
    pair = squares(1)
    pair[0][0, 8, 11] = 1
    found = surface_distances(*(x[0] for x in pair))
    for percentile, pooled in ((95, False), (95, True), (80, True)):
        scores = scored(pair, spacing=1, percentile=percentile, pooled=pooled)
        assert scores[f'hausdorff_{percentile}_per_image'] == hausdorff(
            found, percentile=percentile, pooled=pooled
        )


def test_empty_masks(scored):
    nothing = np.zeros((1, 9, 12), np.uint8)
    pred, gt = squares(0)
    perfect = {'hausdorff_95_per_image': 0, 'surface_dice_per_image': 1}
    assert scored((pred, gt), (nothing, nothing), spacing=1) == perfect
    for pair in ((nothing, gt), (pred, nothing)):
        scores = scored(pair, spacing=(3, 4))
        corner_to_corner = np.hypot(8 * 3, 11 * 4)
        assert scores['hausdorff_95_per_image'] == corner_to_corner
        assert scores['surface_dice_per_image'] == 0
    scores = scored((nothing, nothing), spacing=1)
    assert np.isnan(list(scores.values())).all()


def test_ignored_pixels_are_background_in_both(scored):
    pred, gt = squares(0)
    gt[0, 3:6, 4] = 255
    assert scored((pred, gt), spacing=1) == {
        'hausdorff_95_per_image': 0,
        'surface_dice_per_image': 1,
    }


def test_classes_and_groups_have_rows(sample, evaluate, tmp_path):
    both = [np.concatenate([x, x[:, ::-1]]) for x in squares(1)]
    both[0][1] = both[1][1]
    table = tmp_path / 'surface.csv'
    scores = evaluate(
        [sample('a', *both, organ='lung')],
        type='SurfaceMetric',
        classes=('one', 'two'),
        spacing=1,
        tolerance=0,
        group_by='organ',
        csv_file=str(table),
    )
    assert scores['hausdorff_95_per_image/one'] == 1
    assert scores['hausdorff_95_per_image/two'] == 0
    assert scores['hausdorff_95_per_image/organ=lung'] == 0.5
    with table.open() as file:
        (row,) = csv.DictReader(file)
    assert row['hausdorff_95/one'] == '1.000000'
    assert row['organ'] == 'lung'


def test_two_processes_score_as_one(sample, evaluate_twice):
    samples = [sample(str(k), *squares(k), spacing=k + 1) for k in range(5)]
    one, *both = evaluate_twice(samples, type='SurfaceMetric', tolerance=2)
    np.testing.assert_equal(both, [one, one])


@pytest.mark.parametrize(
    ('meta', 'message'),
    [
        ({}, "image 'a0': no 'spacing' in its metadata.*spacing=1"),
        (dict(spacing=(1, 2, 3)), "image 'a0': spacing .* does not fit"),
        (dict(spacing=0), "image 'a0': spacing 0 does not fit"),
    ],
)
def test_spacing_that_does_not_fit_is_named(scored, meta, message):
    with pytest.raises(InputError, match=message):
        scored(squares(), meta=meta)


def test_shapes_that_differ_are_named(scored):
    with pytest.raises(InputError, match=r"image 'a0': .* differ in shape"):
        scored((squares()[0], squares()[1][:, :8]), spacing=1)


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(tolerance=-1), 'tolerance is 0 or more, got -1'),
        (dict(tolerance=1, percentile=101), 'percentile is 0 to 100, got 101'),
    ],
)
def test_wrong_options_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        METRICS.build(dict(type='SurfaceMetric', **options))
