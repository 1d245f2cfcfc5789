import itertools

import numpy as np
import pytest

from mmseg_medical.apis.config import read_config
from mmseg_medical.apis.labelled_maps import LabelledMaps
from mmseg_medical.apis.search_postprocess import (
    SearchSettings,
    objective_of,
    search_postprocess,
)
from mmseg_medical.converters.probability_maps import ProbabilityMaps
from mmseg_medical.errors import InputError
from mmseg_medical.evaluation.functional import dice, overlap_counts
from mmseg_medical.postprocessing import Pipeline
from mmseg_medical.postprocessing.families import between

SETTINGS = dict(thresholds=9, sizes=[5, 12, 400])
THRESHOLDS = [between(k / 10, 255) for k in range(1, 10)]


def by_loop(config, folder, grid):
    """Dice of each image and pipeline, and the fold of the image."""
    data = LabelledMaps(read_config(config), str(folder))
    scores, folds, organs = [], [], []
    for one in data.over({'fold_0', 'fold_1'}):
        masks = [
            Pipeline(steps, task='binary', labels=['fg'])(one.probs)
            for steps in grid
        ]
        scores.append([dice(overlap_counts(m, one.gt, 1))[0] for m in masks])
        folds.append(one.fold)
        organs.append(one.meta['organ'])
    return np.array(scores), np.array(folds), np.array(organs)


def grid_of(sizes=(0, 5, 12, 400)):
    return [
        [
            dict(type='threshold', mask_thr=thr),
            dict(type='remove_small', min_size=size),
        ]
        for thr, size in itertools.product(THRESHOLDS, sizes)
    ]


def test_the_search_is_that_of_a_loop(out_of_fold):
    config, folder = out_of_fold(8)
    result = search_postprocess(
        read_config(config), str(folder), SearchSettings(**SETTINGS)
    )
    grid = grid_of()
    scores, folds, _ = by_loop(config, folder, grid)
    best = grid[scores.mean(0).argmax()]
    assert result.steps == best
    assert best[1]['min_size'] >= 12  # specks go
    assert result.score('tuned') == pytest.approx(scores.mean(0).max())
    model = grid.index(
        [
            dict(type='threshold', mask_thr=0.5),
            dict(type='remove_small', min_size=0),
        ]
    )
    assert result.score('untuned') == pytest.approx(scores[:, model].mean())
    honest = np.zeros(len(scores))
    for fold in ('fold_0', 'fold_1'):
        chosen = scores[folds != fold].mean(0).argmax()
        honest[folds == fold] = scores[folds == fold, chosen]
    assert result.score('honest') == pytest.approx(honest.mean())
    assert result.generalises


def test_groups_have_parameters_of_their_own(out_of_fold):
    config, folder = out_of_fold(8)
    result = search_postprocess(
        read_config(config),
        str(folder),
        SearchSettings(**SETTINGS, group_by='organ'),
    )
    scores, _, organs = by_loop(config, folder, grid_of())
    best = 0
    for organ in ('kidney', 'lung'):
        own = scores[organs == organ].mean(0)
        chosen = grid_of()[own.argmax()]
        found = result.choice.parameters('functional tissue unit', organ)
        assert found == dict(
            mask_thr=chosen[0]['mask_thr'], min_size=chosen[1]['min_size']
        )
        best += own.max() / 2
        group = result.score('tuned', group=organ)
        assert group == pytest.approx(own.max())
    assert result.score('tuned') == pytest.approx(best)
    (thr,) = (step['mask_thr'] for step in result.steps[:1])
    assert thr['organ']['kidney'] < thr['organ']['lung']
    assert '*' in thr['organ']


@pytest.mark.parametrize('family', ['triplet', 'doublet'])
def test_other_families(out_of_fold, family):
    config, folder = out_of_fold(4)
    result = search_postprocess(
        read_config(config),
        str(folder),
        SearchSettings(**SETTINGS, families=[family], metric='dice_pooled'),
    )
    assert [step['type'] for step in result.steps] == [family]
    choice = result.choice
    assert choice.score(['fold_0', 'fold_1']) == pytest.approx(
        result.score('tuned')
    )
    both = search_postprocess(
        read_config(config),
        str(folder),
        SearchSettings(
            **SETTINGS,
            families=[family, 'remove_small'],
            metric='dice_pooled',
        ),
    )
    assert both.score('tuned') > result.score('tuned')
    assert both.choice.tally.family.name == 'remove_small'


def test_classes_that_exclude_each_other(pairs, pair_config, tmp_path):
    config = pair_config(pairs(4))
    maps = ProbabilityMaps(
        tmp_path / 'maps',
        ids=list('0123'),
        task='multiclass',
        classes=('background', 'disc'),
        postprocess=dict(mask_thr=0.5),
        origin={},
    )
    maps.start()
    for name in maps.ids:
        probs = np.zeros((2, 40, 60))
        probs[0] = 0.6
        k = int(name)
        probs[1, 11:30, 11 + k : 30 + k] = 0.9
        probs[1, 35:38, 50:53] = 0.7  # nine pixels
        maps.write(name, probs)
    result = search_postprocess(
        read_config(config), str(maps.folder), SearchSettings(sizes=[9, 10])
    )
    assert result.steps == [
        dict(type='argmax'),
        dict(type='remove_small', min_size=10),
    ]
    assert result.score('tuned') > result.score('untuned')


def test_the_gate_of_the_model_stays(out_of_fold):
    gate = dict(mask_thr=0.5, gate_thr=0.4)
    config, folder = out_of_fold(4, postprocess=gate)
    maps = ProbabilityMaps.open(folder)
    for k, name in enumerate(maps.ids):
        level = maps.read(name) / 255
        maps.write(name, level, scores=dict(presence=0.3 + 0.4 * (k > 0)))
    result = search_postprocess(
        read_config(config), str(folder), SearchSettings(**SETTINGS)
    )
    assert result.steps[-1] == dict(
        type='gate', score='presence', score_thr=0.4
    )
    assert result.counts['tuned'][0, 0, :2].tolist() == [0, 0]
    assert result.choice.score(['fold_0', 'fold_1']) == pytest.approx(
        result.score('tuned')
    )


def test_where_all_score_alike_nothing_is_chosen(out_of_fold):
    config, folder = out_of_fold(4)
    maps = ProbabilityMaps.open(folder)
    for name in maps.ids:
        maps.write(name, np.zeros((1, 64, 80)))
    with pytest.raises(InputError, match=r'is 0\.0000 for all 36 parameters'):
        search_postprocess(
            read_config(config), str(folder), SearchSettings(**SETTINGS)
        )


def test_the_score_of_the_config(tiny_config, hubmap):
    cfg = read_config(tiny_config(hubmap()))
    assert objective_of(cfg, '').name == 'dice_per_image'
    assert objective_of(cfg, 'iou_pooled').name == 'iou_pooled'
    cfg.test_evaluator = [dict(type='OverlapMetric', empty=None)]
    assert np.isnan(objective_of(cfg, '').empty)
    cfg.default_hooks.checkpoint.save_best = 'uw_madison_score'
    assert objective_of(cfg, '').name == 'uw_madison_dice'
    cfg.default_hooks.checkpoint.save_best = 'hausdorff_95_per_image'
    with pytest.raises(
        InputError, match=r'hausdorff_95_per_image.* cannot be'
    ):
        objective_of(cfg, '')
