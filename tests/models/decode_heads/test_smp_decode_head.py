import pytest
import segmentation_models_pytorch as smp
import torch
from mmengine.optim import build_optim_wrapper
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

from mmseg_medical.models.decode_heads.smp_decode_head import ARCHITECTURES


def config(arch='Unet', encoder='resnet18', arch_cfg=None, **backbone):
    return dict(
        type='MedicalSegmentor',
        task='binary',
        data_preprocessor=dict(
            type='SegDataPreProcessor',
            size_divisor=32,
            test_cfg=dict(size_divisor=32),
        ),
        backbone=dict(type='SMPEncoder', encoder_name=encoder, **backbone),
        decode_head=dict(
            type='SMPDecodeHead',
            arch=arch,
            encoder_name=encoder,
            arch_cfg=arch_cfg,
            num_classes=2,
            out_channels=1,
            threshold=0.5,
            loss_decode=dict(type='BCELoss'),
        ),
    )


def build(*args, **kwargs):
    torch.manual_seed(0)
    return MODELS.build(config(*args, **kwargs))


def head(**changes):
    return MODELS.build(dict(config()['decode_head'], **changes))


DEPTH = dict(encoder_depth=3)
DILATED = dict(encoder_output_stride=8)


@pytest.mark.parametrize(
    ('arch', 'encoder', 'arch_cfg', 'backbone'),
    [
        ('Unet', 'resnet18', {}, {}),
        ('Unet', 'resnet18', {}, dict(in_channels=1)),
        (
            'Unet',
            'mobilenet_v2',
            dict(decoder_attention_type='scse', decoder_use_norm='identity'),
            dict(in_channels=4),
        ),
        (
            'Unet',
            'tu-convnext_atto',
            dict(decoder_channels=(64, 32, 16, 8, 8)),
            dict(in_channels=5),
        ),
        ('UnetPlusPlus', 'mobilenet_v2', {}, {}),
        ('MAnet', 'mobilenet_v2', {}, {}),
        ('Linknet', 'resnet18', {}, {}),
        ('FPN', 'resnet18', dict(decoder_merge_policy='cat'), {}),
        ('PSPNet', 'resnet18', {}, DEPTH),
        ('PAN', 'tu-resnet18', {}, dict(encoder_output_stride=16)),
        ('DeepLabV3', 'mobilenet_v2', {}, DILATED),
        (
            'DeepLabV3Plus',
            'tu-resnet18',
            {},
            dict(encoder_output_stride=16, in_channels=5),
        ),
        ('UPerNet', 'mobilenet_v2', {}, {}),
        ('Segformer', 'mit_b0', {}, {}),
    ],
)
def test_equal_to_smp(arch, encoder, arch_cfg, backbone):
    ours = build(arch, encoder, arch_cfg, **backbone).eval()
    theirs = smp.create_model(
        arch,
        encoder,
        encoder_weights=None,
        in_channels=backbone.get('in_channels', 3),
        **arch_cfg,
    ).eval()
    ours.load_state_dict(theirs.state_dict())
    size = 128 if arch == 'PAN' else 64
    img = torch.randn(2, backbone.get('in_channels', 3), size, size)
    with torch.no_grad():
        logits = ours.encode_decode(img, [{}])
        torch.testing.assert_close(logits, theirs(img), atol=0, rtol=0)


def test_every_architecture_is_tested():
    (mark,) = test_equal_to_smp.pytestmark
    assert {case[0] for case in mark.args[1]} == set(ARCHITECTURES)


def batch(size=(50, 70)):
    return dict(
        inputs=[torch.randint(0, 256, (3, *size), dtype=torch.uint8)] * 2,
        data_samples=[
            SegDataSample(
                gt_sem_seg=PixelData(
                    data=torch.ones(1, *size, dtype=torch.uint8)
                ),
                metainfo=dict(ori_shape=size),
            )
            for _ in range(2)
        ],
    )


