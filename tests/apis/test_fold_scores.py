import json
import math

import numpy as np
import pytest
import torch
from mmengine.config import Config

from mmseg_medical.apis.fold_scores import FoldScores, collect
from mmseg_medical.converters.table import read_table
from mmseg_medical.errors import InputError

SCORES = FoldScores(
    {0: {'dice': 0.5, 'dice/lung': 0.25}, 2: {'dice': 0.9, 'mIoU': math.nan}},
    {'dice': 0.8},
)


def test_mean_and_deviation_of_a_sample():
    rows = {row[0]: row[1:] for row in SCORES.table()}
    assert rows['dice'] == pytest.approx([0.5, 0.9, 0.7, 0.08**0.5, 0.8])
    assert rows['dice/lung'] == pytest.approx(
        [0.25, math.nan, 0.25, math.nan, math.nan], nan_ok=True
    )
    assert np.isnan(rows['mIoU']).all()


def test_what_is_printed_and_what_is_written(tmp_path):
    assert SCORES.rows() == [
        ['score', 'fold_0', 'fold_2', 'mean', 'std', 'out_of_fold'],
        ['dice', '0.5000', '0.9000', '0.7000', '0.2828', '0.8000'],
        ['mIoU', *['nan'] * 5],
    ]
    SCORES.write(tmp_path / 'scores.csv')
    assert (tmp_path / 'scores.csv').read_text().splitlines() == [
        'score,fold_0,fold_2,mean,std,out_of_fold',
        'dice,0.500000,0.900000,0.700000,0.282843,0.800000',
        'dice/lung,0.250000,,0.250000,,',
        'mIoU,,,,,',
    ]


@pytest.fixture
def work_dir(tmp_path):
    """Two folds of three images: tp, fp, fn and tn of each."""
    counts = [[8, 2, 0, 0], [0, 5, 5, 0], [0, 0, 0, 9]]
    for fold, images in ((0, counts[:1]), (1, counts[1:])):
        folder = tmp_path / f'fold_{fold}'
        folder.mkdir()
        results = [
            (f'img{fold}{k}', np.array([one]), dict(organ='lung'))
            for k, one in enumerate(images)
        ]
        kept = dict(results=results, classes=('background', 'gland'))
        torch.save(kept, folder / 'results_1.pth')
        note = dict(
            settings={}, scores={'dice_per_image': [16 / 18, 0.5][fold]}
        )
        (folder / 'tested.json').write_text(json.dumps(note))
    return tmp_path


CFG = Config(
    dict(
        work_dir='elsewhere',
        test_evaluator=[dict(type='IoUMetric'), dict(type='OverlapMetric')],
    )
)


def test_pooled_scores_are_of_all_images_once(work_dir):
    found = collect(CFG, str(work_dir), [0, 1, 2])
    assert list(found.by_fold) == [0, 1]
    dice = 16 / 18
    assert found.pooled['dice_per_image'] == pytest.approx((dice + 0 + 1) / 3)
    assert found.pooled['dice_pooled'] == pytest.approx(16 / 28)
    (row,) = (r for r in found.table() if r[0] == 'dice_per_image')
    assert row[3:5] == pytest.approx(
        [(dice + 0.5) / 2, abs(dice - 0.5) / 2**0.5]
    )
    table = read_table(work_dir / 'per_image.csv', ['id', 'dice', 'organ'])
    assert [r['id'] for r in table] == ['img00', 'img10', 'img11']


def test_nothing_to_collect(tmp_path):
    with pytest.raises(InputError, match='is tested yet'):
        collect(CFG, str(tmp_path), [0, 1])
