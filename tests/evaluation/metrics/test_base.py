import csv

import numpy as np
import pytest
import torch
from mmseg.registry import METRICS

from mmseg_medical.errors import InputError

FIVE = np.arange(4).reshape(1, 2, 2)


def test_a_sample_without_a_mask_is_named(sample, evaluate):
    one = sample('img7', FIVE * 0, FIVE * 0)
    del one['gt_sem_seg']
    with pytest.raises(InputError, match="image 'img7': no mask to compare"):
        evaluate([one], type='OverlapMetric')


def test_wrong_labels_are_named(sample, evaluate):
    one = sample('img7', [[[0, 1, 1]]], [[[0, 254, 1]]])
    with pytest.raises(InputError, match=r"image 'img7': .* 0 … 1"):
        evaluate([one], type='OverlapMetric')


def test_no_image_at_all_is_named(evaluate):
    with pytest.raises(InputError, match='OverlapMetric has seen no image'):
        evaluate([], type='OverlapMetric')


def test_an_image_without_an_id_has_its_path(sample, evaluate, tmp_path):
    one = sample('', FIVE * 0, FIVE * 0) | {'img_path': 'a/b.png'}
    del one['img_id']
    table = tmp_path / 'scores.csv'
    evaluate([one], type='OverlapMetric', csv_file=str(table))
    with table.open() as file:
        assert next(csv.DictReader(file))['id'] == 'a/b.png'


@pytest.mark.parametrize(
    ('labels', 'classes', 'expected'),
    [
        ([[0, 1], [2, 255]], 'abc', [[[0, 1], [0, 0]], [[0, 0], [1, 0]]]),
        ([[[0, 1]], [[1, 255]]], 'ab', [[[0, 1]], [[1, 0]]]),
        ([[[0, 1]]], 'a', [[[0, 1]]]),
    ],
)
def test_masks_of_the_classes_that_have_scores(labels, classes, expected):
    metric = METRICS.build(dict(type='OverlapMetric'))
    metric.dataset_meta = dict(classes=tuple(classes))
    masks = [
        mask.astype(int).tolist() for mask in metric.masks(np.array(labels))
    ]
    assert masks == expected


def test_a_single_class_has_no_background(sample, evaluate):
    one = sample('a', [[[1, 1, 0]]], [[[1, 0, 0]]])
    scores = evaluate([one], type='OverlapMetric', classes=('pneumothorax',))
    assert scores['dice_per_image'] == pytest.approx(2 / 3)


def test_planes_have_to_match_the_classes(sample, evaluate):
    one = sample('img7', np.zeros((2, 3, 3)), np.zeros((2, 3, 3)))
    for metric in (
        dict(type='OverlapMetric'),
        dict(type='SurfaceMetric', spacing=1, tolerance=1),
    ):
        with pytest.raises(InputError, match=r"image 'img7': .* 3 classes"):
            evaluate([one], classes=('a', 'b', 'c'), **metric)


def test_several_tests_are_scored_as_one(sample, evaluate, tmp_path):
    rng = np.random.default_rng(0)
    samples = [
        sample(f'img{k}', *rng.integers(0, 2, (2, 1, 4, 5)), organ='lung')
        for k in range(5)
    ]
    options = dict(type='OverlapMetric', group_by='organ', prefix='test')
    whole = evaluate(samples, **options)
    files = [tmp_path / f'{k}.pth' for k in range(2)]
    for path, part in zip(files, (samples[:2], samples[2:]), strict=True):
        evaluate(part, **options, results_file=str(path))
    pooled = METRICS.build(options).pool(files)
    assert pooled == pytest.approx(whole, nan_ok=True)
    with pytest.raises(InputError, match=r"image 'img0' is in .*0\.pth and"):
        METRICS.build(options).pool([files[0], files[0]])
    classes = ('background', 'nucleus')
    path = tmp_path / 'other.pth'
    evaluate(samples, **options, classes=classes, results_file=str(path))
    with pytest.raises(InputError, match=r'other\.pth has the classes .*nucl'):
        METRICS.build(options).pool([files[0], path])


def test_results_that_run_code_are_not_loaded(tmp_path):
    class Evil:
        def __reduce__(self):
            return print, ('run',)

    path = tmp_path / 'results.pth'
    torch.save(dict(results=[('a', Evil(), {})], classes=()), path)
    with pytest.raises(InputError, match=r'results\.pth holds more than'):
        METRICS.build(dict(type='OverlapMetric')).pool([path])
