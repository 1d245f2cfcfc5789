import pytest
import torch
from mmseg.registry import MODELS

NORM = dict(type='GN', num_groups=4)


def build(kind='DeepLabV3PlusHead', **changes):
    torch.manual_seed(0)
    cfg = dict(
        type=kind,
        in_channels=[4, 16],
        channels=8,
        c1_channels=4,
        num_classes=3,
        norm_cfg=NORM,
    )
    return MODELS.build(dict(cfg, **changes)).eval()


@pytest.mark.parametrize(
    ('stride', 'dilations'),
    [
        (8, (1, 12, 24, 36)),  # of the paper
        (16, (1, 6, 12, 18)),  # of the paper
        (32, (1, 3, 6, 9)),
    ],
)
def test_dilations_reach_as_far_at_every_stride(stride, dilations):
    head = build(feature_strides=[4, stride])
    assert head.dilations == dilations
    found = [
        branch.depthwise_conv.conv.dilation
        for branch in list(head.aspp_modules)[1:]
    ]
    assert found == [(d, d) for d in dilations[1:]]
    assert build(dilations=(1, 2)).dilations == (1, 2)


def test_logits_are_those_of_mmsegmentation():
    ours = build(in_index=[1, -1])
    stock = build(
        'DepthwiseSeparableASPPHead',
        in_channels=16,
        in_index=3,
        c1_in_channels=4,
        dilations=(1, 12, 24, 36),
    )
    stock.load_state_dict(ours.state_dict())
    maps = [
        torch.randn(2, c, *size)
        for c, size in ((3, (64, 80)), (4, (16, 20)), (8, (4, 5)))
    ]
    maps.append(torch.randn(2, 16, 8, 10))
    logits = ours(maps)
    assert logits.shape == (2, 3, 16, 20)
    assert torch.equal(logits, stock(maps[1:2] + maps[1:]))


def test_it_takes_two_maps():
    with pytest.raises(ValueError, match='takes two maps, got in_channels='):
        build(in_channels=[4, 8, 16])
