import copy

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

import mmseg_medical
from mmseg_medical.models.views import Variant

NORM = dict(type='GN', num_groups=4)


def config(task='binary', num_classes=2, **changes):
    head = dict(
        type='SegformerHead',
        in_channels=[8, 8, 16, 16],
        in_index=[0, 1, 2, 3],
        channels=16,
        num_classes=num_classes,
        norm_cfg=NORM,
        dropout_ratio=0,
        loss_decode=dict(
            type='BCELoss' if task == 'multilabel' else 'CrossEntropyLoss'
        ),
    )
    head.update(changes.pop('head', {}))
    cfg = dict(
        type='MedicalSegmentor',
        task=task,
        data_preprocessor=dict(
            type='SegDataPreProcessor',
            mean=[127.5] * 3,
            std=[50.0] * 3,
            size_divisor=32,
            test_cfg=dict(size_divisor=32),
        ),
        backbone=dict(
            type='MixVisionTransformer',
            embed_dims=8,
            num_layers=[1, 1, 1, 1],
            num_heads=[1, 1, 2, 2],
            drop_path_rate=0,
        ),
        decode_head=head,
    )
    cfg.update(changes)
    return cfg


def batch(shape=(40, 56), planes=1, count=2, ori=None):
    torch.manual_seed(0)
    samples = []
    for k in range(count):
        gt = torch.randint(0, 2, (planes, *shape), dtype=torch.uint8)
        sample = SegDataSample(gt_sem_seg=PixelData(data=gt))
        sample.set_metainfo(dict(img_id=str(k), ori_shape=ori or shape))
        samples.append(sample)
    inputs = [
        torch.randint(0, 256, (3, *shape), dtype=torch.uint8)
        for _ in range(count)
    ]
    return dict(inputs=inputs, data_samples=samples)


def build(**changes):
    torch.manual_seed(0)
    model = MODELS.build(config(**changes))
    model.init_weights()
    return model


@pytest.mark.parametrize(
    ('task', 'classes', 'head', 'planes', 'probs', 'labels'),
    [
        ('binary', 2, {}, 1, 1, 1),
        ('multiclass', 3, {}, 1, 3, 1),
        ('multilabel', 3, {}, 3, 3, 3),
        (
            'binary',
            2,
            dict(
                out_channels=1,
                threshold=0.5,
                loss_decode=dict(type='BCELoss'),
            ),
            1,
            1,
            1,
        ),
    ],
)
def test_loss_and_prediction_of_every_task(
    task, classes, head, planes, probs, labels
):
    model = build(task=task, num_classes=classes, head=head)
    data = model.data_preprocessor(batch(planes=planes), True)
    losses = model.loss(**data)
    (loss,) = losses.values()
    loss.backward()
    assert all(
        p.grad is None or p.grad.isfinite().all() for p in model.parameters()
    )
    model.eval()
    for sample in model.test_step(batch(ori=(33, 47), planes=planes)):
        out = sample.seg_probs.data
        assert out.shape == (probs, 33, 47)
        assert out.min() >= 0
        assert out.max() <= 1
        assert sample.pred_sem_seg.data.shape == (labels, 33, 47)
        assert sample.pred_sem_seg.data.dtype == torch.uint8


def test_the_threshold_of_the_config_makes_the_labels():
    model = build(test_cfg=dict(mode='whole', mask_thr=0.3)).eval()
    sample = model.test_step(batch(count=1))[0]
    torch.testing.assert_close(
        sample.pred_sem_seg.data,
        (sample.seg_probs.data > 0.3).to(torch.uint8),
    )
    assert model.postprocess == dict(mask_thr=0.3)


def test_losses_of_several_terms_and_heads():
    auxiliary = dict(
        type='FCNHead',
        in_channels=16,
        in_index=2,
        channels=8,
        num_convs=1,
        dropout_ratio=0,
        num_classes=2,
        norm_cfg=NORM,
        loss_decode=dict(type='CrossEntropyLoss', loss_weight=0.4),
    )
    terms = [
        dict(type='CrossEntropyLoss', loss_weight=0.25),
        dict(type='CrossEntropyLoss', loss_weight=0.5),
        dict(type='LovaszLoss', reduction='none'),
    ]
    model = build(head=dict(loss_decode=terms), auxiliary_head=[auxiliary])
    data = model.data_preprocessor(batch(), True)
    losses = model.loss(**data)
    assert list(losses) == [
        'decode.loss_ce',
        'decode.loss_lovasz',
        'aux_0.loss_ce',
    ]
    single = build(
        head=dict(loss_decode=dict(type='CrossEntropyLoss', loss_weight=0.75)),
        auxiliary_head=auxiliary,
    )
    single.load_state_dict(
        {
            k.replace('auxiliary_head.0', 'auxiliary_head'): v
            for k, v in model.state_dict().items()
        }
    )
    torch.testing.assert_close(
        single.loss(**data)['decode.loss_ce'], losses['decode.loss_ce']
    )
    torch.testing.assert_close(
        single.loss(**data)['aux.loss_ce'], losses['aux_0.loss_ce']
    )


