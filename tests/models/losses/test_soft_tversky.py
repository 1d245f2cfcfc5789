import pytest
import torch
from mmseg.registry import MODELS


def build(kind='SoftTverskyLoss', **options):
    return MODELS.build(dict(type=kind, **options))


def test_by_hand():
    probs = torch.tensor([[[[0.8, 0.4, 0.3]]]])
    target = torch.tensor([[[[1.0, 1.0, 0.0]]]])
    index = (1.2 + 1) / (1.2 + 0.2 * 0.3 + 0.9 * 0.8 + 1)
    loss = build(alpha=0.2, beta=0.9)(probs.logit(), target)
    assert loss.item() == pytest.approx(1 - index)


def test_dice_and_jaccard_are_special_cases(scene):
    a = scene('multiclass')
    torch.testing.assert_close(
        build(alpha=0.5, beta=0.5)(a.logits, a.target),
        build('SoftDiceLoss', smooth=2)(a.logits, a.target),
    )
    torch.testing.assert_close(
        build(alpha=1, beta=1)(a.logits, a.target),
        build('JaccardLoss')(a.logits, a.target),
    )


def test_beta_is_the_price_of_what_is_missed():
    target = torch.zeros(1, 1, 8, 8)
    target[..., 2:6, 2:6] = 1
    missed, invented = target.clone(), target.clone()
    missed[..., 2, 2:6] = 0
    invented[..., 6, 2:6] = 1
    costs = [build()(20 * x - 10, target) for x in (missed, invented)]
    assert costs[0] > 1.5 * costs[1]


@pytest.mark.parametrize('batch', [True, False])
def test_equals_monai(batch, scene):
    losses = pytest.importorskip('monai.losses')
    a = scene('multilabel')
    theirs = losses.TverskyLoss(
        sigmoid=True,
        alpha=0.3,
        beta=0.7,
        smooth_nr=1,
        smooth_dr=1,
        batch=batch,
    )
    torch.testing.assert_close(
        build(batch=batch)(a.logits, a.target), theirs(a.logits, a.target)
    )


@pytest.mark.parametrize('task', ['one_channel', 'multilabel', 'multiclass'])
def test_equals_segmentation_models_pytorch(task, scene):
    smp = pytest.importorskip('segmentation_models_pytorch')
    a = scene(task)
    mode = task.replace('one_channel', 'binary')
    theirs = smp.losses.TverskyLoss(mode, smooth=1, alpha=0.3, beta=0.7)
    ours = build(include_background=task == 'multiclass')
    torch.testing.assert_close(
        ours(a.logits, a.target), theirs(a.logits, a.target)
    )


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(alpha=-0.1), 'alpha is -0.1, expected >= 0'),
        (dict(beta=-1), 'beta is -1, expected >= 0'),
        (dict(alpha=0, beta=0), r'alpha \+ beta is 0, expected > 0'),
        (dict(smooth=0), 'smooth is 0, expected > 0'),
    ],
)
def test_options_out_of_range(options, message):
    with pytest.raises(ValueError, match=message):
        build(**options)
