import pytest
import segmentation_models_pytorch as smp
import torch
from huggingface_hub import constants
from mmseg.registry import MODELS
from safetensors.torch import save_file

from mmseg_medical.apis import drop_pretrained


def build(encoder_name='resnet18', **changes):
    return MODELS.build(
        dict(type='SMPEncoder', encoder_name=encoder_name, **changes)
    )


@pytest.mark.parametrize(
    ('name', 'changes', 'channels', 'strides'),
    [
        ('resnet18', {}, [3, 64, 64, 128, 256, 512], [1, 2, 4, 8, 16, 32]),
        (
            'resnet18',
            dict(in_channels=5, encoder_depth=3),
            [5, 64, 64, 128],
            [1, 2, 4, 8],
        ),
        (
            'resnet18',
            dict(in_channels=1, encoder_output_stride=8),
            [1, 64, 64, 128, 256, 512],
            [1, 2, 4, 8, 8, 8],
        ),
        (
            'tu-convnext_atto',
            dict(encoder_cfg=dict(drop_path_rate=0.1)),
            [3, 0, 40, 80, 160, 320],
            [1, 2, 4, 8, 16, 32],
        ),
    ],
)
def test_maps(name, changes, channels, strides):
    encoder = build(name, **changes)
    maps = encoder(torch.randn(2, changes.get('in_channels', 3), 64, 32))
    assert encoder.out_channels == channels
    assert [tuple(x.shape) for x in maps] == [
        (2, c, 64 // s, 32 // s)
        for c, s in zip(channels, strides, strict=True)
    ]


def test_equal_to_smp():
    encoder = build('mobilenet_v2', in_channels=4).eval()
    theirs = smp.encoders.get_encoder('mobilenet_v2', in_channels=4).eval()
    encoder.encoder.load_state_dict(theirs.state_dict())
    img = torch.randn(1, 4, 64, 64)
    for a, b in zip(encoder(img), theirs(img), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize('channels', [1, 3, 6])
def test_pretrained_weights_of_smp(monkeypatch, tmp_path, channels):
    trained = smp.encoders.get_encoder('resnet18')
    save_file(trained.state_dict(), tmp_path / 'model.safetensors')
    monkeypatch.setattr(
        smp.encoders,
        'hf_hub_download',
        lambda repo_id, filename, **_: str(tmp_path / filename),
    )
    encoder = build(encoder_weights='imagenet', in_channels=channels)
    encoder.init_weights()
    first = encoder.encoder.conv1.weight
    assert first.shape[1] == channels
    torch.testing.assert_close(first.sum(1), trained.conv1.weight.sum(1))
    torch.testing.assert_close(
        encoder.encoder.layer4.state_dict(), trained.layer4.state_dict()
    )


@pytest.mark.parametrize(
    ('name', 'weights'), [('resnet18', 'imagenet'), ('tu-resnet18', True)]
)
def test_a_closed_network(monkeypatch, tmp_path, name, weights):
    monkeypatch.setattr(constants, 'HF_HUB_OFFLINE', True)
    monkeypatch.setattr(constants, 'HF_HUB_CACHE', str(tmp_path))
    config = dict(
        type='SMPEncoder', encoder_name=name, encoder_weights=weights
    )
    encoder = MODELS.build(config)
    with pytest.raises(ValueError, match=rf'of {name} could.*--no-pretrained'):
        encoder.init_weights()
    assert drop_pretrained(config) == [f'encoder_weights={weights}']
    MODELS.build(config).init_weights()


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(encoder_name='timm-regnetx_002'), r".*'tu-regnetx_002'"),
        (dict(encoder_name='resnt34'), r"name 'resnt34' is .*'resnet34'"),
        (
            dict(encoder_name='tu-convnext_atom'),
            r"name 'tu-convnext_atom' is .*'tu-convnext_atto'",
        ),
        (
            dict(encoder_weights='imagnet'),
            r"encoder_weights of resnet18 'imagnet' is .*'imagenet'",
        ),
        (
            dict(encoder_cfg=dict(drop_path_rate=0.1)),
            'is for timm only; resnet18 takes none',
        ),
    ],
)
def test_what_smp_does_not_have(arguments, message):
    with pytest.raises(ValueError, match=message):
        build(**arguments)