def test_loss_equals_cross_entropy_at_the_size_of_the_mask():
    model = build()
    data = model.data_preprocessor(batch(), True)
    logits = model.decode_head(model.extract_feat(data['inputs']))
    logits = torch.nn.functional.interpolate(
        logits, (64, 64), mode='bilinear', align_corners=False
    )
    gt = torch.stack([s.gt_sem_seg.data[0] for s in data['data_samples']])
    # mmseg divides by all pixels, those of the padding included
    expected = torch.nn.functional.cross_entropy(
        logits, gt.long(), ignore_index=255, reduction='none'
    ).mean()
    torch.testing.assert_close(model.loss(**data)['decode.loss_ce'], expected)


def test_padding_does_not_reach_the_result():
    model = build().eval()
    data = batch(shape=(64, 64), count=1)
    whole = model.test_step(copy.deepcopy(data))[0].seg_probs.data
    model.data_preprocessor.test_cfg = dict(size=(96, 96))
    padded = model.test_step(data)[0].seg_probs.data
    assert padded.shape == whole.shape


def test_sliding_windows_cover_the_image():
    model = build(
        test_cfg=dict(mode='slide', crop_size=(32, 32), stride=(16, 16))
    ).eval()
    out = model.test_step(batch(shape=(64, 64), count=1))[0]
    assert out.seg_probs.data.shape == (1, 64, 64)


def test_images_have_to_be_stacked():
    model = build(data_preprocessor=None)
    message = r'model\.data_preprocessor is missing'
    with pytest.raises(ValueError, match=message):
        model.loss(**model.data_preprocessor(batch(), True))
    with pytest.raises(ValueError, match=message):
        model.test_step(batch())


def test_without_samples_the_size_is_that_of_the_inputs():
    model = build().eval()
    (out,) = model.predict(torch.randn(1, 3, 64, 32))
    assert out.seg_probs.data.shape == (1, 64, 32)


def test_mmsegmentation_loads_our_weights():
    ours = build()
    cfg = config()
    del cfg['task']
    theirs = MODELS.build(dict(cfg, type='EncoderDecoder', test_cfg={}))
    theirs.load_state_dict(ours.state_dict(), strict=True)


FCN = dict(type='FCNHead', in_channels=16, channels=8)
ENC = dict(type='EncHead', in_channels=[8, 16, 16], in_index=[1, 2, 3])


@MODELS.register_module()
class Pointless(torch.nn.Module):
    """A head without channels."""


def test_heads_with_a_loss_of_their_own():
    model = build(head=dict(ENC, num_codes=4))
    data = model.data_preprocessor(batch(), True)
    losses = model.loss(**data)
    assert set(losses) == {
        'decode.loss_ce',
        'decode.loss_se',
        'decode.acc_seg',
    }
    assert data['data_samples'][0].gt_sem_seg.data.dtype == torch.uint8
    (out, _) = model.eval().test_step(batch())
    assert out.seg_probs.data.shape == (1, 40, 56)


class Weigher(torch.nn.Module):
    """A loss that gives back what it was given."""

    loss_name = 'loss_w'

    def forward(self, pred, target, weight=None, *, ignore_index=255):
        return pred.sum() * 0 + (-1 if weight is None else weight.sum())


def test_weights_of_pixels_reach_the_losses():
    model = build()
    model.decode_head.loss_decode = Weigher()
    data = model.data_preprocessor(batch(), True)
    assert model.loss(**data)['decode.loss_w'] == -1
    for sample in data['data_samples']:
        sample.seg_weight = PixelData(data=torch.full((1, 40, 56), 0.5))
    # 40 x 56 is padded to 64 x 64
    assert model.loss(**data)['decode.loss_w'] == 0.5 * 2 * 40 * 56


