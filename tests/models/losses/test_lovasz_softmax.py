import pytest
import torch
from mmseg.registry import MODELS


def build(**options):
    return MODELS.build(dict(type='LovaszSoftmaxLoss', **options))


def test_by_hand():
    probs = torch.tensor([[[[0.4, 0.9, 0.7, 0.5]]]])
    target = torch.tensor([[[[1.0, 1.0, 0.0, 255]]]])
    # Errors 0.7, 0.6, 0.1, each of which adds a third of the union of 3.
    loss = build()(probs.logit(), target)
    assert loss.item() == pytest.approx((0.7 + 0.6 + 0.1) / 3)


def test_certain_predictions_cost_their_jaccard_loss(scene):
    a = scene('multiclass')
    labels = a.logits.argmax(1)
    logits = 100 * torch.nn.functional.one_hot(labels, 4).permute(0, 3, 1, 2)
    values = build(reduction='none')(logits.double(), a.target)[0]
    for k in range(1, 4):
        pred, truth = labels == k, a.target == k
        jaccard = (pred & truth).sum() / (pred | truth).sum()
        assert values[k - 1].item() == pytest.approx(1 - jaccard.item())


@pytest.mark.parametrize('batch', [True, False])
def test_equals_segmentation_models_pytorch(batch, scene):
    smp = pytest.importorskip('segmentation_models_pytorch')
    a = scene('multiclass', dtype=torch.float32)
    a.target[:, :, 1] = 255
    theirs = smp.losses.LovaszLoss(
        'multiclass', per_image=not batch, ignore_index=255
    )
    ours = build(batch=batch, include_background=True, skip_empty=True)
    torch.testing.assert_close(
        ours(a.logits, a.target), theirs(a.logits, a.target)
    )
