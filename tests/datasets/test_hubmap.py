import csv
import shutil

import numpy as np
import pytest
import tifffile
from mmseg.registry import DATASETS, TRANSFORMS

from mmseg_medical.converters import rle
from mmseg_medical.converters.image import read_labels
from mmseg_medical.converters.table import TableError, read_table
from mmseg_medical.datasets import DatasetError, HuBMAPDataset
from mmseg_medical.errors import InputError

COLUMNS = HuBMAPDataset.COLUMNS
PIPELINE = [
    dict(type='LoadImageRegion'),
    dict(type='LoadMaskRegion'),
    dict(type='PackMedicalInputs'),
]


def edit(root, change):
    path = root / 'train.csv'
    with path.open() as file:
        rows = list(csv.reader(file))
    change(rows)
    with path.open('w', newline='') as file:
        csv.writer(file).writerows(rows)


def test_metadata_travels_with_each_sample(hubmap):
    dataset = DATASETS.build(
        dict(type='HuBMAPDataset', data_root=str(hubmap()), pipeline=PIPELINE)
    )
    assert len(dataset) == 4
    assert dataset.metainfo['classes'][1] == 'functional tissue unit'
    item = dataset[1]
    assert item['inputs'].shape == (3, 64, 80)
    sample = item['data_samples']
    assert sample.gt_sem_seg.data.shape == (1, 64, 80)
    meta = sample.metainfo
    assert (meta['img_id'], meta['organ']) == ('102', 'lung')
    assert (meta['pixel_size'], meta['tissue_thickness']) == (0.4, 4)
    assert (meta['age'], meta['sex']) == ('37', 'Male')
    assert meta['data_source'] == 'HPA'
    assert meta['ori_shape'] == (64, 80)


def test_run_lengths_and_polygons_give_the_same_masks(hubmap):
    root = str(hubmap())
    one, other = (
        HuBMAPDataset(data_root=root, mask_source=s, pipeline=PIPELINE)
        for s in ('rle', 'polygon')
    )
    for k in range(4):
        a, b = (d[k]['data_samples'].gt_sem_seg.data for d in (one, other))
        assert a.sum() > 500
        np.testing.assert_array_equal(a, b)


def test_polygons_need_no_rle_column(hubmap):
    root = hubmap()
    edit(root, lambda rows: [row.pop(7) for row in rows])
    dataset = HuBMAPDataset(data_root=str(root), mask_source='polygon')
    assert 'rle' not in dataset.get_data_info(0)
    with pytest.raises(TableError, match="no column 'rle'"):
        HuBMAPDataset(data_root=str(root))


def test_the_table_of_test_images_has_no_masks(hubmap):
    root = hubmap()
    edit(root, lambda rows: [row.__delitem__(slice(7, 10)) for row in rows])
    dataset = HuBMAPDataset(
        data_root=str(root),
        test_mode=True,
        pipeline=[PIPELINE[0], PIPELINE[2]],
    )
    assert 'gt_sem_seg' not in dataset[0]['data_samples']


@pytest.mark.parametrize(
    ('column', 'value', 'message'),
    [
        (3, 'x', "id 101: img_height is 'x', expected a number above 0"),
        (5, '0', "id 101: pixel_size is '0'"),
        (5, 'nan', 'pixel_size'),
        (4, 'inf', 'img_width'),
        (0, '102', "id 102: the id '102' is there twice"),
    ],
)
def test_values_that_cannot_be(hubmap, column, value, message):
    root = hubmap()
    edit(root, lambda rows: rows[1].__setitem__(column, value))
    with pytest.raises(InputError, match=message):
        HuBMAPDataset(data_root=str(root))


def test_a_table_without_rows(hubmap):
    root = hubmap()
    edit(root, lambda rows: rows.__delitem__(slice(1, None)))
    with pytest.raises(
        DatasetError, match='no sample is left; nothing is listed'
    ):
        HuBMAPDataset(data_root=str(root))


def test_unknown_mask_sources(hubmap):
    with pytest.raises(DatasetError, match="'rle' or 'polygon', got 'png'"):
        HuBMAPDataset(data_root=str(hubmap()), mask_source='png')


def test_a_run_beyond_the_image_names_the_row(hubmap):
    root = hubmap()
    edit(root, lambda rows: rows[2].__setitem__(7, '5 10 5119 9'))
    dataset = HuBMAPDataset(data_root=str(root), pipeline=PIPELINE)
    with pytest.raises(rle.RLEError, match=r'train\.csv id 102: run 2 of 2'):
        dataset[1]