def test_a_loss_that_is_no_number_names_the_images():
    model = build()
    with torch.no_grad():
        model.decode_head.conv_seg.bias.fill_(float('nan'))
    data = model.data_preprocessor(batch(), True)
    with pytest.raises(ValueError, match=r"loss_ce': nan\} for images 0, 1;"):
        model.loss(**data)


@pytest.mark.parametrize('value', [torch.nan, torch.inf, -torch.inf])
@pytest.mark.parametrize('channels', [1, 2])
def test_probabilities_that_are_no_number_name_the_image(value, channels):
    """A sigmoid alone would make a certain 1 or 0 of inf."""
    model = build(head=dict(out_channels=channels)).eval()
    logits = torch.zeros(2, channels, 64, 64)
    logits[0, -1, 5, 7] = value
    model._logits = lambda features, size: logits
    with pytest.raises(ValueError, match="nan or inf for image '0'"):
        model.test_step(batch())


def with_heads(**test_cfg):
    return build(
        image_heads=dict(
            presence=dict(type='PresenceHead', in_channels=16),
            organ=dict(
                type='CategoryHead',
                in_channels=16,
                key='organ',
                categories=['lung', 'kidney'],
            ),
            pixel_size=dict(
                type='QuantityHead', in_channels=16, key='pixel_size'
            ),
        ),
        test_cfg=test_cfg,
    )


@pytest.mark.parametrize(
    'settings',
    [{}, dict(mode='slide', crop_size=(32, 32), stride=(16, 16))],
)
def test_heads_for_whole_images(settings):
    model = with_heads(**settings)
    data = batch()
    for sample in data['data_samples']:
        sample.set_metainfo(dict(organ='lung', pixel_size=0.4))
    losses = model.loss(**model.data_preprocessor(copy.deepcopy(data), True))
    sum(losses.values()).backward()
    assert {'presence.loss', 'organ.loss', 'pixel_size.loss'} < set(losses)
    for head in model.image_heads.values():
        assert head.linear.weight.grad.abs().sum() > 0
    sample = model.eval().test_step(data)[0]
    assert 0 <= sample.presence <= 1
    assert sample.pred_organ in ('lung', 'kidney')
    assert sample.pred_pixel_size > 0


def test_the_gate_empties_images_that_have_nothing():
    model = with_heads(gate_thr=0.6, mask_thr=0.0).eval()
    head = model.image_heads['presence'].linear
    assert model.postprocess == dict(mask_thr=0.0, gate_thr=0.6)
    for bias, filled in ((-20, 0), (20, 1)):
        with torch.no_grad():
            head.bias.fill_(bias)
        (sample, _) = model.test_step(batch())
        assert (sample.pred_sem_seg.data == filled).all()
        assert sample.seg_probs.data.max() > 0
        # Where the caller has normalised the images, too.
        (sample,) = model.predict(torch.randn(1, 3, 64, 64))
        assert (sample.pred_sem_seg.data == filled).all()


def test_variants_are_averaged_in_what_is_said_of_an_image():
    model = with_heads(mode='slide', crop_size=(32, 32)).eval()
    rows = iter([[0.2, 0.9], [0.4]])  # windows of a variant each

    def windows(inputs):
        values = torch.zeros(len(inputs), 4)
        values[:, 0] = torch.tensor(next(rows))
        size = inputs[0].shape[1:]
        return torch.zeros(len(inputs), 1, *size), values

    model.window_probs = windows
    data = batch(shape=(32, 64), count=1)
    model.settings.batch_size = 2
    variants = [Variant(), Variant(scale=0.5, weight=3)]
    imgs, samples = data['inputs'], data['data_samples']
    (out,) = model.predict_images(imgs, samples, variants=variants)
    # the greatest of two windows once, and 0.4 of a single one thrice
    assert out.presence == pytest.approx((0.9 + 3 * 0.4) / 4)


def test_lower_precision_is_near():
    data = batch()
    outs = [
        build(test_cfg=dict(precision=p)).eval().test_step(data)[0]
        for p in ('fp32', 'bf16')
    ]
    assert outs[1].seg_probs.data.dtype == torch.float32
    difference = outs[0].seg_probs.data - outs[1].seg_probs.data
    assert 0 < difference.abs().max() < 0.03


