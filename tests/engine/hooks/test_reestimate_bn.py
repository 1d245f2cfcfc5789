import json
import shutil
from types import SimpleNamespace

import pytest
import torch
from mmseg.registry import HOOKS
from torch import nn

from mmseg_medical.apis import load_config
from mmseg_medical.apis import test as run_test
from mmseg_medical.engine.batch_norm import (
    batch_norms,
    recent_batches,
    reestimate,
    statistics,
)
from mmseg_medical.engine.checkpoint import load_checkpoint
from mmseg_medical.errors import InputError

HOOK = "dict(type='ReestimateBNHook', num_batches=2)"
INTERVALS = """
train_cfg = dict(max_iters=4, val_interval=2)
custom_hooks = [{}]
"""


def logged(work_dir, key):
    (log,) = work_dir.glob('*/vis_data/scalars.json')
    lines = map(json.loads, log.read_text().splitlines())
    return {line['step']: line[key] for line in lines if key in line}


def weights(path):
    return load_checkpoint(path)['state_dict']


def estimated(runner, path, iteration):
    """Statistics of a checkpoint, estimated anew for its weights."""
    runner.model.load_state_dict(weights(path))
    names = list(batch_norms(runner.model))
    batches = recent_batches(runner, 2, iteration)
    reestimate(runner.model, batches, names=names)
    return statistics(runner.model, names)


def test_what_is_validated_and_saved(run, tmp_path):
    """Losses stay, statistics are those of the weights, also of the best."""
    run(4, INTERVALS.format(''), work_dir='without')
    runner = run(4, INTERVALS.format(HOOK))
    without, work_dir = tmp_path / 'without', tmp_path / 'work'
    losses = logged(work_dir, 'loss')
    assert losses == logged(without, 'loss')
    assert len(losses) == 4
    (best,) = work_dir.glob('best_*.pth')
    iteration = int(best.stem.rpartition('_')[2])
    plain = weights(without / f'iter_{iteration}.pth')
    for path in (best, work_dir / f'iter_{iteration}.pth'):
        found = weights(path)
        expected = estimated(runner, path, iteration)
        assert len(expected) > 50
        for name, value in expected.items():
            torch.testing.assert_close(found[name], value)
            counts = name.endswith('num_batches_tracked')
            assert counts or not torch.equal(value, plain[name])
        for name in found.keys() - expected.keys():
            assert torch.equal(found[name], plain[name])

    resumed = tmp_path / 'resumed'
    resumed.mkdir()
    shutil.copy(work_dir / 'iter_2.pth', resumed)
    workers = {'train_dataloader.num_workers': 1}
    again = INTERVALS.format(HOOK)
    run(4, again, work_dir='resumed', resume=True, **workers)
    later = weights(work_dir / 'iter_4.pth')
    for name, value in weights(resumed / 'iter_4.pth').items():
        assert torch.equal(value, later[name]), name
    scores = logged(work_dir, 'dice_per_image')
    assert logged(resumed, 'dice_per_image') == scores


def averaged(kind, raw):
    """Weights of the average after each iteration, from 1 on."""
    mean = [raw[0]]
    for k, value in enumerate(raw[1:], 2):
        share = 0.3 if kind == 'ExponentialMovingAverage' else 1 / k
        mean.append(mean[-1] + share * (value - mean[-1]))
    return mean


@pytest.mark.parametrize(
    'average',
    [
        dict(ema_type='StochasticWeightAverage'),
        dict(
            ema_type='ExponentialMovingAverage',
            momentum=0.3,
            update_buffers=True,
        ),
    ],
    ids=lambda c: c['ema_type'],
)
def test_averaged_weights(
    run, tmp_path, average, hubmap, tiny_config, small_network
):
    """The average is validated, in the best file, tested and resumed."""
    extra = INTERVALS.format(f"dict(type='EMAHook', **{average}), {HOOK}")
    extra += "default_hooks['checkpoint']['interval'] = 1\n"
    runner = run(4, extra)
    work_dir = tmp_path / 'work'
    files = [load_checkpoint(work_dir / f'iter_{k}.pth') for k in (1, 2, 3, 4)]
    name = 'decode_head.conv_seg.weight'
    raw = [file['ema_state_dict'][f'module.{name}'] for file in files]
    mean = averaged(average['ema_type'], raw)
    for file, value in zip(files, mean, strict=True):
        torch.testing.assert_close(file['state_dict'][name], value)

    (best,) = work_dir.glob('best_*.pth')
    iteration = int(best.stem.rpartition('_')[2])
    torch.testing.assert_close(weights(best)[name], mean[iteration - 1])
    for key, value in estimated(runner, best, iteration).items():
        torch.testing.assert_close(weights(best)[key], value)
    for tta in (False, True):  # the hook is in the config of a test as well
        cfg = load_config(
            tiny_config(hubmap(), 4, small_network + extra),
            work_dir=str(tmp_path / 'test'),
            options=dict(tta_model=dict(views=['identity'])),
        )
        cfg.experiment_name = f'{tmp_path.name}_{tta}'
        score = run_test(cfg, str(best), tta=tta)['dice_per_image']
        assert score == logged(work_dir, 'dice_per_image')[iteration]

    resumed = tmp_path / 'resumed'
    resumed.mkdir()
    shutil.copy(work_dir / 'iter_2.pth', resumed)
    run(4, extra, work_dir='resumed', resume=True)
    last = load_checkpoint(resumed / 'iter_4.pth')
    for part in ('state_dict', 'ema_state_dict'):
        for key, value in last[part].items():
            assert torch.equal(value, files[3][part][key]), key


def test_frozen_norms_keep_their_statistics(run, tmp_path):
    freeze = "dict(type='FreezeHook', patterns=['backbone.layer1'])"
    run(2, INTERVALS.format(f'{freeze}, {HOOK}').replace('4', '2'))
    found = weights(tmp_path / 'work' / 'iter_2.pth')
    assert found['backbone.layer1.0.bn1.running_var'].eq(1).all()
    assert found['backbone.layer2.0.bn1.running_var'].ne(1).all()


def test_refused_and_said(monkeypatch):
    with pytest.raises(InputError, match='num_batches is 0'):
        HOOKS.build(dict(type='ReestimateBNHook', num_batches=0))
    said = []
    monkeypatch.setattr(
        'mmseg_medical.engine.hooks.reestimate_bn.print_log',
        lambda text, **_: said.append(text),
    )
    hook = HOOKS.build(dict(type='ReestimateBNHook'))
    hook.before_train(SimpleNamespace(model=nn.BatchNorm2d(2)))
    assert not said
    hook.before_train(SimpleNamespace(model=nn.GroupNorm(1, 2)))
    assert 'has no batch norm' in said[0]
