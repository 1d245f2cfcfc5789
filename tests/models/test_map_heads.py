import pytest
import torch
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

from mmseg_medical.models.map_heads import build_map_heads, map_losses
from tests.models.segmentors.test_segmentor import batch, config

HEAD = dict(type='FCNHead', in_channels=4, channels=4, num_convs=1)


def map_sample(*values, **more):
    data = torch.tensor([[values]])
    sample = SegDataSample(gt_depth_map_=PixelData(data=data))
    sample.set_data(dict(gt_distance_map=PixelData(data=data), **more))
    return sample


def test_padding_is_not_known():
    (head,) = build_map_heads(dict(distance=HEAD)).values()
    pred = torch.full((2, 1, 2, 4), 0.5, requires_grad=True)
    samples = [map_sample(0.0, 0.5), map_sample(1.0, 1.5)]
    losses = map_losses('distance', head, pred, samples, (2, 4))
    assert losses.keys() == {'loss_map'}
    # 0.5 * (0.25 + 0 + 0.25 + 1) / 4
    torch.testing.assert_close(losses['loss_map'], torch.tensor(0.1875))
    losses['loss_map'].backward()
    assert not pred.grad[:, :, 1].any()
    assert not pred.grad[:, :, :, 2:].any()


def test_a_segmentor_learns_a_map_beside_its_classes():
    mit = dict(type='FCNHead', channels=4, num_convs=1, in_index=0)
    weights = [
        dict(type='MapLoss', kind='l2', loss_name='loss_l2'),
        dict(type='MapLoss', kind='l1', loss_weight=0.5),
    ]
    heads = dict(distance=dict(mit, loss_decode=weights))
    model = MODELS.build(config(map_heads=heads))
    data = batch()
    for sample in data['data_samples']:
        target = torch.rand(1, 40, 56)
        sample.set_data(dict(gt_distance_map=PixelData(data=target)))
    inputs = model.data_preprocessor(data, True)
    losses = model(**inputs, mode='loss')
    assert {'distance.loss_l2', 'distance.loss_map'} < losses.keys()
    total, _ = model.parse_losses(losses)
    total.backward()
    assert all(p.grad is not None for p in model.map_heads.parameters())
    (out, _) = model.eval().test_step(batch())
    assert out.seg_probs.data.shape == (1, 40, 56)
    weight = torch.zeros(1, 40, 56)
    for sample in inputs['data_samples']:
        sample.seg_weight = PixelData(data=weight)
    found = model(**inputs, mode='loss')
    assert found['distance.loss_l2'] == 0


def test_a_map_that_is_missing_or_another():
    head = build_map_heads(dict(distance=HEAD))['distance']
    pred = torch.zeros(1, 1, 1, 2)
    sample = SegDataSample(metainfo=dict(img_id='a'))
    with pytest.raises(ValueError, match="image 'a' has no gt_distance_map"):
        map_losses('distance', head, pred, [sample], (1, 2))
    with pytest.raises(
        ValueError, match=r'of 1 channels, .* gives 2; set its'
    ):
        map_losses(
            'distance',
            head,
            pred.repeat(1, 2, 1, 1),
            [map_sample(0.0)],
            (1, 2),
        )


@pytest.mark.parametrize(
    ('cfgs', 'message'),
    [
        ([HEAD], r'map_heads is a dict of heads by the name .* got list'),
        (
            dict(a=dict(type='PresenceHead', in_channels=4)),
            r'model\.map_heads\.a is PresenceHead',
        ),
    ],
)
def test_heads_that_cannot_be(cfgs, message):
    with pytest.raises(ValueError, match=message):
        build_map_heads(cfgs)
