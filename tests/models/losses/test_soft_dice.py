import pytest
import torch
from mmseg.registry import MODELS


def build(**options):
    return MODELS.build(dict(type='SoftDiceLoss', **options))


def test_by_hand():
    probs = torch.tensor([[[[0.8, 0.4, 0.3, 0.9]]]])
    target = torch.tensor([[[[1.0, 1.0, 0.0, 255]]]])
    dice = (2 * 1.2 + 0.5) / (1.5 + 2 + 0.5)
    loss = build(smooth=0.5)(probs.logit(), target)
    assert loss.item() == pytest.approx(1 - dice)


def test_a_class_that_is_missed_costs_its_share():
    """Pooled over classes, 0.4 % of foreground would cost 0.004."""
    target = torch.zeros(1, 100, 100, dtype=torch.long)
    target[0, :8, :5] = 1
    logits = torch.tensor([9.0, -9.0]).view(1, 2, 1, 1).expand(1, 2, 100, 100)
    assert build()(logits, target) > 0.95


def test_an_absent_class_has_a_gradient():
    logits = torch.full((1, 1, 8, 8), -3.0, requires_grad=True)
    build()(logits, torch.zeros(1, 1, 8, 8)).backward()
    assert (logits.grad > 0).all()


@pytest.mark.parametrize('batch', [True, False])
@pytest.mark.parametrize('task', ['one_channel', 'multilabel', 'multiclass'])
def test_equals_monai(task, batch, scene):
    losses = pytest.importorskip('monai.losses')
    a = scene(task)
    theirs = losses.DiceLoss(
        sigmoid=task != 'multiclass',
        softmax=task == 'multiclass',
        to_onehot_y=task == 'multiclass',
        include_background=task != 'multiclass',
        smooth_nr=1,
        smooth_dr=1,
        batch=batch,
    )
    target = a.target if a.target.ndim == 4 else a.target[:, None]
    torch.testing.assert_close(
        build(batch=batch)(a.logits, a.target), theirs(a.logits, target)
    )


@pytest.mark.parametrize(
    ('task', 'mode'),
    [
        ('one_channel', 'binary'),
        ('multilabel', 'multilabel'),
        ('multiclass', 'multiclass'),
    ],
)
def test_equals_segmentation_models_pytorch(task, mode, scene):
    smp = pytest.importorskip('segmentation_models_pytorch')
    a = scene(task)
    a.target[..., :2] = 255
    theirs = smp.losses.DiceLoss(mode, smooth=0.5, ignore_index=255)
    ours = build(include_background=task == 'multiclass')
    torch.testing.assert_close(
        ours(a.logits, a.target), theirs(a.logits, a.target)
    )


def test_smooth_is_positive():
    with pytest.raises(ValueError, match='smooth is 0, expected > 0; change'):
        build(smooth=0)
