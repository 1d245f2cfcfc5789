from types import SimpleNamespace

import pytest
import torch
import torch.distributed
from mmengine.model import MMDistributedDataParallel
from mmengine.runner import BaseLoop
from torch import nn

from mmseg_medical.engine.wrapping import trains, within, wrap_again


@pytest.fixture
def runner(tmp_path):
    """Runner of one process with a distributed wrapper."""
    torch.distributed.init_process_group(
        'gloo', init_method=f'file://{tmp_path}/store', rank=0, world_size=1
    )

    def wrap(cfg, model):
        assert cfg is None
        return MMDistributedDataParallel(model)

    model = nn.Sequential(nn.Linear(1, 1), nn.Linear(1, 1))
    yield SimpleNamespace(cfg={}, wrap_model=wrap, model=wrap(None, model))
    torch.distributed.destroy_process_group()


def test_a_new_wrapper_waits_for_what_learns_now(runner):
    """The old one would refuse the second iteration."""
    model = runner.model.module
    model[0].requires_grad_(False)
    wrap_again(runner)
    for _ in range(2):
        runner.model(torch.ones(1, 1)).sum().backward()
    assert runner.model.module is model
    assert model[0].weight.grad is None
    assert model[1].bias.grad == 2


def test_without_a_wrapper_nothing_happens():
    model = nn.Linear(1, 1)
    runner = SimpleNamespace(model=model)
    wrap_again(runner)
    assert runner.model is model
    assert within(model) is model


def test_what_is_within(runner):
    assert within(runner.model) is runner.model.module


def test_a_runner_that_trains_has_built_its_loop():
    loop = object.__new__(type('Loop', (BaseLoop,), {'run': None}))
    assert trains(SimpleNamespace(_train_loop=loop))
    assert not trains(SimpleNamespace(_train_loop=dict(max_iters=1)))
