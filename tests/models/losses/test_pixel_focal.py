import math

import pytest
import torch
from mmseg.registry import MODELS


def build(kind='PixelFocalLoss', **options):
    return MODELS.build(dict(type=kind, **options))


def test_by_hand():
    probs = torch.tensor([[[[0.8, 0.4, 0.3]]]])
    target = torch.tensor([[[[1.0, 0.0, 255]]]])
    terms = 0.2**2 * -math.log(0.8), 0.4**2 * -math.log(0.6)
    loss = build()(probs.logit(), target)
    assert loss.item() == pytest.approx(sum(terms) / 2)
    loss = build(alpha=0.25)(probs.logit(), target)
    expected = (0.25 * terms[0] + 0.75 * terms[1]) / 2
    assert loss.item() == pytest.approx(expected)


@pytest.mark.parametrize('task', ['one_channel', 'multilabel', 'multiclass'])
def test_without_focus_it_is_cross_entropy(task, scene):
    a = scene(task)
    torch.testing.assert_close(
        build(gamma=0)(a.logits, a.target),
        build('CELoss')(a.logits, a.target),
    )


@pytest.mark.parametrize('gamma', [0, 0.5, 1, 2])
@pytest.mark.parametrize('task', ['one_channel', 'multiclass'])
def test_what_is_certain_has_a_finite_gradient(task, gamma, scene):
    a = scene(task, dtype=torch.float32)
    for scale in (-200, -20, 20, 200):
        logits = (scale * a.signs).requires_grad_()
        build(gamma=gamma)(logits, a.target).backward()
        assert logits.grad.isfinite().all()


@pytest.mark.parametrize(
    ('task', 'alpha'),
    [
        ('one_channel', None),
        ('one_channel', 0.25),
        ('multilabel', 0.25),
        ('multiclass', None),
    ],
)
def test_equals_monai(task, alpha, scene):
    losses = pytest.importorskip('monai.losses')
    a = scene(task)
    softmax = task == 'multiclass'
    theirs = losses.FocalLoss(
        alpha=alpha, use_softmax=softmax, to_onehot_y=softmax
    )
    target = a.target if a.target.ndim == 4 else a.target[:, None]
    expected = theirs(a.logits.float(), target)
    if softmax:  # they divide by the number of classes, too
        expected = 4 * expected
    torch.testing.assert_close(
        build(alpha=alpha)(a.logits.float(), a.target.to(target)), expected
    )


@pytest.mark.parametrize(
    ('task', 'mode'),
    [('one_channel', 'binary'), ('multilabel', 'multilabel')],
)
def test_equals_segmentation_models_pytorch(task, mode, scene):
    smp = pytest.importorskip('segmentation_models_pytorch')
    a = scene(task)
    theirs = smp.losses.FocalLoss(mode, alpha=0.25, gamma=3)
    torch.testing.assert_close(
        build(alpha=0.25, gamma=3)(a.logits, a.target),
        theirs(a.logits, a.target),
    )


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(gamma=-1), 'gamma is -1, expected >= 0'),
        (dict(alpha=2), r'alpha is 2, expected in \[0, 1\]'),
        (dict(alpha=0.5), 'alpha is 0.5, expected None for .* class_weight'),
    ],
)
def test_options_out_of_range(options, message, scene):
    a = scene('multiclass')
    with pytest.raises(ValueError, match=message):
        build(**options)(a.logits, a.target)
