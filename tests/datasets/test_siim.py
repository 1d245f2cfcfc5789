import codecs

import cv2
import numpy as np
import pytest

from mmseg_medical.converters.image import read_labels
from mmseg_medical.converters.table import TableError, read_table
from mmseg_medical.datasets import DatasetError, SIIMDataset

PIPELINE = [
    dict(type='LoadImageRegion'),
    dict(type='LoadMaskRegion'),
    dict(type='PackMedicalInputs'),
]


class Counted(SIIMDataset):
    def report(self, message):
        self.__dict__.setdefault('messages', []).append(message)


def areas(dataset):
    found = []
    for item in dataset:
        assert item['inputs'].shape[0] == 1
        mask = item['data_samples'].gt_sem_seg.data
        assert mask.shape[0] == 1
        assert mask.max() <= 1
        found.append(int(mask.sum()))
    return found


def test_rows_of_an_image_are_one_mask(siim):
    dataset = Counted(data_root=str(siim()), pipeline=PIPELINE)
    one = areas(dataset)[0]
    assert one > 100
    assert areas(dataset) == [one, 2 * one, 0] * 2
    empty = [dataset.get_data_info(k)['empty'] for k in range(6)]
    assert empty == [False, False, True] * 2
    assert dataset.messages == [
        '8 rows of 6 images: objects of an image are one mask'
    ]


@pytest.mark.parametrize('header', ['ImageId,EncodedPixels\n', ''])
def test_other_spellings_of_the_table(siim, header):
    root = siim()
    table = root / 'train-rle.csv'
    expected = areas(SIIMDataset(data_root=str(root), pipeline=PIPELINE))
    lines = table.read_text().replace(', ', ',').splitlines(True)[1:]
    text = header + ''.join(lines)
    table.write_bytes(codecs.BOM_UTF8 + text.encode())
    dataset = SIIMDataset(data_root=str(root), pipeline=PIPELINE)
    assert areas(dataset) == expected


def test_the_flat_folder_of_stage_2(siim):
    root = siim()
    (root / 'stage_2_images').mkdir()
    for path in root.rglob('*.dcm'):
        path.rename(root / 'stage_2_images' / path.name)
    (root / 'train-rle.csv').rename(root / 'stage_2_train.csv')
    dataset = SIIMDataset('stage_2_train.csv', str(root), pipeline=PIPELINE)
    assert len(areas(dataset)) == 6


def test_ids_of_a_sample_submission(siim, write_table):
    root = siim(3)
    name = '1.2.276.1001'
    write_table(
        root / 'sample_submission.csv',
        [('ImageId', 'EncodedPixels'), (name, '-1'), (name, '0 1')],
    )
    dataset = Counted(
        'sample_submission.csv',
        str(root),
        test_mode=True,
        pipeline=[PIPELINE[0], dict(PIPELINE[1], required=False), PIPELINE[2]],
    )
    assert len(dataset) == 1
    assert 'gt_sem_seg' not in dataset[0]['data_samples']
    assert dataset.messages[0] == (
        '2 images have no row in it and are not used'
    )


def test_images_without_a_label_are_counted(siim):
    root = siim()
    table = root / 'train-rle.csv'
    table.write_text(''.join(table.read_text().splitlines(True)[:-1]))
    dataset = Counted(data_root=str(root))
    assert len(dataset) == 5
    assert '1 images have no row in it and are not used' in dataset.messages


@pytest.mark.parametrize(
    ('row', 'error', 'message'),
    [
        ('1.2.276.1000, -1', TableError, 'once empty and once not'),
        ('9.9, -1', FileNotFoundError, r'1 ids .*first 9\.9; expected <id>'),
    ],
)
def test_tables_that_do_not_fit(siim, row, error, message):
    root = siim()
    with (root / 'train-rle.csv').open('a') as file:
        file.write(row + '\n')
    with pytest.raises(error, match=message):
        SIIMDataset(data_root=str(root))


def test_an_image_that_is_there_twice(siim):
    root = siim(3)
    (first, *_) = root.rglob('*.dcm')
    (root / first.name).write_bytes(first.read_bytes())
    with pytest.raises(DatasetError, match='1 images that are there twice'):
        SIIMDataset(data_root=str(root))
    dataset = SIIMDataset(
        data_root=str(root), data_prefix=dict(img_path='dicom-images-train')
    )
    assert len(dataset) == 3


def test_real_radiographs(real_data):
    root = real_data('cxr_siim_sample')
    dataset = SIIMDataset(data_root=str(root), pipeline=PIPELINE)
    info = {
        row['ImageId']: row
        for row in read_table(root / 'info.csv', ['ImageId', 'mask_px'])
    }
    assert len(dataset) == len(info) == 5
    for k, item in enumerate(dataset):
        sample = item['data_samples']
        row = info[sample.img_id]
        assert item['inputs'].shape == (1, 1024, 1024)
        pixels = (item['inputs'].min(), item['inputs'].max())
        assert pixels == (int(row['min']), int(row['max']))
        mask = sample.gt_sem_seg.data[0].numpy()
        assert mask.sum() == int(row['mask_px'])
        path = root / 'masks' / f'{sample.img_id}.png'
        np.testing.assert_array_equal(mask, read_labels(path) > 0)
        positive = row['positive'] == 'True'
        assert dataset.get_data_info(k)['empty'] is not positive


def test_real_rows(real_data, tmp_path):
    """Rows of the competition, on images that have their size alone."""
    path = real_data('real_rle') / 'siim' / 'train-rle_excerpt.csv'
    (tmp_path / 'train-rle.csv').write_text(path.read_text())
    names = {line.split(',')[0] for line in path.read_text().splitlines()[1:]}
    blank = cv2.imencode('.png', np.zeros((1024, 1024), np.uint8))[1]
    for name in names:
        (tmp_path / f'{name}.png').write_bytes(blank.tobytes())
    dataset = SIIMDataset(
        data_root=str(tmp_path), img_suffix='.png', pipeline=PIPELINE
    )
    assert len(dataset) == 178
    infos = [dataset.get_data_info(k) for k in range(178)]
    assert sum(info['empty'] for info in infos) == 100
    rows = [info['rle'][0] for info in infos]
    assert max(len(texts) for texts in rows if isinstance(texts, list)) == 5
    filled = [k for k, info in enumerate(infos) if not info['empty']]
    for k in filled[:20]:
        area = dataset[k]['data_samples'].gt_sem_seg.data.sum()
        assert 0 < area < 300_000


def test_images_that_are_empty_and_not_can_be_left_out(siim):
    root = siim()
    with (root / 'train-rle.csv').open('a') as file:
        file.write('1.2.276.1000, -1\n')
    dataset = Counted(data_root=str(root), strict=False, img_suffix='.DCM')
    ids = [dataset.get_data_info(k)['img_id'] for k in range(5)]
    assert ids == [f'1.2.276.{1000 + k}' for k in range(1, 6)]
    (text,) = dataset.left_out['rows that cannot be used']
    assert 'once empty and once not' in text
    assert not any('no row' in message for message in dataset.messages)
