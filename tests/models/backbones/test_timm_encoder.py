import pytest
import timm
import torch
from huggingface_hub import constants
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample


def build(model_name='resnet18', **changes):
    return MODELS.build(
        dict(type='TIMMEncoder', model_name=model_name, **changes)
    )


@pytest.mark.parametrize(
    ('name', 'changes', 'strides'),
    [
        ('resnet18', {}, [2, 4, 8, 16, 32]),
        ('resnet18', dict(model_cfg=dict(output_stride=8)), [2, 4, 8, 8, 8]),
        ('convnext_atto', dict(in_channels=5), [4, 8, 16, 32]),
        ('tf_efficientnet_b0', dict(out_indices=[1, 4]), [4, 32]),
        (  # gives (N, H, W, C), for one size of image unless told otherwise
            'swin_tiny_patch4_window7_224',
            dict(model_cfg=dict(strict_img_size=False, embed_dim=24)),
            [4, 8, 16, 32],
        ),
    ],
)
def test_maps(name, changes, strides):
    encoder = build(name, **changes)
    maps = encoder(torch.randn(2, changes.get('in_channels', 3), 64, 96))
    assert encoder.strides == strides
    assert [tuple(x.shape) for x in maps] == [
        (2, c, 64 // s, 96 // s)
        for c, s in zip(encoder.out_channels, strides, strict=True)
    ]


@pytest.mark.parametrize('channels', [1, 3, 6])
def test_pretrained_weights_of_timm(tmp_path, channels):
    trained = timm.create_model('resnet18')
    torch.save(trained.state_dict(), tmp_path / 'a.pth')
    overlay = dict(file=str(tmp_path / 'a.pth'))
    encoder = build(
        pretrained=True,
        in_channels=channels,
        model_cfg=dict(pretrained_cfg_overlay=overlay),
    )
    encoder.init_weights()
    torch.testing.assert_close(
        encoder.encoder.conv1.weight.sum(1), trained.conv1.weight.sum(1)
    )
    torch.testing.assert_close(
        encoder.encoder.layer4.state_dict(), trained.layer4.state_dict()
    )


def test_a_closed_network(monkeypatch, tmp_path):
    monkeypatch.setattr(constants, 'HF_HUB_OFFLINE', True)
    monkeypatch.setattr(constants, 'HF_HUB_CACHE', str(tmp_path))
    encoder = build(pretrained=True)
    with pytest.raises(
        ValueError, match=r'weights of resnet18 could.*--no-pretrained'
    ):
        encoder.init_weights()


def test_what_timm_does_not_have():
    with pytest.raises(ValueError, match=r"'resnet18x' is .*'resnet18'"):
        build('resnet18x')


@pytest.mark.parametrize(
    ('backbone', 'channels'),
    [
        (dict(type='TIMMEncoder', model_name='resnet18'), 64),
        (
            dict(
                type='mmseg.TIMMBackbone',
                model_name='resnet18',
                pretrained=False,
            ),
            64,
        ),
        (
            dict(
                type='mmpretrain.TIMMBackbone',
                model_name='resnet18',
                features_only=True,
            ),
            64,
        ),
        (dict(type='mmpretrain.EfficientNet', out_indices=[1, 2, 3]), 24),
    ],
)
def test_wrappers_of_mmseg_and_mmpretrain_fit_the_segmentor(
    backbone, channels
):
    model = MODELS.build(
        dict(
            type='MedicalSegmentor',
            task='binary',
            backbone=backbone,
            decode_head=dict(
                type='FCNHead',
                in_index=1,
                in_channels=channels,
                channels=8,
                num_classes=2,
            ),
        )
    ).eval()
    (out,) = model.predict(torch.randn(1, 3, 64, 64), [SegDataSample()])
    assert out.seg_probs.data.shape == (1, 64, 64)
