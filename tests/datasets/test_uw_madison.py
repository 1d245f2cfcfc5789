import csv

import cv2
import numpy as np
import pytest
from mmseg.registry import DATASETS

from mmseg_medical.converters.image import read_image
from mmseg_medical.converters.table import TableError, read_table
from mmseg_medical.datasets import DatasetError, UWMadisonDataset

PIPELINE = [
    dict(type='LoadImageRegion'),
    dict(type='LoadMaskRegion'),
    dict(type='PackMedicalInputs'),
]


def change(root, edit):
    with (root / 'train.csv').open() as file:
        rows = list(csv.reader(file))
    edit(rows)
    with (root / 'train.csv').open('w', newline='') as file:
        csv.writer(file).writerows(rows)


def test_slices_with_what_their_names_say(uw_madison):
    dataset = DATASETS.build(
        dict(
            type='UWMadisonDataset',
            data_root=str(uw_madison()),
            pipeline=PIPELINE,
        )
    )
    assert len(dataset) == 12
    item = dataset[5]
    assert item['inputs'].shape == (1, 48, 64)
    assert 4000 < item['inputs'].numpy().max() <= 4304
    planes = item['data_samples'].gt_sem_seg.data
    assert planes.shape == (3, 48, 64)
    assert planes[0, 20, 20] == planes[2, 22, 28] == 1
    assert not planes[1].any()
    assert (planes[0] & planes[2]).any()
    meta = item['data_samples'].metainfo
    assert meta['img_id'] == 'case1_day20_slice_0002'
    assert meta['spacing'] == (1.63, 1.5)
    assert (meta['case'], meta['day']) == ('case1', 20)
    assert (meta['case_day'], meta['slice_index']) == ('case1_day20', 2)


def test_classes_can_be_chosen(uw_madison):
    dataset = UWMadisonDataset(
        data_root=str(uw_madison()),
        metainfo=dict(classes=('stomach', 'large_bowel')),
        pipeline=PIPELINE,
    )
    planes = dataset[3]['data_samples'].gt_sem_seg.data
    assert planes.shape == (2, 48, 64)
    assert planes[0].sum() < planes[1].sum()
    assert planes[0, 22, 28] == 1


def test_neighbours_end_with_the_volume(uw_madison):
    dataset = UWMadisonDataset(
        data_root=str(uw_madison()), stack=dict(num=5, stride=2)
    )

    def numbers(k):
        paths = dataset.get_data_info(k)['img_path']
        assert len({p.rsplit('/', 1)[0] for p in paths}) == 1
        return [int(p.rsplit('/', 1)[1].split('_')[1]) for p in paths]

    assert numbers(4) == [1, 1, 1, 3, 4]
    assert numbers(5) == [1, 1, 2, 4, 4]
    assert numbers(7) == [1, 2, 4, 4, 4]


@pytest.mark.parametrize(
    'stack', [dict(num=4), dict(num=3, stride=0), dict(n=3)]
)
def test_stacks_that_cannot_be(uw_madison, stack):
    with pytest.raises(DatasetError, match='an odd number of slices'):
        UWMadisonDataset(data_root=str(uw_madison()), stack=stack)


def test_the_blacklist_of_the_host(uw_madison, tmp_path):
    root = str(uw_madison(('case7_day0', 'case7_day1'), 3))
    assert len(UWMadisonDataset(data_root=root)) == 6
    dataset = UWMadisonDataset(data_root=root, blacklist=True)
    assert len(dataset) == 3
    (tmp_path / 'ids.txt').write_text(
        'case7_day0_slice_0001\ncase7_day1_slice_0002\n'
    )
    chosen = UWMadisonDataset(
        data_root=root, blacklist=True, split=str(tmp_path / 'ids.txt')
    )
    assert chosen.get_data_info(0)['img_id'] == 'case7_day1_slice_0002'
    assert len(chosen) == 1
    assert len(set(UWMadisonDataset.BLACKLIST)) == 12


def test_a_tree_without_masks(uw_madison):
    root = uw_madison()
    (root / 'train').rename(root / 'test')
    (root / 'train.csv').unlink()
    pipeline = [PIPELINE[0], dict(PIPELINE[1], required=False), PIPELINE[2]]
    dataset = UWMadisonDataset(
        '', str(root), test_mode=True, pipeline=pipeline
    )
    assert len(dataset) == 12
    assert 'gt_sem_seg' not in dataset[0]['data_samples']


