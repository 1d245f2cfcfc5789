import pytest
import torch
from mmseg.registry import MODELS


def build(kind='FocalTverskyLoss', **options):
    return MODELS.build(dict(type=kind, **options))


def test_by_hand():
    probs = torch.tensor([[[[0.8, 0.4, 0.3]]]])
    target = torch.tensor([[[[1.0, 1.0, 0.0]]]])
    index = (1.2 + 1) / (1.2 + 0.2 * 0.3 + 0.9 * 0.8 + 1)
    loss = build(alpha=0.2, beta=0.9, gamma=2)(probs.logit(), target)
    assert loss.item() == pytest.approx((1 - index) ** 0.5)


@pytest.mark.parametrize('batch', [True, False])
def test_each_class_is_raised_before_the_mean(batch, scene):
    a = scene('multiclass')
    options = dict(batch=batch, reduction='none')
    values = build('SoftTverskyLoss', **options)(a.logits, a.target)
    torch.testing.assert_close(
        build(batch=batch)(a.logits, a.target), (values**0.75).mean()
    )
    torch.testing.assert_close(
        build(gamma=1, **options)(a.logits, a.target), values
    )


@pytest.mark.parametrize('scale', [30, 100])
def test_perfect_predictions_have_a_finite_gradient(scale, scene):
    a = scene('one_channel', dtype=torch.float32)
    logits = (scale * a.signs).requires_grad_()
    loss = build()(logits, a.target)
    loss.backward()
    assert loss < 1e-4
    assert logits.grad.isfinite().all()


def test_equals_segmentation_models_pytorch(scene):
    smp = pytest.importorskip('segmentation_models_pytorch')
    a = scene('one_channel')
    theirs = smp.losses.TverskyLoss(
        'binary', smooth=1, alpha=0.3, beta=0.7, gamma=0.75
    )
    torch.testing.assert_close(
        build()(a.logits, a.target), theirs(a.logits, a.target)
    )


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(gamma=0), 'gamma is 0, expected > 0'),
        (dict(alpha=-1), 'alpha is -1, expected >= 0'),
    ],
)
def test_options_out_of_range(options, message):
    with pytest.raises(ValueError, match=message):
        build(**options)
