import csv

import numpy as np
import pytest
from mmseg.registry import METRICS

from mmseg_medical.errors import InputError
from mmseg_medical.evaluation.functional import (
    overlap_counts,
    uw_madison_score,
    volume_hausdorff,
)

CLASSES = ('large_bowel', 'small_bowel', 'stomach')
DEPTH, HEIGHT, WIDTH = 6, 20, 30


def volume(seed):
    """Prediction and mask (2, classes, D, H, W) of boxes; one class empty."""
    rng = np.random.default_rng(seed)
    out = np.zeros((2, 3, DEPTH, HEIGHT, WIDTH), np.uint8)
    for pair in out[:, :2]:
        for one in pair:
            z, y, x = (int(rng.integers(0, n // 2)) for n in one.shape)
            one[z : z + 3, y : y + 8, x : x + 9] = 1
    return out


def slices(sample, volumes, start=1):
    return [
        sample(
            f'{name}_slice_{z:04d}',
            *masks[:, :, z],
            case_day=name,
            slice_index=z + start,
        )
        for name, masks in volumes.items()
        for z in range(DEPTH)
    ]


@pytest.fixture
def volumes():
    return {f'case{k}_day0': volume(k) for k in range(3)}


@pytest.fixture
def scored(evaluate):
    def call(samples, **options):
        options = dict(classes=CLASSES) | options
        return evaluate(samples, type='UWMadisonMetric', **options)

    return call


def test_volumes_are_scored_whole(sample, scored, volumes):
    counts = [
        overlap_counts(*masks[:, :, z], 3)
        for masks in volumes.values()
        for z in range(DEPTH)
    ]
    distances = [
        [volume_hausdorff(*pair) for pair in masks.swapaxes(0, 1)]
        for masks in volumes.values()
    ]
    expected = uw_madison_score(counts, distances)
    scores = scored(slices(sample, volumes))
    assert scores['uw_madison_score'] == expected.score
    assert scores['uw_madison_dice'] == expected.dice
    assert scores['uw_madison_hausdorff'] == expected.hausdorff
    by_class = [scores[f'uw_madison_hausdorff/{label}'] for label in CLASSES]
    assert by_class[:2] == pytest.approx(np.mean(distances, 0)[:2])
    assert np.isnan(by_class[2])
    assert np.isnan(scores['uw_madison_dice/stomach'])


def test_slices_come_in_any_order(sample, scored, volumes):
    samples = slices(sample, volumes)
    scores = scored(samples)
    order = np.random.default_rng(0).permutation(len(samples))
    shuffled = scored([samples[k] for k in order])
    assert shuffled == pytest.approx(scores, nan_ok=True)


def test_two_processes_score_as_one(sample, evaluate_twice, volumes):
    samples = slices(sample, volumes)[1:]  # an odd number: one comes twice
    one, *both = evaluate_twice(
        samples, type='UWMadisonMetric', classes=CLASSES
    )
    np.testing.assert_equal(both, [one, one])


def test_classes_that_exclude_each_other(sample, scored, volumes):
    """The same boxes as label maps, with a background."""
    for masks in volumes.values():
        masks[:, 1] *= 1 - masks[:, 0]
    overlapping = scored(slices(sample, volumes))
    labels = {
        name: masks[:, :1] + 2 * masks[:, 1:2]
        for name, masks in volumes.items()
    }
    exclusive = scored(
        slices(sample, labels), classes=('background', *CLASSES)
    )
    assert exclusive == pytest.approx(overlapping, nan_ok=True)


def test_the_table_has_a_row_per_volume(sample, scored, volumes, tmp_path):
    table = tmp_path / 'volumes.csv'
    scored(slices(sample, volumes), csv_file=str(table))
    with table.open() as file:
        rows = list(csv.DictReader(file))
    assert [row['id'] for row in rows] == [*volumes]
    assert float(rows[0]['hausdorff/small_bowel']) > 0


def test_little_is_kept_of_a_slice(sample):
    metric = METRICS.build(dict(type='UWMadisonMetric'))
    metric.dataset_meta = dict(classes=CLASSES)
    rows, columns = np.ogrid[:266, :266]
    ball = (rows - 120) ** 2 + (columns - 140) ** 2 < 50**2
    masks = np.stack([ball, ball[::-1], ball[:, ::-1]])
    one = sample('a', masks, masks, case_day='c', slice_index=1)
    metric.process({}, [one])
    ((_, kept, _),) = metric.results
    assert len(kept.data) < 3000
    np.testing.assert_array_equal(kept.masks(), np.stack([masks, masks]))


def test_a_slice_without_metadata_is_named(sample, scored):
    one = sample('img7', *np.zeros((2, 3, 4, 4)), case_day='a')
    with pytest.raises(InputError, match="image 'img7': no 'slice_index'"):
        scored([one])


def test_slices_that_do_not_fit_are_named(sample, scored):
    def one(index, size=4):
        masks = np.zeros((2, 3, size, 4))
        return sample('x', *masks, case_day='day', slice_index=index)

    with pytest.raises(InputError, match="volume 'day' has two slices 2"):
        scored([one(1), one(2), one(2)])
    with pytest.raises(InputError, match=r"'day' differ in size: \[\(4, 4\)"):
        scored([one(1), one(2, 5)])


def test_missing_slices_are_mentioned(sample, scored, volumes, said):
    scored(slices(sample, volumes, start=0))
    assert not any('missing' in line for line in said)
    samples = slices(sample, volumes)
    scored(samples[:2] + samples[3:])
    (line,) = (line for line in said if 'missing' in line)
    assert "'case0_day0' has 5 slices, numbered 1 … 6" in line


def test_folds_of_whole_volumes_are_scored_as_one(
    sample, scored, volumes, tmp_path
):
    whole = scored(slices(sample, volumes))
    files = []
    for name, masks in volumes.items():
        files.append(tmp_path / f'{name}.pth')
        scored(slices(sample, {name: masks}), results_file=str(files[-1]))
    metric = METRICS.build(dict(type='UWMadisonMetric'))
    assert metric.pool(files) == pytest.approx(whole, nan_ok=True)
