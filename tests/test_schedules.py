"""Schedules of configs/_base_/ follow the number of iterations."""

from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import PARAM_SCHEDULERS

FOLDER = Path(__file__).parents[1] / 'configs' / '_base_' / 'schedules'
LR = 6e-5


def rates(name, iterations):
    """Learning rate of each iteration, as mmengine's runner builds it."""
    cfg = Config.fromfile(FOLDER / f'{name}.py')
    assert cfg.optim_wrapper.optimizer.lr == LR
    optimizer = torch.optim.SGD([torch.ones(1)], LR)
    schedulers = []
    for one in cfg.param_scheduler:
        one.setdefault('end', iterations)  # the runner's default
        schedulers.append(
            PARAM_SCHEDULERS.build(one, default_args=dict(optimizer=optimizer))
        )
    found = []
    for _ in range(iterations):
        found.append(optimizer.param_groups[0]['lr'])
        for scheduler in schedulers:
            scheduler.step()
    return torch.tensor(found, dtype=torch.float64)


DOWN = {
    'schedule_40k': lambda share: 1 - share,
    'cosine_40k': lambda share: (1 + torch.cos(torch.pi * share)) / 2,
}


@pytest.mark.parametrize('iterations', [2, 400, 5000])
@pytest.mark.parametrize('name', DOWN)
def test_up_and_down_to_the_last_iteration(name, iterations):
    steps = torch.arange(iterations, dtype=torch.float64)
    up = (1e-6 + (1 - 1e-6) * steps / 1499).clamp(max=1)
    expected = LR * up * DOWN[name](steps / iterations)
    found = rates(name, iterations)
    torch.testing.assert_close(found, expected, rtol=0, atol=2e-3 * LR)
    if iterations > 1500:
        assert found[-1] < 1e-3 * LR


def test_restarts():
    found = rates('cosine_restarts_40k', 40000)
    for start in range(0, 40000, 10000):
        assert found[start] == pytest.approx(LR)
        assert found[start + 5000] == pytest.approx(LR / 2)
        assert found[start + 9999] < 1e-6 * LR
