import pytest
import torch
from mmseg.registry import MODELS


def build(**options):
    return MODELS.build(dict(type='JaccardLoss', **options))


def test_by_hand():
    probs = torch.tensor([[[[0.8, 0.4, 0.3, 0.9]]]])
    target = torch.tensor([[[[1.0, 1.0, 0.0, 255]]]])
    jaccard = (1.2 + 0.5) / (1.2 + 0.3 + 0.8 + 0.5)
    loss = build(smooth=0.5)(probs.logit(), target)
    assert loss.item() == pytest.approx(1 - jaccard)


@pytest.mark.parametrize('batch', [True, False])
def test_equals_monai(batch, scene):
    losses = pytest.importorskip('monai.losses')
    a = scene('multilabel')
    theirs = losses.DiceLoss(
        sigmoid=True, jaccard=True, smooth_nr=1e-9, smooth_dr=1e-9, batch=batch
    )
    torch.testing.assert_close(
        build(batch=batch, smooth=1e-9)(a.logits, a.target),
        theirs(a.logits, a.target),
    )


@pytest.mark.parametrize('task', ['one_channel', 'multilabel', 'multiclass'])
def test_equals_segmentation_models_pytorch(task, scene):
    smp = pytest.importorskip('segmentation_models_pytorch')
    a = scene(task)
    mode = task.replace('one_channel', 'binary')
    theirs = smp.losses.JaccardLoss(mode, smooth=1)
    ours = build(include_background=task == 'multiclass')
    torch.testing.assert_close(
        ours(a.logits, a.target), theirs(a.logits, a.target)
    )


def test_smooth_is_positive():
    with pytest.raises(ValueError, match='smooth is -1, expected > 0'):
        build(smooth=-1)
