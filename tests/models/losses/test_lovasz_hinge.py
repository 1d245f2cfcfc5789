import pytest
import torch
from mmseg.registry import MODELS


def build(**options):
    return MODELS.build(dict(type='LovaszHingeLoss', **options))


def test_by_hand():
    logits = torch.tensor([[[[0.5, 3.0, -0.2, 9.0]]]])
    target = torch.tensor([[[[1.0, 1.0, 0.0, 255]]]])
    # Errors 0.8 (adds 1/3: union 3), then 0.5 (adds 1/3), then none.
    loss = build()(logits, target)
    assert loss.item() == pytest.approx(0.8 / 3 + 0.5 / 3)


def test_not_below_the_jaccard_loss(scene):
    a = scene('one_channel')
    labels = a.logits > 0
    truth = a.target > 0
    jaccard = (labels & truth).sum() / (labels | truth).sum()
    assert build()(a.logits, a.target) >= 1 - jaccard


def test_margins_of_exclusive_classes_are_against_the_rest(scene):
    a = scene('multiclass')
    members = torch.nn.functional.one_hot(a.target, 4).permute(0, 3, 1, 2)
    odds = a.logits.softmax(1).logit()
    torch.testing.assert_close(
        build()(a.logits, a.target), build()(odds[:, 1:], members[:, 1:])
    )


@pytest.mark.parametrize('batch', [True, False])
def test_equals_segmentation_models_pytorch(batch, scene):
    smp = pytest.importorskip('segmentation_models_pytorch')
    a = scene('one_channel', dtype=torch.float32)
    a.target[..., 1] = 255
    theirs = smp.losses.LovaszLoss(
        'binary', per_image=not batch, ignore_index=255
    )
    torch.testing.assert_close(
        build(batch=batch)(a.logits, a.target), theirs(a.logits, a.target)
    )
