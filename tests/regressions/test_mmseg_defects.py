"""What is wrong in MMSegmentation, beside what is done here.

Each test asserts the wrong answer as well: where it no longer comes, an
upstream version has mended it and the test says so.
"""

from pathlib import Path

import cv2
import mmseg
import numpy as np
import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.structures import PixelData
from mmseg.evaluation import IoUMetric
from mmseg.models.losses import accuracy
from mmseg.models.utils import resize
from mmseg.registry import METRICS, MODELS
from mmseg.structures import SegDataSample
from torch import nn

from mmseg_medical.models.segmentors import MedicalTTAModel
from mmseg_medical.models.task import TASKS


def build(kind, **arguments):
    return MODELS.build(dict(type=kind, **arguments))


def foreground(share=0.25, size=32):
    """Mask (1, H, W) int64 of 0 and 1."""
    mask = torch.zeros(1, size, size, dtype=torch.int64)
    mask.view(-1)[: int(share * size * size)] = 1
    return mask


def logits(mask, strength=30.0):
    """One channel that is sure of a mask."""
    return (mask[:, None].float() * 2 - 1) * strength


def both(mask, loss, target, **arguments):
    """Loss of a perfect prediction and of its inverse."""
    pred = logits(mask)
    return tuple(loss(p, target, **arguments).item() for p in (pred, 1 - pred))


def test_dice_with_one_channel_is_inverted_there():
    mask = foreground()
    wrong = both(mask, build('DiceLoss'), mask)
    assert wrong[0] == pytest.approx(1, abs=1e-2)
    assert wrong[1] == pytest.approx(0, abs=1e-2)
    right = both(mask, build('SoftDiceLoss'), mask[:, None].float())
    assert right[0] == pytest.approx(0, abs=1e-4)
    assert right[1] == pytest.approx(1, abs=1e-2)


def test_tversky_with_one_channel_has_no_signal_there():
    mask = foreground()
    assert both(mask, build('TverskyLoss'), mask) == (0, 0)
    perfect, inverse = both(
        mask, build('SoftTverskyLoss'), mask[:, None].float()
    )
    assert perfect < 1e-4
    assert inverse > 0.98


def test_focal_with_one_channel_fails_there_on_a_cpu():
    mask = foreground()
    with pytest.raises(Exception):  # noqa: B017, PT011 - it varies
        build('FocalLoss')(logits(mask), mask)
    perfect, inverse = both(
        mask, build('PixelFocalLoss'), mask[:, None].float()
    )
    assert perfect < 1e-6
    assert inverse > 10


def test_missing_a_small_structure_costs_nothing_there():
    mask = foreground(0.004, 100)
    pred = torch.zeros(1, 2, 100, 100)
    pred[:, 0], pred[:, 1] = 30, -30  # all background
    assert build('DiceLoss')(pred, mask).item() < 0.01
    assert build('SoftDiceLoss')(pred, mask).item() > 0.9


def test_dice_where_all_is_ignored():
    ignored = torch.full((1, 8, 8), 255)
    pred = torch.randn(1, 2, 8, 8, requires_grad=True)
    assert build('DiceLoss')(pred, ignored).item() > 0.9
    loss = build('SoftDiceLoss')(pred, ignored)
    loss.backward()
    assert loss.item() == 0
    assert pred.grad.abs().max() == 0


def test_bce_where_all_is_ignored():
    ignored = torch.full((1, 8, 8), 255)
    pred = torch.randn(1, 1, 8, 8, requires_grad=True)
    with pytest.raises(RuntimeError, match=r'max\(\)'):
        build('CrossEntropyLoss', use_sigmoid=True)(
            pred, ignored, ignore_index=255
        )
    loss = build('BCELoss')(pred, ignored[:, None].float())
    loss.backward()
    assert loss.item() == 0
    assert pred.grad.abs().max() == 0


def test_class_weights_with_sigmoid_and_two_channels():
    mask = foreground()
    pred = torch.randn(1, 2, 32, 32)
    with pytest.raises((RuntimeError, IndexError)):
        build('CrossEntropyLoss', use_sigmoid=True, class_weight=[1.0, 2.0])(
            pred, mask
        )
    assert build('BCELoss', class_weight=[1.0, 2.0])(pred, mask).isfinite()


