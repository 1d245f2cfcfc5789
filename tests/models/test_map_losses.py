import pytest
import torch
from mmseg.registry import MODELS
from torch.nn.functional import binary_cross_entropy_with_logits

from mmseg_medical.instance_maps import hv_map
from mmseg_medical.models.map_losses import HVGradientLoss, StarLoss
from tests.postprocessing.instances.test_decoder import nuclei, star_map

NAN = float('nan')


@pytest.mark.parametrize(
    ('kind', 'value'), [('l1', 1.25), ('l2', 2.125), ('smooth_l1', 0.8125)]
)
def test_the_mean_is_over_what_is_known(kind, value):
    pred = torch.tensor([[[[0.5, 2.0, 9.0]]]], requires_grad=True)
    target = torch.tensor([[[[1.0, 0.0, NAN]]]])
    loss = MODELS.build(dict(type='MapLoss', kind=kind))
    found = loss(pred, target)
    assert found.item() == value
    found.backward()
    assert pred.grad[0, 0, 0, 2] == 0
    assert pred.grad[0, 0, 0, :2].all()
    weight = torch.tensor([[[[1.0, 0.0, 1.0]]]])
    only = MODELS.build(dict(type='MapLoss', kind='l1', loss_weight=3))
    assert only(pred, target, weight).item() == 1.5
    nothing = loss(pred, torch.full_like(target, NAN))
    assert nothing.item() == 0


def test_kinds_of_the_loss():
    with pytest.raises(ValueError, match=r"one of \['l1'.* got 'huber'"):
        MODELS.build(dict(type='MapLoss', kind='huber'))


def hv_target():
    target = torch.from_numpy(hv_map(nuclei(0))).permute(2, 0, 1)[None]
    return target.clone()


def test_slopes_by_hand():
    """Of a plane that rises by 1 per pixel the slope is the same all over."""
    place = torch.arange(9.0)
    pred = torch.stack([place.expand(9, 9), 2 * place.expand(9, 9).T])[None]
    target = torch.full((1, 2, 9, 9), 0.0)
    target[..., 4, 4] = 1e-9  # one pixel of an instance
    kernel = HVGradientLoss().kernels[0, 0]
    slope = (kernel * torch.arange(-2.0, 3)).sum()
    expected = (slope**2 + (2 * slope) ** 2) / 2
    found = HVGradientLoss(loss_weight=2)(pred, target)
    torch.testing.assert_close(found, 2 * expected)


def test_slopes_are_compared_within_instances_only():
    target = hv_target()
    loss = HVGradientLoss()
    assert loss(target, target) == 0
    noise = torch.randn_like(target).requires_grad_()
    worse = loss(target + noise, target)
    assert worse > loss(target + 0.1 * noise, target) > 0
    worse.backward()
    far = torch.nn.functional.max_pool2d(
        (target != 0).float().amax(1, keepdim=True), 5, 1, 2
    )
    assert not noise.grad[:, :1][far == 0].any()
    unknown = target.clone()
    unknown[..., :60, :] = NAN
    assert loss(torch.zeros_like(target), unknown).isfinite()
    blank = torch.full_like(target, NAN)
    assert loss(noise, blank) == 0


def test_polygons_by_hand():
    pred = torch.tensor([0.0, 3.0, 5.0]).view(1, 3, 1, 1)
    target = torch.tensor([0.5, 2.0, 9.0]).view(1, 3, 1, 1)
    score = binary_cross_entropy_with_logits(pred[:, 0], target[:, 0])
    loss = StarLoss(loss_weight=3)
    torch.testing.assert_close(
        loss(pred, target), 3 * (score + 0.2 * (1 + 4) / 2)
    )
    target[:, 2] = NAN
    torch.testing.assert_close(loss(pred, target), 3 * (score + 0.2))
    outside = torch.zeros(1, 3, 1, 1)
    score = binary_cross_entropy_with_logits(pred[:, 0], outside[:, 0])
    torch.testing.assert_close(
        StarLoss(background_weight=0.5)(pred, outside),
        score + 0.2 * 0.5 * (3 + 5) / 2,
    )


def test_better_polygons_have_a_lower_loss():
    target = torch.from_numpy(star_map(nuclei(0))).permute(2, 0, 1)[None]
    perfect = target.clone()
    perfect[:, :1] = perfect[:, :1].clamp(1e-6, 1 - 1e-6).logit()
    perfect.requires_grad_()
    noise = torch.randn_like(target)
    loss = StarLoss()
    values = [loss(perfect + k * noise, target).item() for k in (0, 0.5, 5)]
    assert values == sorted(values)
    nothing = torch.full_like(target, NAN)
    total = loss(perfect, nothing)
    assert total == 0
    total.backward()
    assert not perfect.grad.any()
    weight = torch.zeros_like(target[:, :1])
    assert loss(perfect, target, weight) == 0
