import pytest
import torch
from mmseg.registry import MODELS

CHANNELS = [4, 8, 16]


def build(**changes):
    torch.manual_seed(0)
    cfg = dict(
        type='UNetFPNHead',
        in_channels=CHANNELS,
        in_index=[0, 1, 2],
        decoder_channels=[12, 6],
        aspp_channels=20,
        pyramid_channels=2,
        num_classes=3,
        norm_cfg=dict(type='BN'),
    )
    return MODELS.build(dict(cfg, **changes))


def maps(sizes=((16, 24), (8, 12), (4, 6))):
    return [
        torch.randn(2, c, *size)
        for c, size in zip(CHANNELS, sizes, strict=True)
    ]


@pytest.mark.parametrize('upsampling', ['pixel_shuffle', 'bilinear'])
@pytest.mark.parametrize(
    'sizes',
    [
        ((16, 24), (8, 12), (4, 6)),
        ((17, 23), (9, 12), (5, 6)),  # odd images
        ((16, 24), (4, 6), (4, 6)),  # strides 4, 16, 16
    ],
)
def test_logits_have_the_size_of_the_largest_map(upsampling, sizes):
    logits = build(upsampling=upsampling)(maps(sizes))
    assert logits.shape == (2, 3, *sizes[0])


def test_every_weight_takes_part():
    head = build().train()
    head(maps()).square().mean().backward()
    assert all(p.grad.isfinite().all() for p in head.parameters())


def test_the_last_convolution_sees_every_level():
    head = build(dropout_ratio=0).eval()
    assert head.conv_seg.in_channels == 2 + 2 + 6
    torch.nn.init.zeros_(head.conv_seg.weight)
    inputs = maps()
    before = head(inputs)
    for channel in (0, 2):  # of ASPP, and of the decoder's first level
        torch.nn.init.zeros_(head.conv_seg.weight)
        head.conv_seg.weight.data[:, channel] = 1
        assert not torch.equal(head(inputs), before)


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (dict(decoder_channels=[8]), '3 in_channels, 3 in_index, 1 decoder_'),
        (dict(in_index=[0, 1]), '3 in_channels, 2 in_index, 2 decoder_'),
        (
            dict(in_channels=[4], in_index=[0], decoder_channels=[]),
            '1 in_channels, 1 in_index, 0 .* n > 1',
        ),
        (dict(upsampling='nearest'), "one of .*'bilinear'.*got 'nearest'"),
    ],
)
def test_contradictions_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        build(**changes)
