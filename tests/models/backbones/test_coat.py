import pytest
import timm
import torch
from mmseg.registry import MODELS

NAMES = ['coat_lite_tiny', 'coat_tiny']  # without and with parallel blocks


def build(model_name='coat_lite_tiny', **changes):
    return MODELS.build(
        dict(type='CoaTBackbone', model_name=model_name, **changes)
    )


@pytest.mark.parametrize('name', NAMES)
def test_parameters_are_those_of_timm(name):
    ours = build(name).encoder.state_dict()
    theirs = timm.create_model(name).state_dict()
    classifier = ('head.', 'norm', 'aggregate.')
    assert {k: v.shape for k, v in ours.items()} == {
        k: v.shape for k, v in theirs.items() if not k.startswith(classifier)
    }


@pytest.mark.parametrize('name', NAMES)
def test_features_are_those_of_timm(name):
    encoder = build(name).eval()
    theirs = timm.create_model(name, img_size=64, num_classes=0).eval()
    theirs.load_state_dict(encoder.encoder.state_dict(), strict=False)
    img = torch.randn(1, 3, 64, 64)
    last = theirs.forward_features(img)  # normed, with the class token first
    last = last[-1] if isinstance(last, list) else last
    ours = encoder(img)[-1].flatten(2).transpose(1, 2)
    ours = theirs.norm4(ours)
    torch.testing.assert_close(ours, last[:, 1:], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize('size', [(64, 64), (96, 64), (32, 160)])
def test_shapes_at_any_size(size):
    encoder = build(in_channels=5)
    maps = encoder(torch.randn(1, 5, *size))
    assert [tuple(x.shape) for x in maps] == [
        (1, c, size[0] // s, size[1] // s)
        for c, s in zip((64, 128, 256, 320), (4, 8, 16, 32), strict=True)
    ]


def test_every_weight_takes_part():
    encoder = build()
    sum(x.mean() for x in encoder(torch.randn(1, 3, 64, 64))).backward()
    idle = [k for k, p in encoder.named_parameters() if p.grad is None]
    assert idle == []


@pytest.mark.parametrize('channels', [1, 3])
def test_pretrained_weights_of_timm(tmp_path, channels):
    trained = timm.create_model('coat_lite_tiny')
    torch.save(trained.state_dict(), tmp_path / 'a.pth')
    encoder = build(
        pretrained=True,
        in_channels=channels,
        model_cfg=dict(
            pretrained_cfg_overlay=dict(file=str(tmp_path / 'a.pth'))
        ),
    )
    encoder.init_weights()
    torch.testing.assert_close(
        encoder.encoder.patch_embed1.proj.weight.sum(1),
        trained.patch_embed1.proj.weight.sum(1),
    )
    torch.testing.assert_close(
        encoder.encoder.serial_blocks4.state_dict(),
        trained.serial_blocks4.state_dict(),
    )


def test_bad_input():
    with pytest.raises(ValueError, match=r"'coat_lite_big' .*coat_lite_tiny"):
        build('coat_lite_big')
    with pytest.raises(ValueError, match=r'50 x 64 pixels .*multiples of 32'):
        build()(torch.randn(1, 3, 50, 64))
