import pytest
import torch
from mmseg.registry import MODELS


def build(**options):
    return MODELS.build(dict(type='SurfaceLoss', **options))


def test_by_hand():
    probs = torch.tensor([[[[0.1, 0.2, 0.8, 0.7, 0.6, 0.5, 0.9]]]])
    target = torch.tensor([[[[0.0, 0, 1, 1, 1, 0, 255]]]])
    # Distances 2, 1 | 0, -1, 0 | 1
    loss = build()(probs.logit(), target)
    assert loss.item() == pytest.approx((0.2 + 0.2 - 0.7 + 0.5) / 6)


def test_far_errors_cost_more():
    target = torch.zeros(1, 1, 20, 20)
    target[..., 3:8, 3:8] = 1
    near, far = target.clone(), target.clone()
    near[..., 8, 3:8] = 1
    far[..., 18, 3:8] = 1
    costs = [build()(20 * x - 10, target) for x in (target, near, far)]
    assert costs[0] < 0
    assert costs == sorted(costs)
    assert costs[2] - costs[0] > 8 * (costs[1] - costs[0])


@pytest.mark.parametrize('task', ['one_channel', 'multilabel', 'multiclass'])
def test_equals_monai(task, scene):
    losses = pytest.importorskip('monai.losses')
    a = scene(task, dtype=torch.float32)
    softmax = task == 'multiclass'
    theirs = losses.BoundaryLoss(
        sigmoid=not softmax,
        softmax=softmax,
        to_onehot_y=softmax,
        include_background=not softmax,
    )
    torch.testing.assert_close(
        build()(a.logits, a.target), theirs(a.logits, a.target)
    )
