import pytest
import torch

from mmseg_medical.models.losses._region import RegionLoss


class FalsePositives(RegionLoss):
    """The soft number of false positives."""

    def region_loss(self, channels):
        return self.counts(channels)[1]


def build(**options):
    return FalsePositives(loss_name='loss_x', **options)


def test_counts_by_hand():
    probs = torch.tensor([[[[0.9, 0.2, 0.6, 0.7]]]])
    target = torch.tensor([[[[1.0, 1.0, 0.0, 255]]]])
    weight = torch.tensor([[[2.0, 1.0, 1.0, 1.0]]])
    seen = {}

    class Counting(RegionLoss):
        def region_loss(self, channels):
            seen['counts'] = self.counts(channels)
            return seen['counts'][0]

    Counting(loss_name='loss_x')(probs.logit(), target, weight)
    tp, fp, fn = (x.item() for x in seen['counts'])
    assert tp == pytest.approx(2 * 0.9 + 0.2)
    assert fp == pytest.approx(0.6)
    assert fn == pytest.approx(2 * 0.1 + 0.8)


def test_by_batch_or_by_image():
    probs = torch.tensor([0.2, 0.6]).view(2, 1, 1, 1)
    target = torch.zeros(2, 1, 1, 1)
    for batch, expected in ((True, [[0.8]]), (False, [[0.2], [0.6]])):
        loss = build(batch=batch, reduction='none')
        values = loss(probs.logit(), target)
        torch.testing.assert_close(values, torch.tensor(expected))
    loss = build(batch=False)
    assert loss(probs.logit(), target).item() == pytest.approx(0.4)


def test_little_that_is_wrong_is_not_lost_in_much_that_is_right():
    logits = torch.full((1, 1, 1000, 1000), 20.0)
    logits[..., 0, :] = -12
    target = torch.ones_like(logits)
    target[..., 0, :] = 0
    expected = 1000 * torch.tensor(-12.0).sigmoid()
    torch.testing.assert_close(build()(logits, target), expected)


def test_classes_that_are_left_out():
    logits = torch.randn(2, 3, 4, 4)
    target = torch.zeros(2, 4, 4, dtype=torch.long)
    target[0, 0] = 2
    each = build(reduction='none', batch=False)(logits, target)
    assert each.shape == (2, 2)
    skip = build(skip_empty=True, batch=False)
    torch.testing.assert_close(skip(logits, target), each[0, 1])
    by_batch = build(skip_empty=True)(logits, target)
    torch.testing.assert_close(by_batch, each[:, 1].sum())
    weighted = build(class_weight=[1, 3], batch=False)(logits, target)
    expected = (each * torch.tensor([1, 3])).sum() / 8
    torch.testing.assert_close(weighted, expected)
