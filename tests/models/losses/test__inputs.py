import pytest
import torch

from mmseg_medical.models.losses._inputs import as_channels

LOGITS = torch.tensor([[[[0.0, 1.0]], [[2.0, -1.0]], [[-1.0, 3.0]]]])


def test_weights_of_every_shape():
    labels = torch.tensor([[[2, 0]]])
    weight = torch.tensor([[[3, 4]]])
    for given in (weight, weight[:, None]):
        channels = as_channels(LOGITS, labels, given)
        assert channels.weight.tolist() == [[[[3, 4]]]]
        overlapping = as_channels(LOGITS, torch.zeros_like(LOGITS), given)
        assert overlapping.weight.tolist() == [[[[3, 4]]] * 3]
    each = torch.arange(6).view(1, 3, 1, 2)
    channels = as_channels(LOGITS, labels, each)
    assert channels.weight.flatten().tolist() == [4, 1]
    overlapping = as_channels(LOGITS, torch.zeros_like(LOGITS), each)
    assert (overlapping.weight == each).all()


@pytest.mark.parametrize('kind', [torch.uint8, torch.bool, torch.bfloat16])
def test_types_of_the_target(kind):
    target = torch.tensor([[[[1, 0]]]]).to(kind)
    channels = as_channels(LOGITS[:, :1], target)
    assert channels.target.dtype == torch.float32
    assert channels.target.flatten().tolist() == [1, 0]


def test_a_negative_label_to_be_ignored():
    labels = torch.tensor([[[-100, 2]]])
    channels = as_channels(LOGITS, labels, ignore_index=-100)
    assert channels.weight.flatten().tolist() == [0, 1]


ZEROS = torch.zeros(1, 1, 2, dtype=torch.long)


@pytest.mark.parametrize(
    ('pred', 'target', 'weight', 'message'),
    [
        (LOGITS[0], ZEROS, None, r'logits \(3, 1, 2\) and target \(1, 1, 2\)'),
        (LOGITS, ZEROS[:, None], None, 'check out_channels of the head'),
        (LOGITS, ZEROS.float(), None, r'float32; pass target.long\(\)'),
        (LOGITS, ZEROS + 3, None, r'0 … 2 or ignore_index=255, found \[3\]'),
        (LOGITS, ZEROS - 1, None, r'found \[-1\]; map the values'),
        (LOGITS[:, :1], ZEROS + 2, None, r'0 … 1 or .* found \[2\]'),
        (LOGITS, LOGITS, None, r'0 … 1 or .* found \[-1.0, 2.0, 3.0\]'),
        (LOGITS, LOGITS * 0 + 0.5, None, r'found \[0.5\]'),
        (LOGITS, LOGITS * torch.nan, None, r'found \[nan'),
        (LOGITS, ZEROS, torch.ones(1, 2), r'weight has shape \(1, 2\)'),
        (LOGITS, ZEROS, torch.ones(1, 2, 1, 2), r'or \(1, 3, 1, 2\)'),
        (LOGITS, ZEROS, ZEROS - 1, 'weight is -1 at a pixel, expected'),
        (LOGITS, ZEROS, ZEROS + torch.inf, 'weight is inf at a pixel'),
        (LOGITS, ZEROS, ZEROS * torch.nan, 'weight is nan at a pixel'),
    ],
)
def test_inputs_that_do_not_fit(pred, target, weight, message):
    with pytest.raises(ValueError, match=message):
        as_channels(pred, target, weight)
