import pytest
import torch
from mmengine.model import BaseModule
from mmengine.structures import InstanceData, PixelData
from mmseg.models.decode_heads.mask2former_head import Mask2FormerHead
from mmseg.registry import MODELS
from torch import nn
from torch.nn import functional

from tests.models.segmentors.test_segmentor import NORM, batch, build

LAST = dict(in_channels=16, in_index=3, channels=8, norm_cfg=NORM)
FCN = dict(type='FCNHead', num_convs=1, dropout_ratio=0, **LAST)
OCR = dict(type='OCRHead', ocr_channels=8, dropout_ratio=0, **LAST)
POINT = dict(
    type='PointHead',
    in_channels=[8],
    in_index=[0],
    channels=8,
    num_classes=2,
    dropout_ratio=-1,
    loss_decode=dict(type='CrossEntropyLoss'),
)
KINDS = {
    'one channel': ('binary', dict(num_classes=2, out_channels=1), 'BCELoss'),
    'two channels': ('binary', dict(num_classes=2), 'CELoss'),
    'multiclass': ('multiclass', dict(num_classes=3), 'CELoss'),
    'multilabel': ('multilabel', dict(num_classes=3), 'BCELoss'),
}


def cascade(kind, heads=(FCN, OCR), **changes):
    task, channels, loss = KINDS[kind]
    common = dict(channels, loss_decode=dict(type=loss), threshold=0.5)
    return build(
        task=task,
        decode_head=[dict(common, **head) for head in heads],
        **changes,
    )


def prepared(model, planes=1):
    return model.data_preprocessor(batch(planes=planes), True)


@pytest.mark.parametrize('kind', KINDS)
def test_each_head_of_a_cascade_refines_the_one_before(kind):
    model = cascade(kind, (FCN, OCR, OCR))
    planes = 3 if kind == 'multilabel' else 1
    data = prepared(model, planes)
    losses = model.loss(**data)
    term = 'loss_bce' if KINDS[kind][2] == 'BCELoss' else 'loss_ce'
    assert list(losses) == [f'decode_{k}.{term}' for k in range(3)]
    sum(losses.values()).backward()
    assert all(p.grad is not None for p in model.decode_head.parameters())
    model.eval()
    maps = model.extract_feat(data['inputs'])
    first, second, third = model.decode_head
    logits = third(maps, second(maps, first(maps)))
    logits = functional.interpolate(logits, (64, 64), mode='bilinear')
    torch.testing.assert_close(model.forward(data['inputs']), logits)
    probs = model.predict(data['inputs'])[0].seg_probs.data
    expected = model.task.probabilities(logits)[0]
    torch.testing.assert_close(probs, expected)


def point_sample(maps, points, align_corners=False, mode='bilinear'):
    """That of mmcv, which is not there without compiled operations."""
    grid = 2 * points[:, :, None] - 1
    return functional.grid_sample(
        maps, grid, mode, align_corners=align_corners
    )[..., 0]


def test_points_are_refined_where_channels_exclude_each_other(monkeypatch):
    monkeypatch.setattr(
        'mmseg.models.decode_heads.point_head.point_sample', point_sample
    )
    settings = dict(
        train_cfg=dict(
            num_points=16, oversample_ratio=3, importance_sample_ratio=0.75
        ),
        test_cfg=dict(
            mask_thr=0.3,
            subdivision_steps=1,
            subdivision_num_points=20,
            scale_factor=2,
        ),
    )
    model = cascade('two channels', (FCN, POINT), **settings)
    losses = model.loss(**prepared(model))
    assert list(losses)[:2] == ['decode_0.loss_ce', 'decode_1.pointloss_ce']
    sum(losses.values()).backward()
    assert model.decode_head[1].fc_seg.weight.grad.abs().sum() > 0
    (sample, _) = model.eval().test_step(batch())
    assert sample.seg_probs.data.shape == (1, 40, 56)
    with pytest.raises(ValueError, match='PointHead computes its loss'):
        cascade('one channel', (FCN, POINT), **settings)
    with pytest.raises(ValueError, match='scale_factor is no setting'):
        build(test_cfg=settings['test_cfg'])


@MODELS.register_module()
class Queries(Mask2FormerHead):
    """Four queries for the whole of MMDetection's head."""

    def __init__(self, num_classes, out_channels):
        BaseModule.__init__(self)
        self.num_classes = self.out_channels = num_classes
        self.align_corners, self.ignore_index = False, 255
        self.classify = nn.Linear(16, 4 * (num_classes + 1))
        self.outline = nn.Conv2d(8, 4, 1)

    def forward(self, maps, samples):
        assert len(samples) == len(maps[0])
        scores = self.classify(maps[-1].mean((2, 3))).unflatten(1, (4, -1))
        return [scores], [self.outline(maps[0])]

    def loss_by_feat(self, scores, masks, instances, metas):
        assert all(isinstance(found, InstanceData) for found in instances)
        assert instances[0].labels.tolist() == [0, 1]
        assert instances[0].masks.shape[1:] == (64, 64)
        return dict(loss_mask=masks[0].square().mean())


def test_queries_give_their_shares_as_probabilities():
    head = dict(type='Queries', num_classes=2, out_channels=256)
    model = build(decode_head=head)
    data = prepared(model)
    losses = model.loss(**data)
    assert list(losses) == ['decode.loss_mask']
    model.eval()
    maps = model.extract_feat(data['inputs'])
    (scores,), (masks,) = model.decode_head(maps, [None, None])
    masks = functional.interpolate(masks, (64, 64), mode='bilinear')
    sums = torch.einsum(
        'nqc,nqhw->nchw', scores.softmax(-1)[..., :-1], masks.sigmoid()
    )
    samples = model.predict(data['inputs'])
    probs = torch.stack([sample.seg_probs.data for sample in samples])
    torch.testing.assert_close(probs, sums[:, 1:] / sums.sum(1, True))


