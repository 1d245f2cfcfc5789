import cv2
import numpy as np
import pytest
import tifffile

from mmseg_medical.converters import rle
from mmseg_medical.datasets import HuBMAPDataset
from mmseg_medical.datasets.areas import (
    AreaReader,
    ClassAreas,
    foreground_shares,
    mask_stratum,
)
from mmseg_medical.errors import InputError

CLASSES = ('background', 'lung', 'liver')


def measured(*areas, pixels=100):
    return [ClassAreas(np.array(one), pixels) for one in areas]


@pytest.mark.parametrize('source', ['rle', 'polygon'])
def test_run_lengths_and_polygons_have_the_areas_of_their_masks(
    hubmap, source
):
    dataset = HuBMAPDataset(data_root=str(hubmap()), mask_source=source)
    reader = AreaReader([], dataset.metainfo['classes'])
    for k in range(4):
        sample = dataset.get_data_info(k)
        text = HuBMAPDataset(data_root=dataset.data_root).get_data_info(k)
        mask = rle.decode(text['rle'], (64, 80), 'hubmap')
        assert reader(sample) == (mask.sum(), 64 * 80)


def test_run_lengths_are_not_painted_and_the_size_may_be_of_the_file(
    hubmap, monkeypatch
):
    dataset = HuBMAPDataset(
        data_root=str(hubmap()), wrong_sizes=['101', '102', '103', '104']
    )
    monkeypatch.setattr(rle.Runs, 'to_mask', None)
    one = AreaReader([], ('bg', 'unit'))(dataset.get_data_info(0))
    assert one.areas[0] > 500
    assert one.pixels == 64 * 80


def test_each_class_of_its_own_runs():
    sample = dict(rle=['1 2 9 1', '', '3 4'], rle_dialect='uw_madison')
    sample |= dict(height=4, width=5, img_path='none.png')
    one = AreaReader([], tuple('abc'))(sample)
    assert one.areas.tolist() == [3, 0, 4]
    assert one.pixels == 20


@pytest.fixture
def labels(tmp_path):
    def write(mask):
        tifffile.imwrite(tmp_path / 'a.tiff', np.zeros((4, 5), np.uint8))
        cv2.imwrite(str(tmp_path / 'a.png'), mask)
        return dict(
            img_path=str(tmp_path / 'a.tiff'),
            seg_map_path=str(tmp_path / 'a.png'),
        )

    return write


def test_images_of_masks_are_read_as_the_pipeline_reads_them(labels):
    mask = np.zeros((4, 5), np.uint8)
    mask[0] = 128
    mask[1, :2] = 255
    mask[2, 0] = 2
    sample = labels(mask)
    pipeline = [
        dict(type='LoadImageRegion'),
        dict(type='mmseg.LoadMaskRegion', values={128: 1}),
    ]
    one = AreaReader(pipeline, CLASSES)(sample)
    assert one.areas.tolist() == [5, 1]
    assert one.pixels == 18  # 255 is ignored
    with pytest.raises(InputError, match=r'a\.tiff: its mask holds 128, .* 3'):
        AreaReader([], CLASSES)(sample)


def test_a_sample_without_a_mask_is_named(labels):
    sample = labels(np.zeros((4, 5), np.uint8))
    del sample['seg_map_path']
    pipeline = [dict(type='LoadMaskRegion', required=False)]
    with pytest.raises(InputError, match=r'a\.tiff has no mask'):
        AreaReader(pipeline, CLASSES)(sample)


def test_shares():
    assert foreground_shares(measured([10, 20], [0, 0])) == [0.3, 0]


def test_strata_of_masks():
    some = measured([10, 0], [0, 0], [20, 5], [0, 40], [3, 0])
    assert mask_stratum('empty', some, CLASSES) == 'no yes no no no'.split()
    assert mask_stratum('classes', some, CLASSES) == [
        *('lung', 'empty', 'lung+liver', 'liver', 'lung')
    ]
    assert mask_stratum('area', some, CLASSES, bins=2) == [
        *('1 of 2 (3 to 10 %)', 'empty', '2 of 2 (25 to 40 %)'),
        *('2 of 2 (25 to 40 %)', '1 of 2 (3 to 10 %)'),
    ]
