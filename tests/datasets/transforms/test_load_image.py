import numpy as np
import pytest
import tifffile

from mmseg_medical.converters.tiff import Region
from mmseg_medical.datasets.transforms import (
    ChooseRandomRegion,
    LoadImageRegion,
    LoadMaskRegion,
)


def test_whole_image_and_mask(sample):
    out = LoadMaskRegion()(LoadImageRegion()(dict(sample)))
    np.testing.assert_array_equal(out['img'][..., ::-1], sample['img'])
    np.testing.assert_array_equal(out['gt_seg_map'], sample['mask'])
    assert out['img_shape'] == out['ori_shape'] == (90, 120)
    assert out['seg_fields'] == ['gt_seg_map']
    rgb = LoadImageRegion(to_bgr=False)(dict(sample))
    np.testing.assert_array_equal(rgb['img'], sample['img'])


def test_image_and_mask_of_a_region_belong_together(sample):
    region = Region(35, 60, 20, 30)
    out = dict(sample, region=region)
    out = LoadMaskRegion()(LoadImageRegion()(out))
    np.testing.assert_array_equal(
        out['img'][..., ::-1], sample['img'][region.slices]
    )
    np.testing.assert_array_equal(
        out['gt_seg_map'], sample['mask'][region.slices]
    )
    assert out['img_shape'] == (20, 30)


def test_gray_and_alpha(tmp_path):
    rgba = np.random.default_rng(0).integers(0, 255, (8, 9, 4), np.uint8)
    for stored, expected in (
        (rgba[..., 0], rgba[..., :1]),
        (rgba, rgba[..., 2::-1]),
    ):
        tifffile.imwrite(tmp_path / 'b.tif', stored)
        out = LoadImageRegion()(dict(img_path=str(tmp_path / 'b.tif')))
        np.testing.assert_array_equal(out['img'], expected)


def test_the_size_is_checked_before_anything_is_read(sample):
    sample['height'] = 91
    for transform in (ChooseRandomRegion(), LoadImageRegion()):
        with pytest.raises(ValueError, match='id a: the table says'):
            transform(dict(sample))
