import pytest
import torch
from mmseg.registry import MODELS


def build(**options):
    return MODELS.build(dict(type='HausdorffDTLoss', **options))


def test_by_hand():
    probs = torch.tensor([[[[0.1, 0.7, 0.8, 0.9]]]])
    target = torch.tensor([[[[0.0, 0.0, 1.0, 255]]]])
    # Distances to the mask's boundary 2, 1, 1; to the prediction's 1, 1, 2.
    terms = 0.1**2 * (2 + 1), 0.7**2 * (1 + 1), 0.2**2 * (1 + 2)
    loss = build(alpha=1)(probs.logit(), target)
    assert loss.item() == pytest.approx(sum(terms) / 3)
    squares = 0.1**2 * (4 + 1), 0.7**2 * (1 + 1), 0.2**2 * (1 + 4)
    loss = build()(probs.logit(), target)
    assert loss.item() == pytest.approx(sum(squares) / 3)


def test_what_is_invented_in_an_empty_image_costs():
    target = torch.zeros(1, 1, 8, 8)
    logits = torch.full((1, 1, 8, 8), -9.0)
    assert build()(logits, target) == 0
    logits[..., 2:4, 2:4] = 9
    assert build()(logits, target) > 0.05


@pytest.mark.parametrize('task', ['one_channel', 'multilabel', 'multiclass'])
def test_equals_monai(task, scene):
    losses = pytest.importorskip('monai.losses')
    a = scene(task, dtype=torch.float32)
    softmax = task == 'multiclass'
    theirs = losses.HausdorffDTLoss(
        sigmoid=not softmax,
        softmax=softmax,
        to_onehot_y=softmax,
        include_background=not softmax,
    )
    target = a.target if a.target.ndim == 4 else a.target[:, None]
    torch.testing.assert_close(
        build()(a.logits, a.target), theirs(a.logits, target)
    )


def test_the_exponent_is_positive():
    with pytest.raises(ValueError, match='alpha is 0, expected > 0'):
        build(alpha=0)
