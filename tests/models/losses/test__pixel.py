import pytest
import torch

from mmseg_medical.models.losses._pixel import PixelLoss


class LogitLoss(PixelLoss):
    """The mean logit."""

    def pixel_loss(self, channels):
        return channels.logits


LOGITS = torch.tensor([[[[1.0, 2.0, 6.0]]], [[[4.0, 8.0, 9.0]]]])
TARGET = torch.tensor([[[[0.0, 1.0, 1.0]]], [[[0.0, 255, 255]]]])


def test_mean_over_pixels_or_over_images():
    loss = LogitLoss(loss_name='loss_x')
    assert loss(LOGITS, TARGET).item() == (1 + 2 + 6 + 4) / 4
    loss = LogitLoss(loss_name='loss_x', batch=False)
    assert loss(LOGITS, TARGET).item() == (3 + 4) / 2


def test_weights_are_in_the_divisor():
    loss = LogitLoss(loss_name='loss_x', class_weight=[1, 4])
    expected = (1 + 4 * 2 + 4 * 6 + 4) / 10
    assert loss(LOGITS, TARGET).item() == pytest.approx(expected)
    weight = torch.tensor([[[0.5, 0, 0]], [[0.25, 1, 1]]])
    expected = (0.5 * 1 + 0.25 * 4) / 0.75
    assert loss(LOGITS, TARGET, weight).item() == pytest.approx(expected)


def test_overlapping_classes_by_channel():
    loss = LogitLoss(loss_name='loss_x', class_weight=[1, 3])
    logits = LOGITS.transpose(0, 1)
    target = TARGET.transpose(0, 1)
    expected = (1 + 2 + 6 + 3 * 4) / (3 + 3)
    assert loss(logits, target).item() == pytest.approx(expected)