def test_query_heads_without_their_library():
    if hasattr(Mask2FormerHead, 'loss_by_feat'):
        pytest.skip('mmdet is installed')
    for kind in ('MaskFormerHead', 'Mask2FormerHead'):
        with pytest.raises(ValueError, match=f'{kind} needs mmdet, which'):
            build(decode_head=dict(type=kind, num_classes=2))


@pytest.mark.parametrize(
    ('heads', 'found'),
    [
        ((OCR,), r"\['OCRHead'\]"),
        ((OCR, FCN), r"\['OCRHead', 'FCNHead'\]"),
        ((FCN, FCN), r"\['FCNHead', 'FCNHead'\]"),
    ],
)
def test_lists_that_are_no_cascade(heads, found):
    message = f'a head that gives logits and others that refine.*got {found}'
    with pytest.raises(ValueError, match=message):
        cascade('two channels', heads)


def test_heads_of_a_cascade_have_the_same_channels():
    with pytest.raises(ValueError, match=r'\[1, 2\] channels of logits'):
        cascade('two channels', (dict(FCN, out_channels=1), OCR))


@pytest.mark.parametrize('kind', ['SideAdapterCLIPHead', 'FCNHead.', 'ResNet'])
def test_what_is_no_head_is_refused_before_it_is_built(kind):
    with pytest.raises((ValueError, KeyError), match=kind):
        build(decode_head=dict(type=kind, num_classes=2))


@pytest.mark.parametrize(
    ('loss', 'instead'),
    [
        ('CrossEntropyLoss', 'BCELoss'),
        ('DiceLoss', 'SoftDiceLoss'),
        ('FocalLoss', 'PixelFocalLoss'),
        ('LovaszLoss', 'LovaszHingeLoss'),
        ('TverskyLoss', 'SoftTverskyLoss'),
    ],
)
@pytest.mark.parametrize('kind', ['one channel', 'multilabel'])
def test_losses_of_mmsegmentation_where_they_are_wrong(kind, loss, instead):
    task, channels, _ = KINDS[kind]
    term = dict(type=loss)
    if loss == 'LovaszLoss':
        term['reduction'] = 'none'
    model = build(task=task, head=dict(channels, loss_decode=[term]))
    data = prepared(model, 3 if kind == 'multilabel' else 1)
    with pytest.raises(
        ValueError, match=f'{loss} of MMSegmentation is not.* to {instead}$'
    ):
        model.loss(**data)


def test_labels_that_are_no_class_in_a_loss_of_mmsegmentation():
    """An index error there, and the end of the process on a GPU."""
    model = build()
    data = prepared(model)
    for sample in data['data_samples']:
        sample.gt_sem_seg.data[sample.gt_sem_seg.data == 1] = 200
    with pytest.raises(ValueError, match=r'labels are 0 … 1 or .*found \[200'):
        model.loss(**data)


def weighted(data):
    for sample in data['data_samples']:
        sample.seg_weight = PixelData(data=torch.full((1, 40, 56), 0.5))
    return data


def test_losses_that_would_not_see_the_weights_of_pixels():
    terms = [
        dict(type='CrossEntropyLoss'),
        dict(type='LovaszLoss', reduction='none'),
    ]
    model = build(head=dict(loss_decode=terms))
    data = prepared(model)
    assert len(model.loss(**data)) == 2
    with pytest.raises(ValueError, match=r'LovaszLoss .* no use for weig'):
        model.loss(**weighted(data))
    head = dict(
        type='EncHead',
        in_channels=[8, 16, 16],
        in_index=[1, 2, 3],
        num_codes=4,
    )
    model = build(head=head)
    with pytest.raises(ValueError, match=r'EncHead .* without the seg_wei'):
        model.loss(**weighted(prepared(model)))


def test_a_sampler_chooses_the_pixels():
    sampler = dict(type='OHEMPixelSampler', thresh=0.1, min_kept=1000)
    plain = build(head=dict(loss_decode=dict(type='CELoss')))
    model = build(head=dict(loss_decode=dict(type='CELoss'), sampler=sampler))
    model.load_state_dict(plain.state_dict())
    data = prepared(model)
    logits = model.forward(data['inputs'])
    gt = torch.stack([s.gt_sem_seg.data for s in data['data_samples']])
    chosen = model.decode_head.sampler.sample(logits, gt)
    assert 0 < chosen.sum() < chosen.numel()
    costs = functional.cross_entropy(
        logits, gt[:, 0].long(), ignore_index=255, reduction='none'
    )
    expected = (costs * chosen).sum() / chosen.sum()
    loss = model.loss(**data)['decode.loss_ce']
    torch.testing.assert_close(loss, expected)
    assert loss != plain.loss(**data)['decode.loss_ce']
    with pytest.raises(ValueError, match='samples its pixels itself'):
        build(
            head=dict(out_channels=1, threshold=0.5, sampler=sampler),
        )


def test_masks_of_several_planes_are_no_target_of_own_losses():
    head = dict(
        type='EncHead',
        in_channels=[8, 16, 16],
        in_index=[1, 2, 3],
        num_codes=4,
    )
    model = build(head=head)
    with pytest.raises(ValueError, match='masks have 3 planes'):
        model.loss(**prepared(model, planes=3))


def test_images_without_masks_teach_nothing():
    model, data = build(), batch()
    del data['data_samples'][1].gt_sem_seg
    inputs = torch.rand(2, 3, 64, 64)
    with pytest.raises(ValueError, match='has no mask to learn from'):
        model.loss(inputs, data['data_samples'])