def test_sizes_that_differ_are_refused_unless_known(hubmap, capsys):
    root = hubmap()
    edit(root, lambda rows: rows[1].__setitem__(4, '79'))
    dataset = HuBMAPDataset(data_root=str(root), pipeline=PIPELINE)
    with pytest.raises(
        ValueError,
        match=r'id 101: the table says 64 x 79 .*101\.tiff has 64 x 80',
    ):
        dataset[0]
    known = HuBMAPDataset(
        data_root=str(root), pipeline=PIPELINE, wrong_sizes=['101']
    )
    np.testing.assert_array_equal(
        known[0]['data_samples'].gt_sem_seg.data.shape, (1, 64, 80)
    )


def test_wrong_sizes_are_counted(hubmap, caplog):
    messages = []

    class Counted(HuBMAPDataset):
        def report(self, message):
            messages.append(message)

    Counted(data_root=str(hubmap()), wrong_sizes=['101', '7'])
    assert messages == [
        '1 image(s) whose size in the table is known to be wrong: the size '
        'of the file is used'
    ]


def test_real_layout(real_data):
    root = real_data('hubmap_layout_tissue')
    dataset = HuBMAPDataset(data_root=str(root), pipeline=PIPELINE)
    assert len(dataset) == 16
    polygons = HuBMAPDataset(
        data_root=str(root), mask_source='polygon', pipeline=PIPELINE
    )
    rows = read_table(root / 'train.csv', COLUMNS)
    for item, other, row in zip(dataset, polygons, rows, strict=True):
        mask = item['data_samples'].gt_sem_seg.data[0]
        assert item['data_samples'].img_id == row['id']
        size = (int(row['img_height']), int(row['img_width']))
        assert item['inputs'].shape == (3, *size)
        lengths = [*map(int, row['rle'].split())][1::2]
        assert mask.sum() == sum(lengths)
        same = mask == other['data_samples'].gt_sem_seg.data[0]
        assert same.float().mean() > 0.99


def test_test_images_have_no_polygons(hubmap):
    root = hubmap()
    (root / 'train.csv').rename(root / 'test.csv')
    (root / 'train_images').rename(root / 'test_images')
    dataset = HuBMAPDataset(
        'test.csv', str(root), mask_source='polygon', test_mode=True
    )
    assert 'annotation_path' not in dataset.get_data_info(0)


def test_a_real_size_that_the_table_has_wrong(real_data, tmp_path):
    """Image 10078: 2023 x 2023 in the table, 2025 wide."""
    folder = real_data('real_rle') / 'hubmap'
    text = (folder / 'metadata_10078.csv').read_text()
    text = text.replace('image_height,image_width', 'img_height,img_width')
    (tmp_path / 'train.csv').write_text(text)
    (tmp_path / 'train_images').mkdir()
    expected = read_labels(folder / '10078_mask.png')
    tifffile.imwrite(
        tmp_path / 'train_images' / '10078.tiff',
        np.zeros((*expected.shape, 3), np.uint8),
        photometric='rgb',
    )
    (item,) = HuBMAPDataset(data_root=str(tmp_path), pipeline=PIPELINE)
    mask = item['data_samples'].gt_sem_seg.data.numpy()[0]
    np.testing.assert_array_equal(mask, expected > 0)
    with pytest.raises(ValueError, match=r'2023 x 2023 .* has 2023 x 2025'):
        HuBMAPDataset(
            data_root=str(tmp_path), wrong_sizes=(), pipeline=PIPELINE
        )[0]


def test_real_polygons(real_data, tmp_path):
    """20 files of the competition, on images that have a size alone."""
    folder = real_data('hubmap_layout_tissue') / 'hubmap_real_polygons'
    rows = [COLUMNS]
    (tmp_path / 'train_images').mkdir()
    shutil.copytree(folder, tmp_path / 'train_annotations')
    blank = tmp_path / 'blank.tiff'
    tifffile.imwrite(blank, np.zeros((3001, 3002), np.uint8), compression=8)
    for path in sorted(folder.glob('*.json')):
        rows.append([path.stem, 'lung', 'HPA', '3001', '3002', '0.4', '4'])
        shutil.copy(blank, tmp_path / 'train_images' / f'{path.stem}.tiff')
    with (tmp_path / 'train.csv').open('w', newline='') as file:
        csv.writer(file).writerows(rows)
    dataset = HuBMAPDataset(data_root=str(tmp_path), mask_source='polygon')
    assert len(dataset) == 20
    load = TRANSFORMS.build(dict(type='LoadMaskRegion'))
    for k in range(20):
        mask = load(dataset.get_data_info(k))['gt_seg_map']
        assert mask.shape == (3001, 3002)
        assert 0.001 < mask.mean() < 0.7
