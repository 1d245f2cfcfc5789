import csv

import numpy as np
import pytest
import torch
from mmengine.structures import PixelData
from mmseg.registry import METRICS
from mmseg.structures import SegDataSample


def sample(name, pred, gt, **meta):
    out = SegDataSample(
        pred_sem_seg=PixelData(data=torch.as_tensor(pred, dtype=torch.uint8)),
        gt_sem_seg=PixelData(data=torch.as_tensor(gt, dtype=torch.uint8)),
    )
    out.set_metainfo(dict(img_id=name, **meta))
    return out.to_dict() | {'img_id': name, **meta}


def evaluate(samples, classes=('background', 'gland'), **options):
    metric = METRICS.build(dict(type='OverlapMetric', **options))
    metric.dataset_meta = dict(classes=classes)
    metric.process({}, samples)
    return metric.evaluate(len(samples))


LARGE = ([[[1] * 90 + [0] * 10]], [[[1] * 90 + [0] * 10]])
SMALL = ([[[0] * 100]], [[[1] * 2 + [0] * 98]])


def test_per_image_and_pooled_answer_different_questions():
    scores = evaluate([sample('a', *LARGE), sample('b', *SMALL)])
    assert scores['dice_per_image'] == pytest.approx(0.5)
    assert scores['dice_pooled'] == pytest.approx(180 / 182)
    assert scores['iou_per_image'] == pytest.approx(0.5)
    assert scores['iou_pooled'] == pytest.approx(90 / 92)
    assert set(scores) == {
        'dice_per_image',
        'dice_pooled',
        'iou_per_image',
        'iou_pooled',
    }


def test_empty_images_score_what_was_asked_for():
    empty = ([[[0, 0]]], [[[0, 0]]])
    assert evaluate([sample('a', *empty)])['dice_per_image'] == 1
    scores = evaluate([sample('a', *empty)], empty=0.0)
    assert scores['dice_per_image'] == 0


def test_several_classes_have_names():
    classes = ('background', 'stroma', 'gland')
    scores = evaluate([sample('a', [[[1, 1, 2]]], [[[1, 2, 2]]])], classes)
    assert scores['dice_per_image/stroma'] == pytest.approx(2 / 3)
    assert scores['dice_per_image/gland'] == pytest.approx(2 / 3)
    assert scores['dice_per_image'] == pytest.approx(2 / 3)


def test_overlapping_classes_have_no_background():
    pred, gt = [[[1, 1]], [[0, 1]]], [[[1, 0]], [[0, 1]]]
    scores = evaluate([sample('a', pred, gt)], ('stomach', 'bowel'))
    assert scores['dice_per_image/stomach'] == pytest.approx(2 / 3)
    assert scores['dice_per_image/bowel'] == 1


def test_the_table_has_a_row_per_image(tmp_path):
    evaluate(
        [
            sample('a', *LARGE, organ='lung', stain_normalized=True),
            sample('b', *SMALL, organ='kidney', stain_normalized=False),
        ],
        csv_file=str(tmp_path / 'sub' / 'per_image.csv'),
    )
    with (tmp_path / 'sub' / 'per_image.csv').open() as file:
        rows = list(csv.DictReader(file))
    assert [row['id'] for row in rows] == ['a', 'b']
    assert rows[1] == dict(
        id='b',
        dice='0.000000',
        iou='0.000000',
        mask_area='2',
        predicted_area='0',
        organ='kidney',
        stain_normalized='False',
    )


def test_a_sample_without_a_mask_is_named():
    one = sample('img7', *LARGE)
    del one['gt_sem_seg']
    with pytest.raises(ValueError, match="image 'img7' has no mask"):
        evaluate([one])


def test_masks_of_0_and_255_are_named():
    one = sample('img7', [[[0, 1, 1]]], [[[0, 254, 1]]])
    with pytest.raises(ValueError, match=r"image 'img7': .* 0 … 1"):
        evaluate([one])


def test_memory_per_image_does_not_depend_on_its_size():
    metric = METRICS.build(dict(type='OverlapMetric'))
    metric.dataset_meta = dict(classes=('background', 'gland'))
    labels = np.zeros((1, 500, 500))
    metric.process({}, [sample('a', labels, labels)])
    ((_, counts, _),) = metric.results
    assert counts.nbytes < 100


def test_scores_outside_of_0_and_1_are_refused():
    with pytest.raises(ValueError, match=r'a score in \[0, 1\], got 2'):
        METRICS.build(dict(type='OverlapMetric', empty=2))