def test_class_weights_beside_ignored_pixels():
    mask = foreground()
    mask[0, -1] = 255
    pred = torch.randn(1, 2, 32, 32)
    arguments = dict(class_weight=[1.0, 2.0])
    with pytest.raises(IndexError):
        build('CrossEntropyLoss', avg_non_ignore=True, **arguments)(
            pred, mask, ignore_index=255
        )
    ours = build('CELoss', **arguments)(pred, mask)
    expected = nn.functional.cross_entropy(
        pred, mask, torch.tensor([1.0, 2.0]), ignore_index=255
    )
    torch.testing.assert_close(ours, expected)


def test_accuracy_of_one_channel_is_the_share_of_background():
    mask = foreground()
    for pred in (logits(mask), -logits(mask)):
        assert accuracy(pred, mask).item() == pytest.approx(75)


HEAD = dict(type='FCNHead', in_channels=512, channels=8)
ONE_CHANNEL = dict(HEAD, num_classes=2, out_channels=1, threshold=0.3)


def segmentor(kind, test_cfg=None, decode_head=ONE_CHANNEL, **changes):
    return build(
        kind,
        data_preprocessor=dict(
            type='SegDataPreProcessor', test_cfg=dict(size_divisor=1)
        ),
        backbone=dict(type='ResNet', depth=18),
        decode_head=decode_head,
        test_cfg=ConfigDict(test_cfg or {}),
        **changes,
    ).eval()


def empty_network(model):
    """Make a network sure that there is nothing."""
    model.encode_decode = lambda inputs, metas: torch.full(
        (len(inputs), 1, *inputs.shape[2:]), -30.0
    )
    model._logits = lambda features, size: torch.full((1, 1, *size), -30.0)
    model.extract_feat = lambda inputs: inputs
    return model


def image():
    meta = dict(
        img_id='a',
        img_path='a.png',
        ori_shape=(8, 8),
        img_shape=(8, 8),
        flip=False,
        flip_direction=None,
    )
    sample = SegDataSample(metainfo=meta)
    return torch.zeros(3, 8, 8, dtype=torch.uint8), sample


def test_tta_with_one_channel_paints_everything_there():
    img, sample = image()
    theirs = empty_network(
        segmentor('EncoderDecoder', test_cfg=dict(mode='whole'))
    )
    tta = build('SegTTAModel', module=theirs)
    views = dict(inputs=[[img], [img]], data_samples=[[sample], [sample]])
    (out,) = tta.test_step(views)
    # sigmoid(sigmoid(-30)) = 0.5 is above the 0.3 of the head
    assert out.pred_sem_seg.data.min() == 1
    ours = empty_network(segmentor('MedicalSegmentor', task='binary'))
    (out,) = MedicalTTAModel(ours, 'd4').test_step(
        dict(inputs=[img], data_samples=[sample])
    )
    assert out.seg_probs.data.max() < 1e-9
    assert out.pred_sem_seg.data.max() == 0


def test_pooled_dice_hides_images():
    """A large hit and a small miss: 99.9 there, 50 per image."""
    samples, plain = [], dict(classes=('bg', 'fg'))
    for area, found in ((99, 1), (1, 0)):
        gt = torch.zeros(1, 100, 100, dtype=torch.int64)
        gt[0, :area] = 1
        if area == 1:
            gt[0, 0, 10:] = 0
        pred = gt * found
        samples.append(
            dict(
                img_id=str(area),
                gt_sem_seg=dict(data=gt),
                pred_sem_seg=dict(data=pred),
            )
        )
    theirs = IoUMetric(iou_metrics=['mDice'])
    ours = METRICS.build(dict(type='OverlapMetric'))
    for metric in (theirs, ours):
        metric.dataset_meta = plain
        metric.process({}, samples)
    wrong = theirs.compute_metrics(theirs.results)
    assert wrong['mDice'] > 97
    scores = ours.compute_metrics(ours.results)
    assert scores['dice_per_image'] == pytest.approx(0.5)
    assert scores['dice_pooled'] > 0.99


