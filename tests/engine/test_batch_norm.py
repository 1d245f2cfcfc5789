import random

import numpy as np
import pytest
import torch
from torch import nn
from torch.optim.swa_utils import update_bn

from mmseg_medical.engine.batch_norm import (
    batch_norms,
    copy_statistics,
    reestimate,
    statistics,
)


class Network(nn.Module):
    """Segmentor as far as the estimates know one."""

    def __init__(self):
        super().__init__()
        self.backbone = nn.Sequential(
            nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4, momentum=0.01), nn.ReLU()
        )
        self.head = nn.Sequential(
            nn.Dropout(0.5), nn.Conv2d(4, 2, 1), nn.BatchNorm2d(2)
        )
        self.unused = nn.BatchNorm2d(2)
        self.plain = nn.BatchNorm2d(2, track_running_stats=False)

    def data_preprocessor(self, batch, training):
        assert training
        return dict(inputs=2 * batch)

    def forward(self, inputs, mode='tensor'):
        if mode == 'loss':
            random.random(), np.random.random(), torch.rand(1)
        return self.head(self.backbone(inputs))


NAMES = ['backbone.1', 'head.2', 'unused']


@pytest.fixture
def model():
    torch.manual_seed(0)
    return Network()


@pytest.fixture
def batches():
    return [torch.randn(2, 3, 6, 6) * k + k for k in (1, 2, 3)]


def test_means_over_batches(model, batches):
    maps = [model.backbone[0](2 * batch) for batch in batches]
    reestimate(model, batches, names=NAMES)
    norm = model.backbone[1]
    means = torch.stack([x.mean((0, 2, 3)) for x in maps]).mean(0)
    spreads = torch.stack([x.transpose(0, 1).flatten(1).var(1) for x in maps])
    torch.testing.assert_close(norm.running_mean, means)
    torch.testing.assert_close(norm.running_var, spreads.mean(0))
    assert norm.momentum == 0.01


def test_as_of_stochastic_weight_averaging(model, batches):
    """torch's own, which keeps dropout: there is none here."""
    model.head[0].p = 0
    reestimate(model, batches, names=NAMES)
    found = {k: v.clone() for k, v in statistics(model, NAMES[:2]).items()}
    update_bn([2 * batch for batch in batches], model)
    for name, value in statistics(model, NAMES[:2]).items():
        torch.testing.assert_close(found[name], value)


def test_nothing_else_changes(model, batches):
    model.train()
    model.backbone[1].eval()
    modes = [module.training for module in model.modules()]
    before = {k: v.clone() for k, v in model.state_dict().items()}
    states = random.getstate(), torch.get_rng_state()
    numbers = np.random.get_state()[1].copy()
    reestimate(model, batches, names=['head.2', 'unused'])
    assert [module.training for module in model.modules()] == modes
    assert random.getstate() == states[0]
    assert torch.equal(torch.get_rng_state(), states[1])
    assert (np.random.get_state()[1] == numbers).all()
    moved = {
        k for k, v in model.state_dict().items() if not v.equal(before[k])
    }
    assert {name.rpartition('.')[0] for name in moved} == {'head.2'}


def test_an_error_leaves_the_network_as_it_was(model, batches):
    before = model.backbone[1].momentum
    with pytest.raises(RuntimeError):
        reestimate(model, [torch.ones(2, 5, 6, 6)], names=NAMES)
    assert model.backbone[1].momentum == before
    assert model.training
    assert model.backbone[1].running_var.eq(1).all()


def test_names(model):
    assert list(batch_norms(model)) == NAMES
    assert list(statistics(model, ['head.2'])) == [
        f'head.2.{name}'
        for name in ('running_mean', 'running_var', 'num_batches_tracked')
    ]


def test_copies(model, batches):
    copy = Network()
    reestimate(model, batches, names=NAMES)
    copy_statistics(model, copy, ['head.2'])
    assert copy.head[2].running_var.equal(model.head[2].running_var)
    assert copy.backbone[1].running_var.eq(1).all()
