import math

import pytest
import torch
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample


def samples(*values):
    return [
        SegDataSample(
            gt_sem_seg=PixelData(data=torch.tensor(v).reshape(1, 2, 2))
        )
        for v in values
    ]


@pytest.fixture
def head():
    return MODELS.build(dict(type='PresenceHead', in_channels=4))


def test_the_loss_is_that_of_the_masks(head):
    outputs = torch.tensor([[2.0], [2.0], [2.0]])
    some, none = [0, 0, 1, 0], [0, 255, 0, 0]
    loss = head.loss(outputs, samples(some, none, [255] * 4), None)
    expected = (math.log1p(math.exp(-2)) + math.log1p(math.exp(2))) / 2
    assert loss.item() == pytest.approx(expected)
    assert head.loss(outputs[:1], samples([255] * 4), None).item() == 0


def test_features_of_the_map_that_was_asked_for(head):
    head.eval()
    features = [torch.randn(2, 7, 8, 8), torch.randn(2, 4, 3, 5)]
    out = head(features)
    assert out.shape == (2, 1)
    torch.testing.assert_close(out, head.linear(features[1].mean((2, 3))))


def test_one_window_with_something_is_enough(head):
    probs = head.probs(torch.tensor([[-3.0], [1.0]]))
    assert head.read(head.pool(probs)) == dict(
        presence=pytest.approx(0.7310586)
    )
