import cv2
import numpy as np
import pytest
from mmseg.registry import TRANSFORMS

from mmseg_medical.converters import rle
from mmseg_medical.datasets.transforms import (
    ChooseRandomRegion,
    LoadMaskRegion,
)


def test_regions_have_the_size_that_was_asked_for(sample):
    choose = TRANSFORMS.build(
        dict(type='ChooseRandomRegion', scale=(0.3, 0.6), ratio=(0.5, 2))
    )
    sides = np.array([choose(dict(sample))['region'] for _ in range(300)])
    assert (sides[:, :2] >= 0).all()
    assert (sides[:, :2] + sides[:, 2:] <= (90, 120)).all()
    area = sides[:, 2] * sides[:, 3] / (90 * 120)
    assert 0.08 < area.min() < 0.12
    assert 0.3 < area.max() < 0.38
    ratio = sides[:, 3] / sides[:, 2] / (120 / 90)
    assert 0.48 < ratio.min() < 0.6
    assert 1.7 < ratio.max() < 2.1


def test_regions_can_be_sure_to_hold_foreground(sample):
    choose = ChooseRandomRegion(scale=(0.1, 0.2), foreground=1.0)
    hits = set()
    for _ in range(60):
        region = choose(dict(sample))['region']
        part = LoadMaskRegion()(dict(sample, region=region))['gt_seg_map']
        assert part.any()
        hits.add((region.top, region.left))
    assert len(hits) > 30
    empty = dict(sample, rle='')
    assert 'region' in choose(empty)


def test_a_probability_of_zero_reads_the_whole_image(sample):
    assert 'region' not in ChooseRandomRegion(prob=0)(dict(sample))


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(scale=(0, 1)), r'rising within \(0, 1\]'),
        (dict(scale=(0.8, 0.5)), 'rising within'),
        (dict(ratio=(2, 1)), 'rising and above 0'),
    ],
)
def test_ranges_are_checked(arguments, message):
    with pytest.raises(ValueError, match=message):
        ChooseRandomRegion(**arguments)


def as_image(sample, tmp_path, labels, name='m.png'):
    del sample['rle']
    cv2.imwrite(str(tmp_path / name), labels)
    return dict(sample, seg_map_path=str(tmp_path / name))


def test_images_of_masks_give_foreground_too(sample, tmp_path):
    found = as_image(sample, tmp_path, sample['mask'] * 255)
    choose = ChooseRandomRegion(scale=(0.1, 0.2), foreground=1.0)
    load = LoadMaskRegion(values={255: 1})
    for _ in range(40):
        assert load(choose(dict(found)))['gt_seg_map'].any()


def test_windows_of_a_size(sample):
    choose = ChooseRandomRegion(crop_size=(40, 200), foreground=1.0)
    for _ in range(20):
        region = choose(dict(sample))['region']
        assert region[2:] == (40, 120)
        assert region.left == 0
        part = sample['mask'][region.slices]
        assert part.any()


@pytest.mark.parametrize('stored', ['image', 'runs'])
def test_small_classes_are_as_likely_as_large_ones(sample, tmp_path, stored):
    labels = np.zeros((90, 120), np.uint8)
    labels[:40] = 1
    labels[80:, 110:] = 2
    if stored == 'image':
        sample = as_image(sample, tmp_path, labels)
    else:
        planes = [labels == 0, labels == 1, labels == 2]
        sample['rle'] = [rle.encode(plane, 'kaggle') for plane in planes]

    def share(classes):
        choose = ChooseRandomRegion(
            crop_size=(1, 1), foreground=1.0, classes=classes
        )
        hits = [choose(dict(sample))['region'] for _ in range(200)]
        return np.mean([labels[r.top, r.left] == 2 for r in hits])

    assert 0.4 < share({1: 1, 2: 1}) < 0.6
    assert 0.65 < share({1: 1, 2: 3}) < 0.85
    assert share({2: 0.5}) == 1
    assert share({1: 1, 2: 0, 9: 5}) == 0
    if stored == 'image':
        assert 0.4 < share(None) < 0.6


def test_without_a_class_of_these_any_window_will_do(sample):
    choose = ChooseRandomRegion(foreground=1.0, classes={7: 1})
    assert 'region' in choose(dict(sample))


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(crop_size=(0, 5)), r'crop_size \(0, 5\) must be 1 or more'),
        (dict(classes={1: 0}), 'not all of them 0'),
        (dict(classes={1: 2, 2: -1}), '>= 0'),
        (dict(classes={}), 'not all of them 0'),
    ],
)
def test_sizes_and_weights_are_checked(arguments, message):
    with pytest.raises(ValueError, match=message):
        ChooseRandomRegion(**arguments)
