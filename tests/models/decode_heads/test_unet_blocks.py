import pytest
import torch

from mmseg_medical.models.decode_heads.unet_blocks import (
    ASPP,
    UpBlock,
    upsample,
)

CFG = dict(conv_cfg=None, norm_cfg=dict(type='BN'), act_cfg=dict(type='ReLU'))


def test_upsampling_is_bilinear_and_free_where_nothing_changes():
    x = torch.tensor([[[[0.0, 1.0]]]])
    assert upsample(x, (1, 2)) is x
    assert upsample(x, (1, 4)).flatten().tolist() == [0, 0.25, 0.75, 1]


def test_aspp_sees_as_far_as_its_dilation():
    block = ASPP(1, 4, (1, 3), CFG).eval()
    block.mean[0] = torch.nn.AdaptiveAvgPool2d(1)
    x = torch.zeros(1, 1, 15, 15, requires_grad=True)
    with torch.no_grad():
        for parameter in block.parameters():  # no branch is cut by a ReLU
            parameter.abs_()
    block(x + 1)[0, :, 7, 7].sum().backward()
    assert x.grad[0, 0, 7, 7 + 4] != x.grad[0, 0, 7, 7 + 5]


def test_aspp_trains_on_a_single_image():
    block = ASPP(3, 4, (1, 2), CFG).train()
    assert block(torch.randn(1, 3, 8, 6)).shape == (1, 4, 8, 6)


@pytest.mark.parametrize('shuffle', [False, True])
@pytest.mark.parametrize('size', [(8, 8), (7, 9), (4, 4)])
def test_the_size_is_that_of_the_skip(shuffle, size):
    block = UpBlock(6, 3, 5, shuffle, CFG)
    out = block(torch.randn(2, 6, 4, 4), torch.randn(2, 3, *size))
    assert out.shape == (2, 5, *size)


def test_shuffled_pixels_begin_without_a_checkerboard():
    up = UpBlock(6, 3, 5, True, CFG).up
    x = up(torch.randn(2, 6, 4, 4))
    assert x.shape == (2, 5, 8, 8)
    blocks = x.reshape(2, 5, 4, 2, 4, 2)
    torch.testing.assert_close(
        blocks, blocks[:, :, :, :1, :, :1].expand_as(blocks)
    )
