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


@pytest.mark.parametrize('iterations', [4000, 6000])
@pytest.mark.parametrize('name', ['schedule_40k', 'cosine_40k'])
def test_up_and_down_to_the_last_iteration(name, iterations):
    found = rates(name, iterations)
    top = int(found.argmax())
    assert 1497 <= top <= 1502
    assert found[top] == pytest.approx(LR, rel=1e-3)
    assert found[0] < 1e-9
    assert (found[:top].diff() > 0).all()
    assert (found[top:].diff() <= 0).all()
    assert found[-1] < 1e-3 * LR
    middle = found[(1500 + iterations) // 2] / LR
    assert middle == pytest.approx(0.5, abs=2e-3)


def test_a_cosine_is_one():
    found = rates('cosine_40k', 5500)
    quarter = found[2500] / LR
    assert quarter == pytest.approx((1 + 0.5**0.5) / 2, abs=1e-3)


def test_restarts():
    found = rates('cosine_restarts_40k', 40000)
    for start in range(0, 40000, 10000):
        assert found[start] == pytest.approx(LR)
        assert found[start + 5000] == pytest.approx(LR / 2)
        assert found[start + 9999] < 1e-6 * LR
