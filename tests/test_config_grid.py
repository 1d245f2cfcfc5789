"""Every backbone goes with every head by the line that names it."""

from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

from mmseg_medical.apis import drop_pretrained

BASE = Path(__file__).parents[1] / 'configs' / '_base_'
# The same networks with few weights.
SMALL = {
    'convnext_t': dict(
        arch=dict(depths=[1, 1, 1, 1], channels=[4, 8, 12, 16])
    ),
    'efficientnet_b4': dict(model_name='efficientnet_lite0'),
    'mit_b0': dict(embed_dims=8, num_layers=[1] * 4, num_heads=[1, 1, 2, 2]),
    'resnet50': dict(depth=18, base_channels=4, stem_channels=4),
    'swin_t': dict(embed_dims=4, depths=[1] * 4, num_heads=[1, 1, 2, 2]),
}
CHANNELS = {'segformer': 32, 'upernet': 32, 'deeplabv3plus': 32, 'fpn': 32}
OTHERS = {  # lines that a config may have instead of a file
    'timm': dict(type='TIMMEncoder', model_name='test_convnext.r160_in1k'),
    'timm, strides from 2': dict(type='TIMMEncoder', model_name='test_resnet'),
    'timm, (N, H, W, C)': dict(
        type='TIMMEncoder',
        model_name='swin_tiny_patch4_window7_224',
        model_cfg=dict(
            embed_dim=8,
            depths=(1, 1, 1, 1),
            num_heads=(1, 1, 2, 2),
            strict_img_size=False,
        ),
    ),
    'smp': dict(type='SMPEncoder', encoder_name='mobileone_s0'),
    'smp, empty map': dict(type='SMPEncoder', encoder_name='tu-test_convnext'),
    'mmpretrain': dict(
        type='mmpretrain.SwinTransformer',
        arch=dict(embed_dims=4, depths=[1] * 4, num_heads=[1, 1, 2, 2]),
        out_indices=(0, 1, 2, 3),
        pad_small_map=True,
    ),
}


def names(folder):
    return sorted(path.stem for path in (BASE / folder).glob('*.py'))


def test_the_grid_is_that_of_the_files():
    assert names('backbones') == sorted(SMALL)
    assert names('heads') == sorted([*CHANNELS, 'unet'])


def config(tmp_path, backbone, head):
    """A config whose backbone and head are a line each."""
    path = tmp_path / 'model.py'
    path.write_text(
        f"""
_base_ = [
    {str(BASE / 'heads' / f'{head}.py')!r},
    {str(BASE / 'backbones' / f'{backbone}.py')!r},
]
model = dict(backbone=_base_.backbone)
"""
    )
    model = Config.fromfile(path).model
    assert drop_pretrained(model)  # each has weights to start from
    return model


def idle_norms(model):
    """Weights of norms of the two maps that DeepLabV3+ does not take."""
    if type(model.decode_head).__name__ != 'DeepLabV3PlusHead':
        return set()
    idle = ('backbone.norm1.', 'backbone.norm2.')  # of Swin and ConvNeXt
    return {n for n, _ in model.named_parameters() if n.startswith(idle)}


def learn_and_predict(cfg):
    torch.manual_seed(0)
    model = MODELS.build(cfg)
    imgs = torch.randint(0, 256, (2, 3, 70, 45), dtype=torch.uint8)
    samples = []
    for mask in torch.randint(0, 2, (2, 1, 70, 45), dtype=torch.uint8):
        samples.append(SegDataSample(gt_sem_seg=PixelData(data=mask)))
        samples[-1].set_metainfo(dict(ori_shape=(70, 45), img_id='a'))
    batch = dict(inputs=list(imgs), data_samples=samples)
    losses = model.train()(**model.data_preprocessor(batch, True), mode='loss')
    total, _ = model.parse_losses(losses)
    total.backward()
    idle = idle_norms(model)
    for name, weight in model.named_parameters():
        assert (weight.grad is None) == (name in idle), name
        assert name in idle or weight.grad.isfinite().all(), name
    first = next(model.backbone.parameters())
    assert first.grad.any()
    out = model.eval().test_step(batch)
    for sample in out:
        assert sample.seg_probs.data.shape == (1, 70, 45)
        assert sample.seg_probs.data.isfinite().all()
    return model


def shrink(cfg, head):
    if head in CHANNELS:
        cfg.decode_head.channels = CHANNELS[head]
    else:
        cfg.decode_head.update(
            decoder_channels=[16, 8, 8], aspp_channels=16, pyramid_channels=8
        )
    if 'neck' in cfg:
        cfg.neck.out_channels = 8


@pytest.mark.parametrize('head', names('heads'))
@pytest.mark.parametrize('backbone', names('backbones'))
def test_every_backbone_with_every_head(backbone, head, tmp_path):
    cfg = config(tmp_path, backbone, head)
    cfg.backbone.update(SMALL[backbone])
    shrink(cfg, head)
    learn_and_predict(cfg)


@pytest.mark.slow
@pytest.mark.parametrize('head', names('heads'))
@pytest.mark.parametrize('backbone', names('backbones'))
def test_at_full_size(backbone, head, tmp_path):
    learn_and_predict(config(tmp_path, backbone, head))


# (other line, head): each of both at least once
PAIRS = [
    *((name, 'deeplabv3plus') for name in OTHERS),
    *(('smp', head) for head in ('fpn', 'segformer', 'unet', 'upernet')),
    *(('timm, strides from 2', head) for head in ('fpn', 'unet')),
]


@pytest.mark.parametrize(('line', 'head'), PAIRS, ids=lambda x: x)
def test_backbones_of_other_libraries(line, head, tmp_path):
    cfg = config(tmp_path, 'mit_b0', head)
    cfg.backbone = OTHERS[line]
    shrink(cfg, head)
    model = MODELS.build(cfg)
    x = torch.randn(2, 3, 64, 96, requires_grad=True)
    logits = model(x)
    assert logits.shape == (2, 2, 64, 96)
    logits.square().mean().backward()
    assert x.grad.isfinite().all()


SMP_GRID = [
    ('mobileone_s0', 'UPerNet'),
    ('tu-test_convnext', 'Unet'),
    ('mit_b0', 'FPN'),
]


@pytest.mark.parametrize(('encoder', 'arch'), SMP_GRID)
def test_one_line_of_smp(encoder, arch):
    cfg = Config.fromfile(BASE / 'models' / 'unet_smp.py').model
    cfg.backbone.update(encoder_name=encoder, encoder_weights=None)
    cfg.decode_head.arch = arch
    model = MODELS.build(cfg)
    assert model.decode_head.encoder_name == encoder
    assert model(torch.zeros(2, 3, 64, 96)).shape == (2, 2, 64, 96)