def test_packing_planes():
    from mmseg.registry import TRANSFORMS

    mask = np.zeros((6, 5, 3), np.uint8)
    mask[1:3, 2, 1] = 1
    data = dict(
        img=np.zeros((6, 5, 3), np.uint8),
        gt_seg_map=mask,
        seg_fields=['gt_seg_map'],
    )
    packed = {
        kind: TRANSFORMS.build(dict(type=kind, meta_keys=()))(dict(data))
        for kind in ('PackSegInputs', 'PackMedicalInputs')
    }
    shapes = {
        kind: tuple(out['data_samples'].gt_sem_seg.data.shape)
        for kind, out in packed.items()
    }
    assert shapes['PackSegInputs'] != (3, 6, 5)
    assert shapes['PackMedicalInputs'] == (3, 6, 5)
    ours = packed['PackMedicalInputs']['data_samples'].gt_sem_seg.data
    np.testing.assert_array_equal(ours.permute(1, 2, 0), mask)


def test_overlapping_classes_are_argmaxed_there():
    pred = torch.full((3, 4, 4), 5.0)  # all three classes are there
    theirs = segmentor('EncoderDecoder', test_cfg=dict(mode='whole'))
    theirs.out_channels = 3
    (out,) = theirs.postprocess_result(pred[None])
    assert out.pred_sem_seg.data.shape == (1, 4, 4)
    task = TASKS['multilabel'](3, 3)
    labels = task.labels(task.probabilities(pred), 0.5)
    assert labels.sum() == 3 * 16


