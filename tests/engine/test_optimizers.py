"""Optimizers, and what mmengine's wrapper does with them in our loop."""

import sys

import pytest
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import OPTIMIZERS
from mmseg.registry import MODELS
from torch import nn

import mmseg_medical
from mmseg_medical.apis import drop_pretrained, load_config, train
from mmseg_medical.engine.optimizers import NAMES, timm_optimizer
from mmseg_medical.errors import InputError

TORCHS = ('AdamW', 'RAdam', 'NAdam')
GRADIENT = torch.tensor([0.5, -2.0, 1e-3])


def after(name, steps=1, **options):
    """Weights that were 1 after steps with the gradient above."""
    weight = nn.Parameter(torch.ones(3))
    cfg = dict(optimizer=dict(type=name, **options))
    wrapped = build_optim_wrapper(nn.ParameterList([weight]), cfg)
    for _ in range(steps):
        wrapped.update_params((weight * GRADIENT).sum())
    return weight.detach()


@pytest.mark.parametrize('name', NAMES + TORCHS)
def test_every_one_goes_down(name):
    pytest.importorskip('timm')
    moved = after(name, 2, lr=1e-2) - 1
    assert (moved * GRADIENT)[:2].lt(0).all()


def test_first_step_of_adabelief():
    """Zhuang et al., NeurIPS 2020, algorithm 2, eps in the variance."""
    pytest.importorskip('timm')
    lr, eps, (b1, b2) = 1e-2, 1e-8, (0.9, 0.999)
    m = (1 - b1) * GRADIENT
    s = (1 - b2) * (GRADIENT - m) ** 2 + eps
    step = (m / (1 - b1)) / ((s / (1 - b2)).sqrt() + eps)
    found = after('AdaBelief', lr=lr, eps=eps, rectify=False)
    torch.testing.assert_close(found, 1 - lr * step, rtol=1e-5, atol=0)


def test_first_step_of_lion():
    """Chen et al., NeurIPS 2023, algorithm 2; decay is decoupled."""
    pytest.importorskip('timm')
    lr, decay = 1e-2, 0.1
    expected = 1 - lr * (GRADIENT.sign() + decay)
    found = after('Lion', lr=lr, weight_decay=decay)
    torch.testing.assert_close(found, expected)


def test_first_step_of_adan():
    """Xie et al., TPAMI 2024, algorithm 1: no difference of gradients yet.

    With betas as the share that is kept, and bias corrections.
    """
    pytest.importorskip('timm')
    lr, decay, eps = 1e-2, 0.1, 1e-8
    step = lr * GRADIENT / (GRADIENT.abs() + eps)
    expected = (1 - step) / (1 + lr * decay)
    found = after('Adan', lr=lr, weight_decay=decay)
    torch.testing.assert_close(found, expected)


def test_names_that_are_taken_stay_who_they_are():
    for name in TORCHS:
        assert OPTIMIZERS.get(name) is getattr(torch.optim, name)


def test_without_timm(monkeypatch):
    monkeypatch.setitem(sys.modules, 'timm', None)
    with pytest.raises(ImportError, match=r'mmsegmentation-medical\[smp\]'):
        timm_optimizer('AdaBelief')([nn.Parameter(torch.ones(1))])


def test_a_timm_without_it():
    pytest.importorskip('timm')
    with pytest.raises(InputError, match='has no optimizer Adanissimo'):
        timm_optimizer('Adanissimo')([])


BACKBONES = {
    'unet_smp': dict(encoder_name='resnet18', encoder_weights=None),
    'unetfpn_efficientnet_b4': dict(),
    'segformer_mit_b0': dict(),
}


@pytest.mark.parametrize('base', BACKBONES)
def test_backbone_and_head_learn_at_rates_of_their_own(base):
    path = mmseg_medical.config_path(f'_base_/models/{base}.py')
    cfg = Config.fromfile(path).model
    drop_pretrained(cfg)
    cfg.backbone.update(BACKBONES[base])
    if base == 'unet_smp':
        cfg.decode_head.encoder_name = 'resnet18'
    model = MODELS.build(cfg)
    wrapped = build_optim_wrapper(
        model,
        dict(
            optimizer=dict(type='AdamW', lr=1e-3, weight_decay=0.1),
            paramwise_cfg=dict(
                custom_keys=dict(
                    backbone=dict(lr_mult=0.1),
                    decode_head=dict(decay_mult=0.5),
                )
            ),
        ),
    )
    found = {
        id(weight): (group['lr'], group['weight_decay'])
        for group in wrapped.param_groups
        for weight in group['params']
    }
    rates = {
        'backbone': pytest.approx((1e-4, 0.1)),
        'decode_head': pytest.approx((1e-3, 0.05)),
    }
    seen = set()
    for name, weight in model.named_parameters():
        part = name.split('.')[0]
        seen.add(part)
        assert found[id(weight)] == rates[part], name
    assert seen == set(rates)


def test_batches_that_are_accumulated(hubmap, tiny_config, tmp_path):
    """Twice two images are as four, without batch norm and drop-out."""
    extra = """
model['backbone'].update(drop_path_rate=0.0)
model['decode_head'].update(
    dropout_ratio=0.0, loss_decode=[dict(type='CELoss')]
)
param_scheduler = []
optim_wrapper = dict(
    _delete_=True, type='OptimWrapper', clip_grad=dict(max_norm=0.5),
    optimizer=dict(type='SGD', lr=0.1, momentum=0.9),
)
"""
    weights = []
    for size in (4, 2):
        count = 4 // size
        lines = f"""
train_dataloader['batch_size'] = {size}
optim_wrapper['accumulative_counts'] = {count}
"""
        cfg = load_config(
            tiny_config(hubmap(8), 3 * count, extra + lines),
            work_dir=str(tmp_path / str(size)),
        )
        cfg.experiment_name = f'{tmp_path.name}_{size}'
        weights.append(train(cfg, pretrained=False).model.state_dict())
    whole, halves = weights
    for name, weight in whole.items():
        torch.testing.assert_close(
            halves[name], weight, rtol=1e-4, atol=1e-5, msg=name
        )
