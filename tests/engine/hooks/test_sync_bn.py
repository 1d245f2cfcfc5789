from types import SimpleNamespace

import pytest
import torch
from mmengine.runner import BaseLoop
from mmseg.registry import HOOKS
from torch import nn

from mmseg_medical.engine.hooks.sync_bn import synchronize

ELSEWHERE = nn.BatchNorm2d(2, device='meta')  # as if on a GPU


@pytest.mark.parametrize(
    ('norm', 'processes', 'batch_size', 'reason'),
    [
        (ELSEWHERE, 2, 8, None),
        (ELSEWHERE, 2, 9, '9 images of a process are enough'),
        (ELSEWHERE, 1, 2, 'one process'),
        (nn.BatchNorm2d(2), 2, 2, 'on GPUs only'),
        (nn.GroupNorm(1, 2), 2, 2, 'the model has none'),
    ],
)
def test_where_it_helps(norm, processes, batch_size, reason):
    hook = HOOKS.build(dict(type='SyncBNHook'))
    found = hook.why_not(nn.Sequential(norm), processes, batch_size)
    assert (found is None) == (reason is None)
    assert reason is None or reason in found


@pytest.mark.parametrize('helps', [True, False])
def test_before_a_training(monkeypatch, helps):
    hook = HOOKS.build(dict(type='SyncBNHook'))
    monkeypatch.setattr(
        hook, 'why_not', lambda *_: None if helps else 'one process trains'
    )
    model = nn.Sequential(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2))
    parameters = list(model.parameters())
    runner = SimpleNamespace(
        model=model,
        train_dataloader=SimpleNamespace(batch_size=2),
        _train_loop={},
    )
    hook.before_run(runner)  # of a test
    assert type(model[1]) is nn.BatchNorm2d
    loop = type('Loop', (BaseLoop,), {'run': None})
    runner._train_loop = object.__new__(loop)
    hook.before_run(runner)
    assert type(model[1]) is (nn.SyncBatchNorm if helps else nn.BatchNorm2d)
    assert all(map(torch.Tensor.is_set_to, model.parameters(), parameters))


def test_activations_within_the_norms_of_timm_stay():
    timm = pytest.importorskip('timm')
    model = timm.create_model('efficientnet_lite0', features_only=True)
    assert type(model.bn1).__name__ == 'BatchNormAct2d'
    synchronize(model)
    assert isinstance(model.bn1, nn.SyncBatchNorm)
    model.eval()
    x = model.bn1(torch.randn(1, 32, 2, 2))
    assert x.min() >= 0
