import shutil
from fnmatch import fnmatchcase
from types import SimpleNamespace

import pytest
import torch
from mmengine.runner import BaseLoop
from mmseg.registry import HOOKS
from torch import nn

from mmseg_medical.apis import load_config, train
from mmseg_medical.engine.checkpoint import load_checkpoint
from mmseg_medical.errors import InputError


def network():
    return nn.ModuleDict(
        dict(
            backbone=nn.Sequential(
                nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Conv2d(4, 4, 1)
            ),
            decode_head=nn.Sequential(nn.BatchNorm2d(4), nn.Conv2d(4, 2, 1)),
        )
    )


def fitted(model, *hooks, iteration=0):
    """Runner with hooks, as they are after the start of a training."""
    runner = SimpleNamespace(
        model=model,
        iter=iteration,
        hooks=[HOOKS.build(dict(type='FreezeHook', **cfg)) for cfg in hooks],
        _train_loop=object.__new__(type('Loop', (BaseLoop,), {'run': None})),
    )
    for step in ('before_run', 'before_train'):
        for hook in runner.hooks:
            getattr(hook, step)(runner)
    return runner


def go_to(runner, iteration):
    runner.iter = iteration
    runner.model.train()
    for hook in runner.hooks:
        hook.before_train_iter(runner, 0)


def learning(model):
    return [n for n, p in model.named_parameters() if p.requires_grad]


def step(model, optimizer):
    img = torch.rand(2, 3, 8, 8)
    model.decode_head(model.backbone(img)).square().mean().backward()
    optimizer.step()
    optimizer.zero_grad()


def test_a_frozen_part_stands_still_and_then_learns():
    torch.manual_seed(0)
    model = network()
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=0.1)
    step(model, optimizer)  # there is momentum that could move it
    before = {k: v.clone() for k, v in model.backbone.state_dict().items()}
    runner = fitted(model, dict(patterns=['backbone'], end=2))
    for iteration in (0, 1):
        go_to(runner, iteration)
        step(model, optimizer)
    for name, value in model.backbone.state_dict().items():
        assert torch.equal(value, before[name]), name
    assert all(p.grad is None for p in model.backbone.parameters())
    assert model.decode_head[0].num_batches_tracked == 3

    go_to(runner, 2)
    step(model, optimizer)
    for name, value in model.backbone.state_dict().items():
        assert not torch.equal(value, before[name]), name


@pytest.mark.parametrize(
    ('patterns', 'left', 'norms'),
    [
        (['backbone', 'decode_head.0'], 'decode_head.1.*', ''),
        ('backbone.[01]', 'backbone.2.* decode_head.*', 'decode_head.0'),
        (['*.weight'], '*.bias', 'backbone.1 decode_head.0'),
        (['decode_head', '*.bias'], 'backbone.*.weight', 'backbone.1'),
        (
            ['*.weight', 'backbone.1.bias'],
            'backbone.[02].bias decode_head.*.bias',
            'decode_head.0',
        ),
    ],
)
def test_patterns(patterns, left, norms):
    """What learns, and the norms whose statistics go on."""
    model = network()
    go_to(fitted(model, dict(patterns=patterns)), 0)
    expected = [
        name
        for name, _ in model.named_parameters()
        if any(fnmatchcase(name, pattern) for pattern in left.split())
    ]
    assert learning(model) == expected
    assert norms.split() == [
        name
        for name, module in model.named_modules()
        if isinstance(module, nn.BatchNorm2d) and module.training
    ]


def test_hooks_may_overlap_and_what_the_network_froze_stays():
    model = network()
    model.backbone[0].bias.requires_grad_(False)
    runner = fitted(
        model,
        dict(patterns=['backbone'], end=2),
        dict(patterns=['backbone.0', 'backbone.1'], begin=1, end=4),
    )
    counts = []
    for iteration in range(5):
        go_to(runner, iteration)
        counts.append(len(learning(model.backbone)))
    assert counts == [0, 0, 2, 2, 5]
    assert not model.backbone[0].bias.requires_grad


