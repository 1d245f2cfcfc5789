import math

import pytest
import torch
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample


@pytest.fixture
def head():
    return MODELS.build(
        dict(type='QuantityHead', in_channels=4, key='pixel_size')
    )


def test_the_loss_is_of_the_logarithm(head):
    samples = [
        SegDataSample(metainfo=dict(pixel_size=2.0)),
        SegDataSample(metainfo={}),
    ]
    outputs = torch.tensor([[math.log(2) + 3], [9.0]], requires_grad=True)
    loss = head.loss(outputs, samples, None)
    assert loss.item() == pytest.approx(2.5)  # smooth L1 of 3
    loss.backward()
    assert outputs.grad.flatten().tolist() == [1, 0]


def test_windows_are_averaged_as_logarithms(head):
    values = torch.tensor([[math.log(0.5)], [math.log(2)]])
    assert head.read(head.pool(head.probs(values))) == dict(
        pred_pixel_size=pytest.approx(1.0)
    )