def test_windows_are_not_padded_to_the_image():
    """Counts what the accumulation allocates, not its time."""
    size, crop, stride = 64, 16, 16
    padded = []
    original = nn.functional.pad

    def pad(x, *args, **kwargs):
        out = original(x, *args, **kwargs)
        padded.append(out.numel())
        return out

    img = torch.zeros(1, 3, size, size)
    theirs = empty_network(
        segmentor(
            'EncoderDecoder',
            test_cfg=dict(
                mode='slide', crop_size=(crop, crop), stride=(stride, stride)
            ),
        )
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr('torch.nn.functional.pad', pad)
        theirs.inference(img, [dict(ori_shape=(size, size))])
        assert sum(padded) == 16 * size * size  # each of the windows
        padded.clear()
        ours = empty_network(
            segmentor(
                'MedicalSegmentor',
                task='binary',
                test_cfg=dict(
                    mode='slide',
                    crop_size=(crop, crop),
                    stride=(stride, stride),
                ),
            )
        )
        sample = SegDataSample(metainfo=dict(img_id='a'))
        ours.predict_images([img[0]], [sample])
        assert sum(padded) <= 16 * 3 * crop * crop  # the preprocessor's


def test_maps_of_two_folders_do_not_meet(tmp_path):
    """caseA/slice_1 and caseB/slice_1 are one file there."""
    theirs = IoUMetric(output_dir=str(tmp_path / 'theirs'), format_only=True)
    theirs.dataset_meta = dict(classes=('bg', 'fg'))
    data = torch.zeros(1, 4, 4, dtype=torch.uint8)
    for case in 'AB':
        theirs.process(
            {},
            [
                dict(
                    img_path=f'case{case}/slice_1.png',
                    pred_sem_seg=dict(data=data),
                )
            ],
        )
    assert len(list((tmp_path / 'theirs').rglob('*.png'))) == 1
    from mmseg_medical.datasets.listing import sample_name

    names = {
        sample_name(
            SegDataSample(
                pred_sem_seg=PixelData(data=data),
                metainfo=dict(img_path=f'case{case}/slice_1.png'),
            )
        )
        for case in 'AB'
    }
    assert len(names) == 2


def test_out_of_a_list_of_evaluators(tmp_path):
    """Their tool sets a key of it; here the model writes, not the metric."""
    evaluators = [ConfigDict(type='IoUMetric'), ConfigDict(type='IoUMetric')]
    tool = Path(mmseg.__file__).parent / '.mim' / 'tools' / 'test.py'
    if tool.is_file():
        line = "cfg.test_evaluator['output_dir'] = args.out"
        assert line in tool.read_text()
    with pytest.raises(TypeError):
        evaluators['output_dir'] = 'maps'
    # from training to submission, with two evaluators: tests/tools
    from mmseg_medical.converters.probability_maps import ProbabilityMaps

    written = ProbabilityMaps(
        tmp_path,
        ids=['a'],
        task='multiclass',
        classes=[str(k) for k in range(301)],
        postprocess=dict(mask_thr=0.5),
        origin={},
    )
    probs = np.zeros((301, 4, 4), np.float32)
    probs[300] = 1
    written.write('a', probs)
    assert written.masks('a')[299].all()
    # the label 300 is 44 there
    theirs = IoUMetric(output_dir=str(tmp_path / 'theirs'), format_only=True)
    theirs.dataset_meta = dict(classes=written.classes)
    label = torch.full((1, 4, 4), 300)
    sample = dict(img_path='a.png', pred_sem_seg=dict(data=label))
    theirs.process({}, [sample])
    saved = cv2.imread(str(tmp_path / 'theirs' / 'a.png'), -1)
    assert (saved == 300 % 256).all()


def test_masks_of_more_than_a_byte(tmp_path):
    """Their loader cuts labels to 8 bits."""
    from mmseg.registry import TRANSFORMS

    mask = np.full((4, 5), 300, np.uint16)
    cv2.imwrite(str(tmp_path / 'mask.png'), mask)
    cv2.imwrite(str(tmp_path / 'img.png'), np.zeros((4, 5, 3), np.uint8))
    sample = dict(
        img_path=str(tmp_path / 'img.png'),
        seg_map_path=str(tmp_path / 'mask.png'),
        seg_fields=[],
        label_map=None,
        reduce_zero_label=False,
    )
    loaded = {
        kind: TRANSFORMS.build(dict(type=kind)).transform(dict(sample))
        for kind in ('LoadAnnotations', 'LoadMaskRegion')
    }
    assert (loaded['LoadAnnotations']['gt_seg_map'] == 300 % 256).all()
    np.testing.assert_array_equal(loaded['LoadMaskRegion']['gt_seg_map'], mask)


def test_planes_have_no_accuracy_there():
    pred = torch.zeros(1, 3, 4, 4)
    with pytest.raises(AssertionError):
        accuracy(pred, torch.zeros(1, 3, 4, 4))
    loss = build('BCELoss')(pred, torch.zeros(1, 3, 4, 4))
    assert loss.item() == pytest.approx(np.log(2))


def test_the_threshold_of_one_channel_is_low_there():
    plain = MODELS.build(dict(HEAD, num_classes=2, out_channels=1))
    assert plain.threshold == 0.3
    ours = segmentor('MedicalSegmentor', task='binary')
    ours.decode_head.threshold = 0.3
    assert ours.postprocess == dict(mask_thr=0.5)


def test_views_of_overlapping_classes_are_argmaxed_there():
    img, sample = image()
    shared = torch.full((3, 8, 8), 4.0)  # all three classes are there

    def of(kind, **changes):
        model = segmentor(kind, **changes)
        model.extract_feat = lambda inputs: inputs
        model.encode_decode = lambda inputs, metas: shared[None]
        model._logits = lambda features, size: shared[None]
        return model

    head = dict(HEAD, num_classes=3)
    theirs = of('EncoderDecoder', decode_head=head)
    theirs.test_cfg = ConfigDict(mode='whole')
    views = dict(inputs=[[img], [img]], data_samples=[[sample], [sample]])
    (out,) = build('SegTTAModel', module=theirs).test_step(views)
    assert out.pred_sem_seg.data.shape == (1, 8, 8)
    ours = of('MedicalSegmentor', task='multilabel', decode_head=head)
    (out,) = MedicalTTAModel(ours, 'd4').test_step(
        dict(inputs=[img], data_samples=[sample])
    )
    assert out.pred_sem_seg.data.tolist() == torch.ones(3, 8, 8).tolist()


def test_resizing_is_the_same_as_there():
    """So that logits of their weights mean the same here."""
    x = torch.randn(1, 2, 5, 7)
    torch.testing.assert_close(
        resize(x, (20, 28), mode='bilinear', align_corners=False),
        nn.functional.interpolate(x, (20, 28), mode='bilinear'),
    )