@pytest.mark.parametrize('arch', ['Unet', 'FPN'])
def test_images_of_any_size_are_padded(arch):
    model = build(arch, 'mobilenet_v2')
    data = model.data_preprocessor(batch(), True)
    loss = model.loss(**data)['decode.loss_bce']
    loss.backward()
    assert all(p.grad is not None for p in model.decode_head.parameters())
    (out, _) = model.eval().test_step(batch())
    assert out.seg_probs.data.shape == (1, 50, 70)


def test_the_parts_have_their_own_learning_rates():
    model = build()
    keys = dict(backbone=dict(lr_mult=0.1), segmentation_head=dict(lr_mult=10))
    wrapper = build_optim_wrapper(
        model,
        dict(
            optimizer=dict(type='SGD', lr=1.0),
            paramwise_cfg=dict(custom_keys=keys),
        ),
    )
    rates = {
        name: group['lr']
        for group in wrapper.param_groups
        for name, p in model.named_parameters()
        if p is group['params'][0]
    }
    assert rates['backbone.encoder.conv1.weight'] == 0.1
    assert rates['decode_head.segmentation_head.0.weight'] == 10
    assert rates['decode_head.decoder.blocks.0.conv1.0.weight'] == 1


def test_heads_of_mmsegmentation_fit_the_encoder():
    cfg = config()
    cfg['auxiliary_head'] = dict(
        type='FCNHead',
        in_channels=256,
        in_index=4,
        channels=8,
        num_convs=1,
        num_classes=2,
        loss_decode=dict(type='CrossEntropyLoss', loss_weight=0.4),
    )
    model = MODELS.build(cfg)
    losses = model.loss(**model.data_preprocessor(batch(), True))
    assert list(losses) == ['decode.loss_bce', 'aux.loss_ce']


def test_dropout_before_the_last_convolution():
    maps = [
        torch.randn(1, c, 32 >> k, 32 >> k)
        for k, c in enumerate((3, 64, 64, 128, 256, 512))
    ]
    assert head().dropout is None
    certain = head(dropout_ratio=1.0).train()
    expected = certain.segmentation_head[0].bias.expand(1, 32, 32, 1)
    torch.testing.assert_close(certain(maps), expected.permute(0, 3, 1, 2))


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (dict(arch='UNet'), r"arch 'UNet' is unknown; .*'Unet'"),
        (dict(arch='DPT'), r"arch 'DPT' is unknown"),
        (dict(encoder_name='resnt18'), r"'resnt18' .*'resnet18'"),
        (
            dict(arch_cfg=dict(decoder_chanels=[8])),
            r"arch_cfg of Unet 'decoder_chanels' .*'decoder_channels'",
        ),
        (
            dict(arch_cfg=dict(activation='sigmoid')),
            r"arch_cfg of Unet 'activation' is unknown",
        ),
        (
            dict(arch_cfg=dict(decoder_channels=[8, 8])),
            r'smp.Unet with resnet18: .*depth',
        ),
        (
            dict(arch='UnetPlusPlus', encoder_name='mit_b0'),
            'smp.UnetPlusPlus with mit_b0: .*not support',
        ),
    ],
)
def test_what_smp_does_not_have(changes, message):
    with pytest.raises(ValueError, match=message):
        head(**changes)


@pytest.mark.parametrize(
    ('changes', 'size', 'message'),
    [
        (
            dict(encoder='resnet50'),
            (64, 64),
            r'2048\] channels.*same encoder_',
        ),
        (dict(encoder_depth=4), (64, 64), r'256\] channels.*encoder_depth'),
        (
            dict(encoder_output_stride=16),
            (64, 64),
            'has 4 rows of 64, .*encoder_output_stride=32',
        ),
        ({}, (64, 40), '64 x 40 pixels .*multiples of 32'),
    ],
)
def test_maps_that_do_not_fit(changes, size, message):
    backbone = dict(config()['backbone'])
    backbone['encoder_name'] = changes.pop('encoder', 'resnet18')
    encoder = MODELS.build(dict(backbone, **changes))
    with pytest.raises(ValueError, match=message):
        head(arch='FPN')(encoder(torch.randn(1, 3, *size)))