@pytest.mark.parametrize(
    ('hook', 'message'),
    [
        (dict(patterns=['backbne']), "'backbne' is no .* near .* backbone"),
        (dict(patterns=['decode_head.2']), r'decode_head\.[01]'),
        (dict(patterns=['#']), 'near it are backbone, decode_head'),
        (dict(patterns=['*']), 'leaves nothing to learn'),
        (dict(patterns=['backbone'], begin=3, end=3), 'begin=3 until end=3'),
    ],
)
def test_refused(hook, message):
    with pytest.raises(InputError, match=message):
        fitted(network(), hook)


def test_a_test_is_none_of_its_business():
    hook = HOOKS.build(dict(type='FreezeHook', patterns=['backbone']))
    runner = SimpleNamespace(model=nn.Linear(1, 1), _train_loop=dict())
    hook.before_run(runner)  # of an ensemble, which has other names


FREEZE = """
custom_hooks = [dict(type='FreezeHook', patterns=['backbone'], end={})]
"""


def weights(path):
    return load_checkpoint(path)['state_dict']


def test_resumed_in_either_phase(run, tmp_path):
    """A checkpoint of the frozen phase, and one of the other."""
    extra = FREEZE.format(3)
    run(6, extra, work_dir='whole')
    whole = {
        k: weights(tmp_path / 'whole' / f'iter_{k}.pth') for k in (2, 4, 6)
    }
    moved = {k for k, w in whole[4].items() if not torch.equal(w, whole[2][k])}
    assert any(name.startswith('backbone') for name in moved)
    for start in (2, 4):
        work_dir = tmp_path / f'from_{start}'
        work_dir.mkdir()
        name = f'iter_{start}.pth'
        shutil.copy(tmp_path / 'whole' / name, work_dir / name)
        run(6, extra, work_dir=work_dir.name, resume=True)
        for name, value in weights(work_dir / 'iter_6.pth').items():
            assert torch.equal(value, whole[6][name]), name


def test_two_processes(
    hubmap, tiny_config, small_network, tmp_path, on_two_ranks
):
    """Parts are frozen first and learn later, and the other way.

    Both have the same weights and, estimated anew, the same statistics.
    """
    extra = """
custom_hooks = [
    dict(type='FreezeHook', patterns=['backbone'], end=1),
    dict(type='FreezeHook', patterns=['decode_head'], begin=2),
    dict(type='ReestimateBNHook', num_batches=3),
    dict(type='AverageCheckpointsHook', num_batches=3),
]
"""
    extra += "train_cfg['val_interval'] = 2\n"
    extra += "default_hooks['checkpoint']['interval'] = 1\n"
    config = tiny_config(hubmap(8), 3, small_network + extra)
    work_dir = tmp_path / 'two'

    def training():
        cfg = load_config(config, work_dir=str(work_dir), launcher='pytorch')
        model = train(cfg, pretrained=False).model
        sums = torch.stack([v.sum() for v in model.state_dict().values()])
        both = [torch.empty_like(sums) for _ in range(2)]
        torch.distributed.all_gather(both, sums)
        assert torch.equal(*both)

    on_two_ranks(training)
    kept = {k: weights(work_dir / f'iter_{k}.pth') for k in (1, 2, 3)}
    moved = [
        {
            name.split('.')[0]
            for name in one
            if not name.endswith(('running_mean', 'running_var', 'tracked'))
            and not torch.equal(one[name], other[name])
        }
        for one, other in ((kept[1], kept[2]), (kept[2], kept[3]))
    ]
    assert moved == [{'backbone', 'decode_head'}, {'backbone'}]
    mean = load_checkpoint(work_dir / 'averaged.pth')
    assert len(mean['meta']['averaged']) == 2
    name = 'backbone.stem.1.num_batches_tracked'
    assert mean['state_dict'][name] == 2  # a half of three, rounded up
