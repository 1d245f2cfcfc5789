"""One network, asked in different ways, gives one answer.

One channel and two, whole images and windows, with views and without, for
networks of every kind and every task.
"""

import copy

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

import mmseg_medical
from mmseg_medical.apis import drop_pretrained
from mmseg_medical.models.segmentors import MedicalTTAModel
from mmseg_medical.models.views import apply_symmetry

# The base models, each with few channels and blocks.
NETWORKS = dict(
    segformer_mit_b0=dict(
        backbone=dict(
            embed_dims=8, num_layers=[1, 1, 1, 1], num_heads=[1, 1, 2, 2]
        ),
        decode_head=dict(channels=32),
    ),
    upernet_swin_t=dict(
        backbone=dict(
            embed_dims=12, depths=[1, 1, 1, 1], num_heads=[1, 2, 2, 4]
        ),
        decode_head=dict(channels=64),
    ),
    deeplabv3plus_r50_d8=dict(
        backbone=dict(depth=18, base_channels=16, stem_channels=16),
        decode_head=dict(channels=16, c1_channels=8),
    ),
    unet_smp=dict(
        backbone=dict(encoder_name='tu-mobilenetv3_small_050'),
        decode_head=dict(
            arch_cfg=dict(decoder_channels=[32, 16, 16, 8, 8]),
        ),
    ),
)
TASKS = {
    'one channel': dict(
        task='binary',
        decode_head=dict(
            out_channels=1, threshold=0.5, loss_decode=[dict(type='BCELoss')]
        ),
    ),
    'two channels': dict(task='binary'),
    'multiclass': dict(task='multiclass', decode_head=dict(num_classes=3)),
    'multilabel': dict(
        task='multilabel',
        decode_head=dict(num_classes=3, loss_decode=[dict(type='BCELoss')]),
    ),
}


@pytest.fixture(scope='module', params=NETWORKS)
def network(request):
    """Build a network for a task, with the same random weights each time."""
    path = mmseg_medical.config_path(f'_base_/models/{request.param}.py')

    def build(kind):
        init_default_scope('mmseg')
        cfg = Config.fromfile(path)
        cfg.merge_from_dict(dict(model=NETWORKS[request.param]))
        cfg.merge_from_dict(dict(model=TASKS[kind]))
        cfg.model.pop('auxiliary_head', None)
        drop_pretrained(cfg.model)
        torch.manual_seed(0)
        return MODELS.build(cfg.model).eval()

    return build


def data(size=(64, 64), view='identity'):
    generator = torch.Generator().manual_seed(1)
    img = torch.randint(0, 256, (3, *size), generator=generator)
    sample = SegDataSample(metainfo=dict(img_id='a'))
    img = apply_symmetry(img.to(torch.uint8), view)
    return dict(inputs=[img], data_samples=[sample])


def probs(model, **arguments):
    (sample,) = model.test_step(data(**arguments))
    return sample.seg_probs.data


def test_one_channel_is_two(network):
    two, one = network('two channels'), network('one channel')
    weights = copy.deepcopy(two.state_dict())
    for key, here in one.state_dict().items():
        there = weights[key]
        if here.shape != there.shape:  # the last layer
            weights[key] = there[1:] - there[:1]
    one.load_state_dict(weights)
    torch.testing.assert_close(probs(one), probs(two), atol=1e-5, rtol=0)


@pytest.mark.parametrize('kind', TASKS)
def test_windows_and_views_agree(network, kind):
    model = network(kind)
    whole = probs(model)
    assert whole.std() > 0
    # a window that holds the whole image, and one view
    settings = model.settings
    model.settings = type(settings)(
        mode='slide', crop_size=(64, 64), stride=(16, 16), weight='gaussian'
    )
    torch.testing.assert_close(probs(model), whole, atol=1e-5, rtol=0)
    one = MedicalTTAModel(model, ['identity'])
    torch.testing.assert_close(probs(one), whole, atol=1e-5, rtol=0)
    two = MedicalTTAModel(model, ['identity', 'rot90'])
    turned = probs(MedicalTTAModel(model, ['rot90']))
    torch.testing.assert_close(probs(two), (whole + turned) / 2)
    # Eight views of a turned image are eight views of the image, turned.
    d4 = MedicalTTAModel(model, 'd4')
    straight = probs(d4, size=(64, 80))
    torch.testing.assert_close(
        probs(d4, size=(64, 80), view='rot90'),
        apply_symmetry(straight, 'rot90'),
        atol=1e-5,
        rtol=0,
    )
