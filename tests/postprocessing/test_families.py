import numpy as np
import pytest

from mmseg_medical.errors import InputError
from mmseg_medical.evaluation.functional import overlap_counts
from mmseg_medical.postprocessing import Pipeline
from mmseg_medical.postprocessing.families import (
    FAMILIES,
    between,
    make_family,
)


def make(name, task='binary', **changes):
    options = dict(levels=255, thresholds=[0.2, 0.5, 0.8], sizes=[3, 8])
    return make_family(name, task=task, **{**options, **changes})


@pytest.fixture
def image():
    rng = np.random.default_rng(0)
    probs = rng.integers(0, 256, (12, 15)).astype(np.uint8)
    return probs, rng.choice([0, 1, 255], probs.shape).astype(np.uint8)


@pytest.mark.parametrize('connectivity', [4, 8])
@pytest.mark.parametrize('name', FAMILIES)
def test_a_cell_is_its_pipeline(name, connectivity, image):
    probs, gt = image
    family = make(name, connectivity=connectivity)
    counts = family.counts(probs, gt).reshape(-1, 3)
    assert len(counts) == np.prod(family.shape) == len(family.distance())
    for index, expected in enumerate(counts):
        steps = family.steps(family.cell(index))
        pipeline = Pipeline(steps, task='binary', labels=['fg'])
        masks = pipeline(probs[None])
        found = overlap_counts(masks, gt[None], 1)[0, :3]
        assert found.tolist() == expected.tolist()


@pytest.mark.parametrize('name', FAMILIES)
def test_the_start_is_the_model_as_it_is(name, image):
    probs, _ = image
    family = make(name, mask_thr=0.37)
    index = int(family.distance().argmin())
    assert family.distance()[index] == 0
    steps = family.steps(family.cell(index))
    pipeline = Pipeline(steps, task='binary', labels=['fg'])
    expected = probs > 0.37 * 255
    np.testing.assert_array_equal(pipeline(probs[None])[0], expected)


def test_classes_that_exclude_each_other_have_sizes_only():
    family = make('remove_small', 'multiclass')
    assert family.axes == dict(min_size=[0, 3, 8])
    mask = np.zeros((4, 6), bool)
    mask[0, :2] = mask[2, :5] = True
    found = family.counts(mask, np.ones((4, 6), np.uint8))
    assert found.tolist() == [[7, 0, 17], [5, 0, 19], [0, 0, 24]]
    assert family.steps(family.cell(1)) == [
        dict(type='argmax'),
        dict(type='remove_small', min_size=3),
    ]
    with pytest.raises(InputError, match='triplet has a threshold, task='):
        make('triplet', 'multiclass')


@pytest.mark.parametrize('levels', [255, 65535])
def test_thresholds_between_levels_decide_alike(levels):
    probs = np.random.default_rng(0).random(5000)
    stored = np.floor(probs * levels + 0.5)
    for thr in (0.0, 0.2, 0.35, 0.5, 0.999):
        moved = between(thr, levels)
        assert abs(moved - thr) <= 0.5 / levels + 1e-6
        at = stored > thr * levels
        np.testing.assert_array_equal(stored > moved * levels, at)
        differ = (probs > moved) != at
        assert differ.mean() < 1e-3
    assert between(1.0, levels) == 1


@pytest.mark.parametrize(
    ('name', 'changes', 'message'),
    [
        ('median', {}, "'median' is no search; there are remove_small, trip"),
        ('triplet', dict(thresholds=[0.5, 1.5]), r'in \[0, 1\], got \[0.5, 1'),
        ('triplet', dict(thresholds=[]), r'in \[0, 1\], got \[\]'),
        ('triplet', dict(sizes=[5, -1]), '0 or more pixels, got -1'),
    ],
)
def test_grids_that_cannot_be(name, changes, message):
    with pytest.raises(InputError, match=message):
        make(name, **changes)
