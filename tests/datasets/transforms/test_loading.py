import cv2
import numpy as np
import pytest
import tifffile
from mmseg.registry import TRANSFORMS

from mmseg_medical.converters import rle
from mmseg_medical.converters.tiff import Region
from mmseg_medical.datasets.transforms import (
    ChooseRandomRegion,
    LoadImageRegion,
    LoadMaskRegion,
)


@pytest.fixture
def sample(tmp_path, tissue):
    """A 90 x 120 image whose mask is 6 x 5 pixels."""
    img = np.ascontiguousarray(tissue(120)[:90])
    tifffile.imwrite(tmp_path / 'a.tiff', img, photometric='rgb')
    mask = np.zeros((90, 120), np.uint8)
    mask[40:46, 70:75] = 1
    return dict(
        img_path=str(tmp_path / 'a.tiff'),
        height=90,
        width=120,
        rle=rle.encode(mask, 'kaggle'),
        rle_dialect='kaggle',
        where='train.csv id a',
        img=img,
        mask=mask,
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


def test_gray_and_alpha(tmp_path):
    rgba = np.random.default_rng(0).integers(0, 255, (8, 9, 4), np.uint8)
    for stored, expected in (
        (rgba[..., 0], rgba[..., :1]),
        (rgba, rgba[..., 2::-1]),
    ):
        tifffile.imwrite(tmp_path / 'b.tif', stored)
        out = LoadImageRegion()(dict(img_path=str(tmp_path / 'b.tif')))
        np.testing.assert_array_equal(out['img'], expected)


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


def test_the_size_is_checked_before_anything_is_read(sample):
    sample['height'] = 91
    for transform in (ChooseRandomRegion(), LoadImageRegion()):
        with pytest.raises(ValueError, match='id a: the table says'):
            transform(dict(sample))
