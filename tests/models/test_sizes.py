import pytest
import torch

from mmseg_medical.models.sizes import check_multiple


def test_sides_that_fit():
    check_multiple(torch.zeros(1, 3, 64, 96), 32)


@pytest.mark.parametrize('size', [(64, 50), (50, 64)])
def test_others_are_refused_with_what_pads_them(size):
    with pytest.raises(
        ValueError, match=r'64.*no multiples of 32; .*size_divisor=32'
    ):
        check_multiple(torch.zeros(1, 3, *size), 32)
