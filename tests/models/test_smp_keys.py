"""Weights that smp saved, by every way in which a model is loaded."""

import copy

import pytest
import segmentation_models_pytorch as smp
import torch
from mmengine.runner import load_checkpoint
from mmseg.registry import MODELS

from mmseg_medical.apis import load_config
from mmseg_medical.apis import test as run_test


@pytest.fixture(scope='module')
def theirs():
    torch.manual_seed(0)
    return smp.Unet('mobilenet_v2', encoder_weights=None).eval()


CONFIG = dict(
    type='MedicalSegmentor',
    task='binary',
    backbone=dict(type='SMPEncoder', encoder_name='mobilenet_v2'),
    decode_head=dict(
        type='SMPDecodeHead',
        arch='Unet',
        encoder_name='mobilenet_v2',
        num_classes=2,
        out_channels=1,
        threshold=0.5,
        loss_decode=dict(type='BCELoss'),
    ),
)


def assert_same(ours, theirs):
    img = torch.randn(1, 3, 64, 32)
    with torch.no_grad():
        torch.testing.assert_close(
            ours.eval()(img), theirs(img), atol=0, rtol=0
        )


def test_a_plain_state_dict(theirs):
    ours = MODELS.build(CONFIG)
    weights = theirs.state_dict()
    ours.load_state_dict(weights)
    assert_same(ours, theirs)
    assert weights.keys() == theirs.state_dict().keys()


def test_as_mmengine_loads_it(theirs, tmp_path):
    torch.save(theirs.state_dict(), tmp_path / 'smp.pth')
    ours = MODELS.build(CONFIG)
    load_checkpoint(ours, str(tmp_path / 'smp.pth'), strict=True)
    assert_same(ours, theirs)


def test_as_the_parts_are_initialised(theirs, tmp_path):
    torch.save(theirs.state_dict(), tmp_path / 'smp.pth')
    config = copy.deepcopy(CONFIG)
    for part in ('backbone', 'decode_head'):
        config[part]['init_cfg'] = dict(
            type='Pretrained', checkpoint=str(tmp_path / 'smp.pth')
        )
    ours = MODELS.build(config)
    ours.init_weights()
    assert_same(ours, theirs)


def test_our_own_checkpoints_and_back_to_smp(theirs):
    ours = MODELS.build(CONFIG)
    again = MODELS.build(CONFIG)
    again.load_state_dict(ours.state_dict())
    back = smp.Unet('mobilenet_v2', encoder_weights=None).eval()
    back.load_state_dict(
        {k.split('.', 1)[1]: v for k, v in ours.state_dict().items()}
    )
    assert_same(again, back)


def test_a_classifier_is_reported():
    aux = dict(classes=2)
    weights = smp.Unet(
        'mobilenet_v2', encoder_weights=None, aux_params=aux
    ).state_dict()
    ours = MODELS.build(CONFIG)
    with pytest.raises(RuntimeError, match=r'classification_head\.3\.weight'):
        ours.load_state_dict(weights)
    found = ours.load_state_dict(weights, strict=False)
    assert found.missing_keys == []
    assert all(k.startswith('class') for k in found.unexpected_keys)


def test_other_models_keep_their_keys():
    """U-Net of MMSegmentation has an encoder and a decoder of its own."""
    config = dict(
        CONFIG,
        backbone=dict(type='UNet', base_channels=4),
        decode_head=dict(
            type='FCNHead',
            in_channels=4,
            in_index=4,
            channels=4,
            num_classes=2,
        ),
    )
    weights = MODELS.build(config).state_dict()
    MODELS.build(config).load_state_dict(weights)


def test_the_tool_that_tests(theirs, hubmap, tiny_config, tmp_path):
    weights = theirs.state_dict()
    weights['segmentation_head.0.weight'] = torch.zeros(1, 16, 3, 3)
    weights['segmentation_head.0.bias'] = torch.full((1,), 9.0)
    torch.save(weights, tmp_path / 'smp.pth')
    path = tiny_config(
        hubmap(2),
        extra=f'model = dict(backbone=dict(_delete_=True, **'
        f'{CONFIG["backbone"]}), decode_head=dict(_delete_=True, **'
        f'{CONFIG["decode_head"]}))',
    )
    cfg = load_config(path, work_dir=str(tmp_path / 'work'))
    scores = run_test(cfg, str(tmp_path / 'smp.pth'), tta=True)
    share = 613 / (64 * 80)  # of the disc, where all is taken for it
    assert scores['dice_per_image'] == pytest.approx(
        2 * share / (1 + share), abs=0.01
    )
