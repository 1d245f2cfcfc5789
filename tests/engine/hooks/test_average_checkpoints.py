import json
import shutil

import pytest
import torch
from mmseg.registry import HOOKS, MODELS

from mmseg_medical.apis import load_config
from mmseg_medical.apis import test as run_test
from mmseg_medical.apis.trained import best_checkpoint
from mmseg_medical.engine.batch_norm import (
    batch_norms,
    recent_batches,
    reestimate,
    statistics,
)
from mmseg_medical.engine.checkpoint import load_checkpoint
from mmseg_medical.errors import InputError

EXTRA = """
train_cfg = dict(max_iters=5, val_interval=1)
custom_hooks = [
    dict(type='EMAHook', momentum=0.3),
    dict(type='AverageCheckpointsHook', num_checkpoints=2, num_batches=3),
]
"""


def scores(work_dir):
    (log,) = work_dir.glob('*/vis_data/scalars.json')
    lines = map(json.loads, log.read_text().splitlines())
    key = 'dice_per_image'
    return {line['step']: line[key] for line in lines if key in line}


def test_the_average_of_the_best(
    run, tmp_path, hubmap, tiny_config, small_network
):
    runner = run(5, EXTRA)
    work_dir = tmp_path / 'work'
    found = scores(work_dir)
    best = sorted(found, key=lambda k: (-found[k], k))[:2]
    names = [f'top_dice_per_image_iter_{k}.pth' for k in best]
    assert sorted(p.name for p in work_dir.glob('top_*')) == sorted(names)
    top = [load_checkpoint(work_dir / name) for name in names]
    assert all(set(file) == {'meta', 'state_dict'} for file in top)

    mean = load_checkpoint(work_dir / 'averaged.pth')
    assert mean['meta']['averaged'] == names
    assert mean['meta']['task'] == 'binary'
    assert mean['meta']['held_out'] == top[0]['meta']['held_out']
    model = runner.model
    model.load_state_dict(mean['state_dict'])
    expected = list(batch_norms(model))
    reestimate(model, recent_batches(runner, 3, 5), names=expected)
    for name, value in statistics(model, expected).items():
        torch.testing.assert_close(mean['state_dict'][name], value)
    for name, value in model.named_parameters():
        parts = [file['state_dict'][name] for file in top]
        torch.testing.assert_close(value.data, sum(parts) / 2)

    path = str(work_dir / 'averaged.pth')
    assert best_checkpoint(runner) == path
    cfg = load_config(
        tiny_config(hubmap(), 5, small_network), work_dir=str(tmp_path / 'a')
    )
    cfg.experiment_name = f'{tmp_path.name}_single'
    single = run_test(cfg, path)['dice_per_image']
    cfg = load_config(
        tiny_config(hubmap(), 5, small_network), work_dir=str(tmp_path / 'b')
    )
    cfg.experiment_name = f'{tmp_path.name}_ensemble'
    cfg.model = dict(
        type='EnsembleSegmentor',
        members=[cfg.model] * 2,
        checkpoints=[path, str(work_dir / names[0])],
    )
    ensemble = MODELS.build(cfg.model)
    assert ensemble.members[0].state_dict().keys() == mean['state_dict'].keys()
    cfg.model.checkpoints = [path, path]
    assert run_test(cfg)['dice_per_image'] == pytest.approx(single)

    resumed = tmp_path / 'resumed'
    resumed.mkdir()
    for name in ('iter_4.pth', *names):
        if int(name.removesuffix('.pth').rpartition('_')[2]) <= 4:
            shutil.copy(work_dir / name, resumed)
    run(5, EXTRA, work_dir='resumed', resume=True)
    again = load_checkpoint(resumed / 'averaged.pth')
    assert again['meta']['averaged'] == names
    for name, value in again['state_dict'].items():
        assert torch.equal(value, mean['state_dict'][name]), name


def hook(**options):
    return HOOKS.build(dict(type='AverageCheckpointsHook', **options))


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(num_checkpoints=0), 'num_checkpoints is 0'),
        (dict(num_batches=0), 'num_batches is 0'),
        (dict(rule='more'), "'greater' or 'less'"),
    ],
)
def test_arguments(options, message):
    with pytest.raises(InputError, match=message):
        hook(**options)


class Runner:
    """As much of a runner as a validation needs."""

    def __init__(self, folder, loop=None):
        self.work_dir = str(folder)
        self.val_loop = loop
        self.epoch = self.iter = 0
        self.message_hub = self
        self.saved = []
        self.info = {}

    def get_info(self, key):
        return self.info.get(key)

    def update_info(self, key, value):
        self.info[key] = value

    def save_checkpoint(self, folder, name, **options):
        (self.saved.append(name), open(f'{folder}/{name}', 'w').close())


@pytest.mark.parametrize(
    ('rule', 'kept'), [('greater', (4, 2)), ('less', (1, 5))]
)
def test_which_are_kept(tmp_path, rule, kept):
    """nan is never the best; of equal ones the earlier is kept."""
    one = hook(num_checkpoints=2, score='dice/gland', rule=rule)
    runner = Runner(tmp_path)
    for value in (0.1, 0.6, float('nan'), 0.7, 0.2, 0.6):
        runner.iter += 1
        one.after_val_epoch(runner, {'dice/gland': value})
    names = [f'top_dice_gland_iter_{k}.pth' for k in kept]
    assert [name for _, name in runner.info['top_checkpoints']] == names
    assert {p.name for p in tmp_path.iterdir()} == set(names)


def test_a_score_and_a_validation_are_needed(tmp_path):
    with pytest.raises(InputError, match=r"no score 'dice_per_image'; .*mIoU"):
        hook().after_val_epoch(Runner(tmp_path), dict(mIoU=0.5))
    with pytest.raises(InputError, match='validates nothing'):
        hook().before_train(Runner(tmp_path))


def test_nothing_to_average(tmp_path):
    one = hook()
    one.after_train(Runner(tmp_path))
    assert one.path is None
    assert not list(tmp_path.iterdir())
