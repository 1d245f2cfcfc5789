import math

import pytest
import torch
from mmseg.registry import MODELS

LOSS = MODELS.build(dict(type='BCELoss'))


def test_by_hand():
    logits = torch.tensor([[[[0.0, 2.0]]]])
    target = torch.tensor([[[[1.0, 0.0]]]])
    expected = (math.log(2) + math.log(1 + math.exp(2))) / 2
    assert LOSS(logits, target).item() == pytest.approx(expected)
    half = MODELS.build(dict(type='BCELoss', loss_weight=0.5))
    assert half(logits, target).item() == pytest.approx(expected / 2)


def test_better_predictions_cost_less():
    target = (torch.rand(2, 3, 8, 8) > 0.5).float()
    sign = 2 * target - 1
    costs = [LOSS(s * sign, target).item() for s in (9, 1, -0.5, -9)]
    assert costs == sorted(costs)
    assert costs[0] < 1e-3


def test_ignored_pixels_have_no_influence():
    logits = torch.randn(2, 1, 6, 6, requires_grad=True)
    target = (torch.rand(2, 1, 6, 6) > 0.5).float()
    target[:, :, :2] = 255
    loss = LOSS(logits, target)
    torch.testing.assert_close(loss, LOSS(logits[:, :, 2:], target[:, :, 2:]))
    loss.backward()
    assert (logits.grad[:, :, :2] == 0).all()
    assert (logits.grad[:, :, 2:] != 0).all()


def test_everything_ignored_is_zero_with_a_gradient_of_zero():
    logits = torch.randn(1, 1, 4, 4, requires_grad=True)
    loss = LOSS(logits, torch.full((1, 1, 4, 4), 255.0))
    loss.backward()
    assert loss.item() == 0
    assert (logits.grad == 0).all()


def test_gradients_are_those_of_finite_differences():
    logits = torch.randn(1, 2, 3, 3, dtype=torch.double, requires_grad=True)
    target = (torch.rand(1, 2, 3, 3) > 0.5).double()
    assert torch.autograd.gradcheck(
        lambda x: LOSS(x, target), logits, atol=1e-3, eps=1e-3, rtol=1e-2
    )


@pytest.mark.parametrize('kind', [torch.float16, torch.bfloat16])
def test_half_precision_is_summed_in_full(kind):
    logits = torch.full((1, 1, 300, 300), -20.0, dtype=kind)
    loss = LOSS(logits, torch.ones(1, 1, 300, 300))
    assert loss.item() == pytest.approx(20, rel=1e-3)
