import pytest
import torch
from mmengine.config import Config
from mmseg.registry import MODELS
from torch import nn

from mmseg_medical import config_path


def build(kind, stages=4, **changes):
    torch.manual_seed(0)
    head = MODELS.build(
        dict(
            type=kind,
            in_channels=[8, 16, 24, 32][:stages],
            in_index=list(range(stages)),
            channels=32,
            num_classes=3,
            dropout_ratio=0,
            **changes,
        )
    )
    for parameter in head.parameters():  # norms and biases as after training
        nn.init.normal_(parameter, std=0.3)
    return head


def features(stages=4, size=(24, 20)):
    torch.manual_seed(1)
    return [
        torch.randn(2, 8 + 8 * k, -(-size[0] >> k), -(-size[1] >> k))
        for k in range(stages)
    ]


@pytest.mark.parametrize('training', [False, True])
@pytest.mark.parametrize(
    'changes',
    [
        dict(norm_cfg=dict(type='GN', num_groups=8)),
        dict(norm_cfg=dict(type='BN')),
        dict(norm_cfg=None),  # then the fusion has a bias
        dict(norm_cfg=None, act_cfg=None),
        dict(norm_cfg=dict(type='BN'), align_corners=True),
        dict(norm_cfg=dict(type='BN'), interpolate_mode='nearest'),
        dict(norm_cfg=dict(type='BN'), stages=2),
        dict(norm_cfg=dict(type='BN'), stages=1),
    ],
    ids=str,
)
def test_equal_to_mmsegmentation(changes, training):
    if changes.get('interpolate_mode') == 'nearest':
        changes = dict(changes, align_corners=None)
    ours = build('FusedSegformerHead', **changes).train(training)
    theirs = build('SegformerHead', **changes).train(training)
    theirs.load_state_dict(ours.state_dict())
    results = []
    for head in (ours, theirs):
        maps = [x.requires_grad_() for x in features(changes.get('stages', 4))]
        logits = head(maps)
        logits.square().mean().backward()
        grads = [x.grad for x in maps] + [p.grad for p in head.parameters()]
        results.append([logits, *grads, *head.buffers()])
    torch.testing.assert_close(*results, atol=1e-5, rtol=1e-4)


def test_synchronised_norm_in_eval_mode():
    norm = dict(type='SyncBN')
    ours = build('FusedSegformerHead', norm_cfg=norm).eval()
    theirs = build('SegformerHead', norm_cfg=norm).eval()
    theirs.load_state_dict(ours.state_dict())
    torch.testing.assert_close(
        ours(features()), theirs(features()), atol=1e-5, rtol=1e-5
    )


def test_odd_sizes():
    norm = dict(type='GN', num_groups=8)
    ours = build('FusedSegformerHead', norm_cfg=norm)
    theirs = build('SegformerHead', norm_cfg=norm)
    theirs.load_state_dict(ours.state_dict())
    maps = features(size=(23, 17))
    torch.testing.assert_close(ours(maps), theirs(maps), atol=1e-5, rtol=1e-5)


def test_mixed_precision():
    head = build('FusedSegformerHead', norm_cfg=dict(type='BN')).eval()
    with torch.autocast('cpu', torch.bfloat16):
        half = head(features())
    assert half.dtype == torch.bfloat16
    torch.testing.assert_close(
        half.float(), head(features()), atol=0.3, rtol=0.1
    )


def test_our_configs_choose_it():
    cfg = Config.fromfile(config_path('hubmap/segformer_mitb2.py'))
    assert cfg.model.decode_head.type == 'FusedSegformerHead'
