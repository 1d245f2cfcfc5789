import cv2
import numpy as np
import pytest
from mmseg.registry import TRANSFORMS

from mmseg_medical.converters import rle
from mmseg_medical.converters.tiff import Region
from mmseg_medical.datasets.transforms import (
    ChooseRandomRegion,
    LoadMaskRegion,
)


def test_masks_from_images(sample, tmp_path):
    cv2.imwrite(str(tmp_path / 'm.png'), sample['mask'])
    out = dict(sample, seg_map_path=str(tmp_path / 'm.png'))
    del out['rle']
    region = Region(30, 60, 20, 20)
    mask = LoadMaskRegion()(dict(out, region=region))['gt_seg_map']
    np.testing.assert_array_equal(mask, sample['mask'][region.slices])
    cv2.imwrite(str(tmp_path / 'm.png'), sample['mask'][:-1])
    with pytest.raises(ValueError, match=r'm\.png has 89 x 120 .* 90 x 120'):
        LoadMaskRegion()(out)


def test_what_255_means_has_to_be_said(sample, tmp_path):
    path = tmp_path / 'm.png'
    del sample['rle']
    sample['seg_map_path'] = str(path)
    cv2.imwrite(str(path), sample['mask'] * 255)
    with pytest.raises(ValueError, match=r'm\.png holds 255 .*\{255: 1\}'):
        LoadMaskRegion()(dict(sample))
    load = TRANSFORMS.build(dict(type='LoadMaskRegion', values={255: 1}))
    mask = load(dict(sample))['gt_seg_map']
    np.testing.assert_array_equal(mask, sample['mask'])
    left_out = LoadMaskRegion(values={255: 255})(dict(sample))['gt_seg_map']
    np.testing.assert_array_equal(left_out, sample['mask'] * 255)
    # beside another label 255 can only be what is left out
    cv2.imwrite(str(path), sample['mask'] * 254 + 1)
    assert LoadMaskRegion()(dict(sample))['gt_seg_map'].max() == 255


def test_labels_of_the_data_set_are_changed_as_it_says(sample, tmp_path):
    path = tmp_path / 'm.png'
    del sample['rle']
    sample['seg_map_path'] = str(path)
    cv2.imwrite(str(path), sample['mask'] + 1)
    mask = LoadMaskRegion()(dict(sample, reduce_zero_label=True))['gt_seg_map']
    np.testing.assert_array_equal(mask, sample['mask'])
    label_map = {0: 0, 1: -1, 2: 1}
    mask = LoadMaskRegion()(dict(sample, label_map=label_map))['gt_seg_map']
    np.testing.assert_array_equal(
        mask, np.where(sample['mask'], 1, 255).astype(np.uint8)
    )


def test_classes_that_overlap(sample):
    other = np.zeros((90, 120), np.uint8)
    other[43:60, 60:73] = 1  # over the first one
    sample['rle'] = [sample['rle'], rle.encode(other, 'kaggle'), '']
    chosen = ChooseRandomRegion(scale=(0.1, 0.2), foreground=1.0)
    seen = set()
    for _ in range(30):
        out = chosen(dict(sample))
        mask = LoadMaskRegion()(out)['gt_seg_map']
        assert mask.shape == (*out['region'][2:], 3)
        seen.update(np.flatnonzero(mask.any((0, 1))).tolist())
    assert seen == {0, 1}
    whole = LoadMaskRegion()(dict(sample))['gt_seg_map']
    np.testing.assert_array_equal(whole[..., 0], sample['mask'])
    np.testing.assert_array_equal(whole[..., 1], other)
    assert not whole[..., 2].any()


def test_run_lengths_are_mended_after_a_region_was_chosen(sample):
    sample['rle'] += ' 5'
    chosen = ChooseRandomRegion(foreground=1.0)(dict(sample))
    with pytest.raises(ValueError, match='odd number'):
        LoadMaskRegion()(dict(chosen))
    with pytest.warns(rle.RLERepairWarning, match='last integer dropped'):
        out = LoadMaskRegion(repair=True)(dict(chosen))
    np.testing.assert_array_equal(
        out['gt_seg_map'], sample['mask'][chosen['region'].slices]
    )


def test_a_sample_without_a_mask(sample):
    del sample['rle']
    with pytest.raises(ValueError, match='has no mask: a sample needs one'):
        LoadMaskRegion()(sample)
    assert 'gt_seg_map' not in LoadMaskRegion(required=False)(sample)