def test_images_of_a_batch_may_differ_in_size():
    model = build().eval()
    data = batch(count=1)
    other = batch(shape=(70, 33), count=1)
    for key in data:
        data[key] += other[key]
    outs = model.test_step(copy.deepcopy(data))
    for k, out in enumerate(outs):
        alone = {key: value[k : k + 1] for key, value in data.items()}
        torch.testing.assert_close(
            out.seg_probs.data, model.test_step(alone)[0].seg_probs.data
        )


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (dict(task='panoptic'), "task is one of .*got 'panoptic'"),
        (dict(num_classes=3), "task='binary' contradicts"),
        (dict(test_cfg=dict(mask_thr=1.5)), 'mask_thr is 1.5, expected'),
        (
            dict(
                task='multilabel', num_classes=3, head=dict(ENC, num_codes=4)
            ),
            r"EncHead computes its loss itself.*task='multiclass'",
        ),
        (
            dict(auxiliary_head=dict(type='Pointless')),
            r'model\.auxiliary_head: Pointless does not classify',
        ),
        (dict(decode_head=[]), r'model\.decode_head is empty'),
        (
            dict(head=dict(loss_decode=[])),
            'loss_decode of SegformerHead is an',
        ),
        (dict(image_heads=[1]), r'image_heads is a dict of heads by name'),
        (
            dict(image_heads=dict(empty=dict(FCN, num_classes=2))),
            r'model\.image_heads\.empty is FCNHead, which says nothing',
        ),
        (
            dict(backbone=dict(type='MixVisionTransformer', in_channels=5)),
            r'mean has 3 values, model\.backbone\.in_channels is 5',
        ),
        (dict(test_cfg=dict(gate_thr=0.5)), 'needs a head that tells whether'),
    ],
)
def test_contradictions_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        build(**changes)


def test_numpy_scores_are_those_of_the_labels():
    """Two channels in, labels out: what a metric sees is plain."""
    sample = build().eval().test_step(batch(count=1))[0]
    labels = sample.pred_sem_seg.data.numpy()
    assert set(np.unique(labels)) <= {0, 1}


@pytest.mark.parametrize(
    ('task', 'classes', 'head', 'planes'),
    [
        ('binary', 2, dict(out_channels=1), 1),
        ('binary', 2, {}, 1),
        ('multiclass', 2, {}, 1),
        ('multilabel', 3, {}, 3),
    ],
)
def test_mixed_images_count_with_both_masks(task, classes, head, planes):
    head = dict(head, loss_decode=dict(type='CELoss'))
    model = build(task=task, num_classes=classes, head=head).eval()
    bias = model.decode_head.conv_seg.bias.data
    bias[:] = torch.linspace(2, -1, len(bias))
    one = model.data_preprocessor(batch(planes=planes), True)
    samples = one['data_samples']
    first = model.loss(**one)['decode.loss_ce']
    other = copy.deepcopy(samples)
    for s in other:
        mask = s.gt_sem_seg.data
        s.gt_sem_seg.data = torch.where(mask == 255, mask, 0)
    second = model.loss(one['inputs'], other)['decode.loss_ce']
    assert abs(first - second) > 0.1
    for s, o in zip(samples, other, strict=True):
        s.mixed_sem_seg = o.gt_sem_seg
        s.set_metainfo(dict(mix_share=0.75))
    mixed = model.loss(**one)['decode.loss_ce']
    torch.testing.assert_close(mixed, 0.75 * first + 0.25 * second)


def test_mixed_images_and_losses_of_mmsegmentation():
    model = build(head=dict(out_channels=1))
    data = model.data_preprocessor(batch(), True)
    for s in data['data_samples']:
        s.mixed_sem_seg = s.gt_sem_seg
        s.set_metainfo(dict(mix_share=0.5))
    with pytest.raises(ValueError, match='or change CrossEntropyLoss'):
        model.loss(**data)


@pytest.mark.parametrize('base', ['unet_smp', 'segformer_mit_b0'])
def test_channels_last_changes_nothing_but_the_memory(base):
    """Logits, and the weights of a checkpoint."""
    path = mmseg_medical.config_path(f'_base_/models/{base}.py')
    found = []
    for channels_last in (False, True):
        cfg = Config.fromfile(path).model
        cfg.channels_last = channels_last
        if base == 'unet_smp':
            cfg.backbone.update(encoder_name='resnet18', encoder_weights=None)
            cfg.decode_head.encoder_name = 'resnet18'
        torch.manual_seed(0)
        model = MODELS.build(cfg).eval()
        img = torch.linspace(0, 1, 3 * 64 * 64).reshape(1, 3, 64, 64)
        maps = model.extract_feat(img)[-1]
        assert maps.is_contiguous(memory_format=torch.channels_last) or (
            not channels_last
        )
        found.append(model.encode_decode(img, []))
    torch.testing.assert_close(*found, atol=1e-4, rtol=1e-4)
