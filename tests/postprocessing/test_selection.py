import itertools

import numpy as np
import pytest

from mmseg_medical.postprocessing import Pipeline
from mmseg_medical.postprocessing.families import make_family
from mmseg_medical.postprocessing.objective import objective
from mmseg_medical.postprocessing.selection import Tally

FAMILY = make_family(
    'remove_small',
    task='multilabel',
    levels=255,
    thresholds=[0.2, 0.8],
    sizes=[5],
)  # 3 thresholds with that of the model, 2 sizes
FOLDS = ['a', 'b', 'c']
GROUPS = ['lung', 'liver']


def tally(by_class=False, group_key='', score='dice_per_image', seed=0):
    """Random counts of images of two classes; also as a list."""
    rng = np.random.default_rng(seed)
    found = Tally(
        FAMILY,
        objective(score),
        ['x', 'y'],
        by_class=by_class,
        group_key=group_key,
    )
    images = []
    for fold, group in itertools.product(FOLDS, GROUPS):
        for _ in range(3):
            counts = rng.integers(0, 9, (2, *FAMILY.shape, 3))
            key = group if group_key else ''
            found.add(counts, fold=fold, group=key)
            images.append((fold, group, counts))
    return found, images


def values(images, score='dice_per_image'):
    """Score (classes, cells) of images, from all of them at once."""
    stack = np.stack([counts.reshape(2, -1, 3) for _, _, counts in images])
    parts, wholes = objective(score).terms(stack)
    return parts.sum(0) / wholes.sum(0)


@pytest.mark.parametrize('score', ['dice_per_image', 'iou_pooled'])
@pytest.mark.parametrize('folds', [FOLDS, ['a', 'c']])
def test_one_choice_for_all(score, folds):
    found, images = tally(score=score)
    mean = values([i for i in images if i[0] in folds], score).mean(0)
    choice = found.choose(folds)
    assert choice.cells == {
        ('x', '*'): mean.argmax(),
        ('y', '*'): mean.argmax(),
    }
    assert choice.score(folds) == pytest.approx(mean.max())
    assert not choice.constant
    cell = FAMILY.cell(int(mean.argmax()))
    assert choice.steps() == FAMILY.steps(cell)


def test_a_choice_for_each_class():
    found, images = tally(by_class=True)
    best = values(images).argmax(1)
    choice = found.choose(FOLDS)
    assert [choice.cells['x', '*'], choice.cells['y', '*']] == best.tolist()
    assert choice.score(FOLDS) == pytest.approx(values(images).max(1).mean())


def test_a_choice_for_each_class_and_group():
    found, images = tally(by_class=True, group_key='organ')
    choice = found.choose(FOLDS)
    total = 0
    for group in GROUPS:
        own = values([i for i in images if i[1] == group])
        for k, label in enumerate('xy'):
            assert choice.cells[label, group] == own[k].argmax()
        total += own.max(1).mean() / 2
    assert choice.score(FOLDS) == pytest.approx(total)
    # Groups that were not there get what is best for all.
    best = values(images).argmax(1)
    assert choice.parameters('y', 'spleen') == FAMILY.cell(int(best[1]))
    pipeline = Pipeline(choice.steps(), task='multilabel', labels=['x', 'y'])
    probs = np.full((2, 3, 3), 0.6)
    for organ in (*GROUPS, 'spleen'):
        masks = pipeline(probs, meta=dict(organ=organ))
        for mask, label in zip(masks, 'xy', strict=True):
            cell = choice.parameters(label, organ)
            assert mask.all() == (cell['mask_thr'] < 0.6)
            assert mask.any() == mask.all()


def test_of_alike_ones_the_nearest_to_the_model():
    found = Tally(FAMILY, objective('dice_per_image'), ['x'])
    counts = np.ones((1, *FAMILY.shape, 3), int)
    found.add(counts, fold='a', group='')
    choice = found.choose(['a'])
    assert choice.constant == [('x', '*')]
    assert choice.parameters('x') == dict(mask_thr=0.5, min_size=0)
    counts[0, :2, 1, 0] = 4  # two cells are better, and alike
    found.add(counts, fold='a', group='')
    choice = found.choose(['a'])
    assert choice.constant == []
    assert choice.parameters('x') == dict(mask_thr=0.5, min_size=5)


def test_classes_without_a_score_change_nothing():
    found = Tally(
        FAMILY, objective('uw_madison_dice'), ['x', 'y'], by_class=True
    )
    counts = np.zeros((2, *FAMILY.shape, 3), int)
    counts[0, 0, 0] = 1
    found.add(counts, fold='a', group='')
    choice = found.choose(['a'])
    assert choice.parameters('y') == dict(mask_thr=0.5, min_size=0)
    assert choice.constant == [('y', '*')]
    assert choice.score(['a']) == 0.5
    assert np.isnan(choice.score(['b']))
