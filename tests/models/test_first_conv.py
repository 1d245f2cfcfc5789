import logging

import pytest
import torch
from mmengine.logging import MMLogger
from mmseg.registry import MODELS
from torch import nn

from mmseg_medical.models.first_conv import inflate, inflate_first_conv

RGB = torch.tensor([1.0, 2.0, 4.0]).reshape(1, 3, 1, 1)


@pytest.mark.parametrize(
    ('channels', 'expected'),
    [
        (1, [7]),
        (2, [5, 2]),
        (3, [1, 2, 4]),
        (4, [0.5, 2, 4, 0.5]),
        (5, [0.5, 1, 4, 0.5, 1]),
        (6, [0.5, 1, 2, 0.5, 1, 2]),
    ],
)
def test_by_hand(channels, expected):
    assert inflate(RGB, channels).flatten().tolist() == expected


@pytest.mark.parametrize('old', [1, 3, 4])
@pytest.mark.parametrize('new', [1, 2, 3, 4, 5, 7, 9])
def test_gray_images_get_the_same_response(old, new):
    weight = torch.randn(8, old, 3, 3)
    gray = torch.randn(1, 1, 9, 9)
    torch.testing.assert_close(
        nn.functional.conv2d(gray.expand(-1, old, -1, -1), weight),
        nn.functional.conv2d(
            gray.expand(-1, new, -1, -1), inflate(weight, new)
        ),
        atol=1e-5,
        rtol=1e-5,
    )


def test_half_precision_stays():
    assert inflate(RGB.half(), 5).dtype == torch.float16


BACKBONES = {
    'MiT': dict(
        type='MixVisionTransformer',
        embed_dims=8,
        num_layers=[1, 1, 1, 1],
        num_heads=[1, 1, 2, 2],
    ),
    'ResNet': dict(type='ResNet', depth=18),
    'deep stem': dict(type='ResNetV1c', depth=18),
    'two paths': dict(  # each with a convolution on the image
        type='BiSeNetV2',
        detail_channels=(8, 8, 16),
        semantic_channels=(8, 16, 16, 16),
        bga_channels=16,
    ),
    'Swin': dict(  # loads its weights itself
        type='SwinTransformer',
        embed_dims=8,
        depths=[1, 1, 1, 1],
        num_heads=[1, 1, 2, 2],
    ),
    'mmpretrain': dict(
        type='mmpretrain.ConvNeXt', arch='atto', out_indices=[0, 1, 2, 3]
    ),
    'timm': dict(type='TIMMEncoder', model_name='resnet18'),
    'smp': dict(type='SMPEncoder', encoder_name='resnet18'),
}


def segmentor(backbone, **changes):
    """A model whose head is never called."""
    return MODELS.build(
        dict(
            type='MedicalSegmentor',
            task='binary',
            backbone=dict(backbone, **changes),
            decode_head=dict(
                type='FCNHead', in_channels=8, channels=8, num_classes=2
            ),
        )
    )


def changed(model, state):
    """Keys whose weights another state dict has in another shape."""
    ours = model.state_dict()
    return [k for k in ours if k in state and ours[k].shape != state[k].shape]


@pytest.mark.parametrize('name', BACKBONES)
@pytest.mark.parametrize('way', ['init_cfg', 'load_state_dict'])
def test_backbones_of_every_library(name, way, tmp_path, caplog):
    trained = segmentor(BACKBONES[name])
    weights = trained.state_dict()
    if way == 'load_state_dict':
        model = segmentor(BACKBONES[name], in_channels=5)
        keys = changed(model, weights)
        model.load_state_dict(weights)
    else:
        path = str(tmp_path / 'a.pth')
        torch.save(trained.backbone.state_dict(), path)
        init = dict(type='Pretrained', checkpoint=path)
        model = segmentor(BACKBONES[name], in_channels=5, init_cfg=init)
        keys = changed(model, weights)
        logger = MMLogger.get_current_instance()
        logger.addHandler(caplog.handler)
        with caplog.at_level(logging.INFO, logger.name):
            model.backbone.init_weights()
        logger.removeHandler(caplog.handler)
        assert 'adapted from 3 to 5 input channels' in caplog.text
    assert len(keys) == (2 if name == 'two paths' else 1)
    loaded = model.state_dict()
    for key, weight in weights.items():
        if key.startswith('backbone'):
            expected = inflate(weight, 5) if key in keys else weight
            torch.testing.assert_close(loaded[key], expected)


def test_the_given_weights_stay_as_they_are():
    model = segmentor(BACKBONES['ResNet'], in_channels=1)
    weights = segmentor(BACKBONES['ResNet']).state_dict()
    model.load_state_dict(weights)
    assert weights['backbone.conv1.weight'].shape[1] == 3


def test_other_differences_are_left_to_the_loader():
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Conv2d(4, 4, 3))
    model.register_load_state_dict_pre_hook(inflate_first_conv)
    weights = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Conv2d(8, 4, 3))
    with pytest.raises(RuntimeError, match=r'mismatch for 1\.weight') as error:
        model.load_state_dict(weights.state_dict())
    assert '0.weight' not in str(error.value)


def test_networks_without_convolutions_are_left_alone():
    model = nn.Sequential(nn.Linear(2, 2))
    model.register_load_state_dict_pre_hook(inflate_first_conv)
    model.load_state_dict(nn.Sequential(nn.Linear(2, 2)).state_dict())
