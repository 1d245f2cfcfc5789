import pytest
import torch
from mmseg.registry import MODELS
from torch import nn

from mmseg_medical.errors import InputError
from mmseg_medical.models.feature_maps import Inputs, find_maps

RESNET = dict(type='ResNetV1c', depth=18, base_channels=8, stem_channels=8)
MIT = dict(
    type='MixVisionTransformer',
    embed_dims=4,
    num_layers=[1] * 4,
    num_heads=[1, 1, 2, 2],
)


def inputs(*cfgs):
    return Inputs(*(MODELS.build(cfg) for cfg in cfgs))


@pytest.mark.parametrize(
    ('cfg', 'channels', 'strides'),
    [
        (RESNET, [8, 16, 32, 64], [4, 8, 16, 32]),
        (dict(RESNET, in_channels=5), [8, 16, 32, 64], [4, 8, 16, 32]),
        (
            dict(RESNET, strides=(1, 2, 1, 1), dilations=(1, 1, 2, 4)),
            *([8, 16, 32, 64], [4, 8, 8, 8]),
        ),
        (MIT, [4, 4, 8, 8], [4, 8, 16, 32]),
        (dict(MIT, in_channels=1), [4, 4, 8, 8], [4, 8, 16, 32]),
        (
            dict(type='SMPEncoder', encoder_name='tu-test_convnext'),
            *([3, 0, 24, 32, 48, 64], [1, 2, 4, 8, 16, 32]),
        ),
        (
            dict(
                type='SMPEncoder',
                encoder_name='resnet18',
                encoder_output_stride=16,
                in_channels=2,
            ),
            *([2, 64, 64, 128, 256, 512], [1, 2, 4, 8, 16, 16]),
        ),
        (
            dict(type='TIMMEncoder', model_name='efficientnet_lite0'),
            *([16, 24, 40, 112, 320], [2, 4, 8, 16, 32]),
        ),
    ],
)
def test_channels_and_strides(cfg, channels, strides):
    found = find_maps([MODELS.build(cfg)])
    assert (found.channels, found.strides) == (channels, strides)


def test_a_network_is_left_as_it_was():
    backbone = MODELS.build(RESNET)
    backbone.layer1.eval()
    state = {k: v.clone() for k, v in backbone.state_dict().items()}
    modes = [m.training for m in backbone.modules()]
    torch.manual_seed(0)
    find_maps([backbone])
    drawn = torch.rand(3)
    torch.manual_seed(0)
    assert torch.equal(drawn, torch.rand(3))
    assert modes == [m.training for m in backbone.modules()]
    for key, value in backbone.state_dict().items():
        assert torch.equal(value, state[key]), key
    assert all(p.grad is None for p in backbone.parameters())


def test_what_a_config_says_counts():
    class Unrunnable(nn.Module):
        pass

    same = Inputs(Unrunnable())
    head = dict(type='FCNHead', in_channels=7, channels=4, num_classes=2)
    assert same.heads(head) == head
    assert same.heads([head, head]) == [head, head]
    assert same.heads(None) is None
    neck = dict(type='FPN', in_channels=[4, 8], out_channels=4, num_outs=2)
    assert same.neck(neck) == neck
    mla = dict(type='ICNeck')  # has channels of its own by default
    assert same.neck(mla) == mla


def test_heads_take_the_maps_of_their_index():
    below = inputs(RESNET)
    head = below.heads(dict(type='FCNHead', channels=4))
    assert head['in_channels'] == 64
    head = below.heads(dict(type='FCNHead', in_index=1, channels=4))
    assert head['in_channels'] == 16
    assert 'feature_strides' not in head
    fpn = dict(type='FPNHead', in_index=[-3, -1], channels=4)
    (head,) = below.heads([fpn])
    assert head['in_channels'] == [16, 64]
    assert head['feature_strides'] == [8, 32]
    assert 'in_channels' not in fpn
    heads = below.heads(dict(presence=dict(type='PresenceHead', in_index=2)))
    assert heads == dict(
        presence=dict(type='PresenceHead', in_index=2, in_channels=32)
    )


def test_a_neck_takes_the_coarsest_maps_and_heads_what_it_gives():
    encoder = dict(type='SMPEncoder', encoder_name='tu-test_convnext')
    below = inputs(encoder)
    neck = dict(type='FPN', out_channels=6, num_outs=4)
    full = below.neck(neck)
    assert full == dict(
        neck, in_channels=[3, 0, 24, 32, 48, 64], start_level=2
    )
    after = Inputs(*below.modules, MODELS.build(full))
    assert after.maps.channels == [6] * 4
    assert after.maps.strides == [4, 8, 16, 32]
    assert below.neck(dict(neck, num_outs=7))['start_level'] == 0
    assert below.neck(dict(neck, start_level=3))['start_level'] == 3


def test_decoders_of_smp_are_those_of_the_encoder():
    below = inputs(dict(type='SMPEncoder', encoder_name='resnet18'))
    smp = dict(type='SMPDecodeHead', arch='Unet', num_classes=2)
    assert below.heads(smp) == dict(smp, encoder_name='resnet18')
    named = dict(smp, encoder_name='resnet34')
    assert below.heads(named) == named
    with pytest.raises(InputError, match='SMPDecodeHead takes the maps of S'):
        inputs(RESNET).heads(smp)


def test_what_cannot_be_found():
    with pytest.raises(InputError, match=r'in_index of FCNHead is 4.* 4 maps'):
        inputs(RESNET).heads(dict(type='FCNHead', in_index=4))

    class OneSize(nn.Conv2d):
        def forward(self, x):
            raise AssertionError('images have 224 pixels')

    class Vector(nn.Conv2d):
        def forward(self, x):
            return [x.mean((2, 3))]

    head = dict(type='FCNHead', channels=4)
    with pytest.raises(InputError, match=r'OneSize .* 64 x 64 .* 224 pixels'):
        Inputs(OneSize(3, 4, 3)).heads(head)
    with pytest.raises(InputError, match='Vector gives no list of maps'):
        Inputs(Vector(3, 4, 3)).heads(head)
