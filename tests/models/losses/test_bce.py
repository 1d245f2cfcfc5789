import math

import pytest
import torch
import torch.nn.functional as F
from mmseg.registry import MODELS


def build(**options):
    return MODELS.build(dict(type='BCELoss', **options))


def test_by_hand():
    logits = torch.tensor([[[[0.0, 2.0, 7.0]]]])
    target = torch.tensor([[[[1.0, 0.0, 255]]]])
    expected = (math.log(2) + math.log(1 + math.exp(2))) / 2
    assert build()(logits, target).item() == pytest.approx(expected)


def test_positive_weight_and_label_smoothing_by_hand():
    logits = torch.zeros(1, 1, 1, 2)
    target = torch.tensor([[[[1.0, 0.0]]]])
    loss = build(pos_weight=3)(logits, target)
    assert loss.item() == pytest.approx((3 + 1) * math.log(2) / 2)
    loss = build(label_smoothing=0.2)(torch.full_like(logits, 2), target)
    one, zero = math.log(1 + math.exp(-2)), math.log(1 + math.exp(2))
    assert loss.item() == pytest.approx((one + zero) / 2)


@pytest.mark.parametrize('pos_weight', [None, 3.0, [1.0, 2.0, 0.5]])
def test_equals_pytorch(pos_weight, scene):
    a = scene('multilabel')
    factor = None
    if pos_weight is not None:
        factor = torch.tensor(pos_weight).view(-1, 1, 1)
    expected = F.binary_cross_entropy_with_logits(
        a.logits, a.target, pos_weight=factor
    )
    loss = build(pos_weight=pos_weight)
    torch.testing.assert_close(loss(a.logits, a.target), expected)


def test_exclusive_classes_are_each_told_from_the_rest(scene):
    a = scene('multiclass')
    members = F.one_hot(a.target, 4).permute(0, 3, 1, 2).double()
    expected = F.binary_cross_entropy(a.logits.softmax(1), members)
    torch.testing.assert_close(build()(a.logits, a.target), expected)


@pytest.mark.parametrize('kind', [torch.float16, torch.bfloat16])
def test_half_precision_is_summed_in_full(kind):
    logits = torch.full((1, 1, 300, 300), -20.0, dtype=kind)
    loss = build()(logits, torch.ones(1, 1, 300, 300))
    assert loss.item() == pytest.approx(20, rel=1e-3)


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(label_smoothing=1), r'label_smoothing is 1, expected in \[0'),
        (dict(pos_weight=-1), 'pos_weight is -1, expected >= 0'),
        (dict(pos_weight=[1, 2]), r'len\(pos_weight\) is 2, expected one f'),
    ],
)
def test_options_out_of_range(options, message, scene):
    a = scene('multilabel')
    with pytest.raises(ValueError, match=message):
        build(**options)(a.logits, a.target)
