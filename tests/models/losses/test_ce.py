import math

import pytest
import torch
import torch.nn.functional as F
from mmseg.registry import MODELS


def build(kind='CELoss', **options):
    return MODELS.build(dict(type=kind, **options))


def test_by_hand():
    logits = torch.tensor([0.0, 0.0, math.log(2)]).view(1, 3, 1, 1)
    logits = logits.repeat(1, 1, 1, 3)
    target = torch.tensor([[[2, 0, 255]]])
    expected = (math.log(2) + math.log(4)) / 2
    assert build()(logits, target).item() == pytest.approx(expected)


@pytest.mark.parametrize('task', ['two_channels', 'multiclass'])
@pytest.mark.parametrize(
    'options',
    [{}, dict(label_smoothing=0.1), dict(class_weight=[1.0, 2.0, 0.0, 5.0])],
)
def test_equals_pytorch(task, options, scene):
    a = scene(task)
    a.target[:, :2] = 255
    classes = a.logits.shape[1]
    factors = options.get('class_weight', [1.0] * 4)[:classes]
    if 'class_weight' in options:
        options = dict(class_weight=factors)
    expected = F.cross_entropy(
        a.logits,
        a.target,
        weight=torch.tensor(factors, dtype=torch.double),
        label_smoothing=options.get('label_smoothing', 0),
        ignore_index=255,
    )
    loss = build(**options)(a.logits, a.target)
    torch.testing.assert_close(loss, expected)


@pytest.mark.parametrize('task', ['one_channel', 'two_channels', 'multilabel'])
@pytest.mark.parametrize('options', [{}, dict(label_smoothing=0.2)])
def test_two_classes_are_binary_cross_entropy(task, options, scene):
    a = scene(task)
    ours = build(**options)(a.logits, a.target)
    assert ours == build('BCELoss', **options)(a.logits, a.target)


def test_label_smoothing_is_a_share():
    with pytest.raises(ValueError, match=r'label_smoothing is -0\.1, '):
        build(label_smoothing=-0.1)


def test_called_by_a_head_of_mmsegmentation(scene):
    """Our losses work in MMSegmentation's own heads as well."""
    from mmengine.structures import PixelData
    from mmseg.structures import SegDataSample

    a = scene('multiclass', dtype=torch.float32)
    head = MODELS.build(
        dict(
            type='FCNHead',
            in_channels=4,
            channels=4,
            num_classes=4,
            loss_decode=[
                dict(type='CELoss'),
                dict(type='SoftDiceLoss', loss_weight=0.5),
            ],
        )
    )
    samples = [
        SegDataSample(gt_sem_seg=PixelData(data=one[None])) for one in a.target
    ]
    losses = head.loss_by_feat(a.logits, samples)
    expected = F.cross_entropy(a.logits, a.target)
    torch.testing.assert_close(losses['loss_ce'], expected)
    assert 0 < losses['loss_dice'] < 0.5
