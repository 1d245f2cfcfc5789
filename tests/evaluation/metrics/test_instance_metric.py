import csv

import numpy as np
import pytest
import torch

from mmseg_medical.evaluation.functional import (
    aggregated_jaccard,
    instance_overlaps,
    panoptic_quality,
)
from mmseg_medical.evaluation.metrics import InstanceMetric
from tests.evaluation.functional.test_instances import PRED, TRUE, pair

EMPTY = np.zeros((3, 4), np.int32)


def sample(true, pred, scores=None, **meta):
    count = len(np.unique(pred[pred > 0]))
    scores = np.linspace(1, 0.5, count) if scores is None else scores
    ids = np.unique(np.append(pred, 0), return_inverse=True)[1][:-1]
    pred = ids.reshape(pred.shape).astype(np.int32)
    return dict(
        gt_inst_map=dict(data=torch.from_numpy(true)[None]),
        pred_inst_map=dict(data=torch.from_numpy(pred)[None]),
        instance_scores=scores,
        **meta,
    )


def metric(**options):
    made = InstanceMetric(**options)
    made.dataset_meta = dict(classes=('background', 'nucleus'))
    return made


def test_scores_of_a_data_set(tmp_path):
    path = tmp_path / 'cases.csv'
    made = metric(csv_file=str(path), distance=2, group_by='organ')
    pairs = [pair(k) for k in range(3)]
    empty = np.zeros((5, 5), np.int32)
    for k, (true, pred) in enumerate([*pairs, (empty, empty)]):
        one = sample(true, pred, img_id=f'a{k}', organ='ab'[k % 2])
        made.process(None, [one])
    scores = made.evaluate(4)
    overlaps = [instance_overlaps(*one) for one in pairs]
    ajis = [aggregated_jaccard(one) for one in overlaps]
    assert scores['aji_per_image'] == pytest.approx(np.mean(ajis))
    assert scores['aji_per_image/organ=b'] == pytest.approx(ajis[1])
    pqs = [panoptic_quality(one)[0] for one in overlaps]
    assert scores['pq_per_image'] == pytest.approx(np.mean(pqs))
    assert 0 < scores['ap'] < scores['ap50'] < 1
    assert scores['ap_max100'] == scores['ap']
    assert 0 < scores['f1_2px_per_image'] <= 1
    with open(path) as file:
        rows = list(csv.DictReader(file))
    assert [row['id'] for row in rows] == ['a0', 'a1', 'a2', 'a3']
    assert float(rows[0]['aji']) == pytest.approx(ajis[0], abs=1e-6)
    assert rows[3]['aji'] == 'nan'
    assert rows[0]['true'] == str(len(overlaps[0].true_sizes))


def test_ranking_decides_what_is_capped():
    scores = {}
    for order in ([0.9, 0.8, 0.1], [0.1, 0.2, 0.9]):
        made = metric(max_dets=2)
        made.process(None, [sample(TRUE, PRED, order, img_id='a')])
        scores[order[0]] = made.evaluate(1)
    assert scores[0.9]['ap50_max2'] == pytest.approx(67 / 101)
    assert scores[0.1]['ap50_max2'] < scores[0.9]['ap50_max2']


def test_found_in_ignored_pixels_alone():
    true = TRUE.copy()
    true[:, 4:7] = -1
    made = metric()
    made.process(None, [sample(true, PRED, [0.9, 0.8, 0.7], img_id='a')])
    ((_, (overlaps, scores, *_), _),) = made.results
    assert len(overlaps.pred_sizes) == 2
    np.testing.assert_allclose(scores, [0.9, 0.7])


def test_several_tests_are_scored_as_one(tmp_path):
    whole = metric()
    for k in range(4):
        part = metric(results_file=str(tmp_path / f'{k}.pth'))
        one = sample(*(pair(k) if k else [EMPTY] * 2), img_id=f'a{k}')
        whole.process(None, [one])
        part.process(None, [one])
        part.evaluate(1)
    expected = whole.evaluate(4)
    found = metric().pool([tmp_path / f'{k}.pth' for k in range(4)])
    assert found == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize(
    ('missing', 'message'),
    [
        ('pred_inst_map', "'a': the model finds no instances: set model.test"),
        ('gt_inst_map', r"'a': no instances .* PackMedicalInputs\(instances"),
    ],
)
def test_samples_without_instances(missing, message):
    one = sample(TRUE, PRED, img_id='a')
    del one[missing]
    with pytest.raises(ValueError, match=message):
        metric().process(None, [one])


def test_detections_for_an_image_of_another_size():
    one = sample(TRUE, PRED[:, :-1], img_id='a')
    with pytest.raises(ValueError, match=r"'a': .* differ in shape"):
        metric().process(None, [one])


def test_types_are_scored_each_for_itself(tmp_path):
    def planes(ids, types):
        found = np.append(0, types).astype(np.uint8)[ids]
        return dict(data=torch.from_numpy(found)[None])

    true = np.array([[0, 1, 1, 5, 5, 7, 7, 0]], np.int32)
    pred = np.array([[0, 1, 1, 2, 2, 0, 0, 3]], np.int32)
    one = sample(true, pred, [0.9, 0.8, 0.7], img_id='a')
    one['gt_sem_seg'] = planes(true, [1, 0, 0, 0, 2, 0, 1])
    one['pred_sem_seg'] = planes(pred, [1, 1, 2])
    path = tmp_path / 'cases.csv'
    made = metric(types=('a', 'b'), csv_file=str(path))
    made.dataset_meta = dict(classes=('background', 'a', 'b', 'border'))
    made.process(None, [one])
    scores = made.evaluate(1)
    assert scores['dq_per_image'] == pytest.approx(2 / 3)
    # a: one found, one missed, and one that is of b; b: missed, and wrong.
    assert scores['dq_per_image/a'] == pytest.approx(1 / 2)
    assert scores['dq_per_image/b'] == 0
    assert scores['ap50/a'] == pytest.approx(51 / 101)
    with open(path) as file:
        (row,) = csv.DictReader(file)
    assert (row['true/a'], row['found/a'], row['found/b']) == ('2', '2', '1')
    made.dataset_meta = dict(classes=('background', 'a'))
    with pytest.raises(ValueError, match=r"'a': type 'b' is none of the clas"):
        made.process(None, [one])