@pytest.mark.parametrize(
    ('row', 'error', 'message'),
    [
        (('case1_day2_slice_0001', 'liver', ''), TableError, "'liver' is no"),
        (
            ('case1_day2_slice_0001', 'stomach', ''),
            TableError,
            'line 4 already',
        ),
        (
            ('case9_day9_slice_0001', 'stomach', ''),
            FileNotFoundError,
            'train.csv: 1 ids of the table without an image, first case9_day9',
        ),
    ],
)
def test_tables_of_other_data(uw_madison, row, error, message):
    root = uw_madison()
    change(root, lambda rows: rows.append(row))
    with pytest.raises(error, match=message):
        UWMadisonDataset(data_root=str(root))


def test_what_is_left_out_is_counted(uw_madison):
    root = uw_madison()
    change(root, lambda rows: rows.__delitem__(slice(1, 4)))
    scans = root / 'train/case3/case3_day0/scans'
    (scans / 'slice_0004_64_48_1.50_1.63.png').unlink()
    (scans / 'copy.png').touch()
    for name in ('.DS_Store', 'Thumbs.db', 'desktop.ini'):
        (scans / name).touch()
    with pytest.raises(DatasetError, match=r'1 files .*copy\.png.* strict='):
        UWMadisonDataset(data_root=str(root))
    dataset = UWMadisonDataset(data_root=str(root), strict=False)
    assert len(dataset) == 10
    assert {k: len(v) for k, v in dataset.left_out.items()} == {
        'files whose names are not those of slices': 1,
        'ids of the table without an image': 1,
        'images without a row in the table': 1,
    }


def test_a_missing_folder(uw_madison):
    with pytest.raises(FileNotFoundError, match='no folder; check data_root'):
        UWMadisonDataset('', str(uw_madison()))


def test_real_slices(real_data):
    """Every plane is that of the picture that the data came with."""
    root = real_data('abdomen16_uwm_layout')
    dataset = UWMadisonDataset(data_root=str(root), pipeline=PIPELINE)
    assert len(dataset) == 62
    sizes = dict(case901=(91, 117), case902=(101, 122), case903=(512, 512))
    found = 0
    for item in dataset:
        meta = item['data_samples'].metainfo
        planes = item['data_samples'].gt_sem_seg.data.numpy()
        assert item['inputs'].shape == (1, *sizes[meta['case']])
        path = root / 'masks_rgb' / f'{meta["img_id"]}.png'
        if path.is_file():
            expected = read_image(path).transpose(2, 0, 1) > 0
            np.testing.assert_array_equal(planes, expected)
            found += 1
    assert found == 62


def test_real_rows(real_data, tmp_path):
    """Rows of the competition, on slices that have their sizes alone."""
    folder = real_data('real_rle') / 'uw_madison'
    sizes = read_table(folder / 'image_sizes.csv', ['id', 'width', 'height'])
    for row in sizes:
        case, day = row['id'].split('_')[:2]
        path = tmp_path / 'train' / case / f'{case}_{day}' / 'scans'
        path.mkdir(parents=True, exist_ok=True)
        size = (int(row['height']), int(row['width']))
        cv2.imwrite(str(path / row['file']), np.zeros(size, np.uint16))
    table = (folder / 'train_excerpt.csv').read_text()
    (tmp_path / 'train.csv').write_text(table)
    dataset = UWMadisonDataset(data_root=str(tmp_path), pipeline=PIPELINE)
    assert len(dataset) == len(sizes) == 142
    planes = [item['data_samples'].gt_sem_seg.data for item in dataset]
    filled = [int(p.any(2).any(1).sum()) for p in planes]
    blobs = [
        cv2.connectedComponents(plane.numpy())[0] - 1
        for p in planes
        for plane in p
        if plane.any()
    ]
    assert sum(n == 0 for n in filled) == 12
    assert np.mean(blobs) < 4  # in columns instead of rows about 91
    assert any((p.sum(0) > 1).any() for p in planes)


def test_rows_that_repeat_can_be_left_out(uw_madison):
    root = uw_madison()
    row = ('case1_day2_slice_0001', 'stomach', '1 1')
    change(root, lambda rows: rows.append(row))
    dataset = UWMadisonDataset(data_root=str(root), strict=False)
    assert len(dataset) == 11
    assert [*map(len, dataset.left_out.values())] == [1]


def test_a_folder_without_slices(uw_madison):
    root = uw_madison()
    (root / 'test').mkdir()
    with pytest.raises(DatasetError, match='no sample is left; nothing is'):
        UWMadisonDataset('', str(root))
