import json

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from mmseg.datasets import BaseSegDataset

from mmseg_medical.converters import mmseg_tree
from mmseg_medical.converters.mmseg_tree import MissingLabelsWarning
from mmseg_medical.converters.record import Record, Skipped
from mmseg_medical.errors import InputError

LABELS = np.array([[0, 1, 2], [2, 1, 0]], np.uint8)


@pytest.fixture
def images(tmp_path):
    def write(*names, shape=(2, 3)):
        folder = tmp_path / 'images'
        folder.mkdir(exist_ok=True)
        for k, name in enumerate(names):
            img = np.full((*shape, 3), 10 * k + 5, np.uint8)
            cv2.imwrite(str(folder / name), img)
        return folder

    return write


def test_plain_mmsegmentation_trains_on_it(tmp_path, images, record_of):
    records = [record_of(LABELS, img_id=name) for name in ('p', 'q', 'r')]
    splits = dict(train=['p', 'r'], val=['q'])
    root = tmp_path / 'out'
    count = mmseg_tree.write(
        records,
        root,
        classes=['a', 'b'],
        img_dir=images('p.png', 'q.bmp', 'r.tif'),
        splits=splits,
    )
    assert count == 3
    metainfo = json.loads((root / 'classes.json').read_text())
    dataset = BaseSegDataset(
        data_root=str(root),
        data_prefix=dict(
            img_path='img_dir/train', seg_map_path='ann_dir/train'
        ),
        img_suffix='.png',
        seg_map_suffix='.png',
        metainfo=metainfo,
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='LoadAnnotations'),
        ],
    )
    assert len(dataset) == 2
    assert dataset.metainfo['classes'] == ['background', 'a', 'b']
    sample = dataset[1]
    assert sample['img_path'].endswith('img_dir/train/r.png')
    assert sample['img'].tolist() == [[[25] * 3] * 3] * 2
    np.testing.assert_array_equal(sample['gt_seg_map'], LABELS)


def test_round_trip(tmp_path_factory, label_images, record_of, masks_of):
    @given(labels=label_images)
    @settings(deadline=None, max_examples=25)
    def check(labels):
        path = tmp_path_factory.mktemp('tree') / 'out'
        record = record_of(labels, img_id='x/y')
        mmseg_tree.write([record], path, classes='abcd')
        (again,) = mmseg_tree.read(path)
        assert (again.img_id, again.shape) == ('x/y', labels.shape)
        assert again.properties == {'split': 'train'}
        assert masks_of(again, by='classes') == masks_of(record, by='classes')

    check()


def test_splits_come_back(tmp_path, images, record_of):
    records = [record_of(LABELS, img_id=name) for name in ('p', 'q')]
    root, other = tmp_path / 'out', tmp_path / 'other'
    folder = images('p.png', 'q.png')
    splits = dict(train=['p'], val=['q'])
    mmseg_tree.write(
        records, root, classes='ab', img_dir=folder, splits=splits
    )
    found = list(mmseg_tree.read(root))
    assert [r.properties['split'] for r in found] == ['train', 'val']
    assert found[1].img_path.as_posix() == 'img_dir/val/q.png'
    (root / 'ann_dir' / 'train' / 'p.png').rename(
        root / 'ann_dir' / 'train' / 'r.png'
    )
    with pytest.warns(MissingLabelsWarning, match=r'1 images .*train/p\.png'):
        first = next(iter(list(mmseg_tree.read(root))))
    assert (first.img_id, first.img_path) == ('r', None)
    mmseg_tree.write(found, other, classes='ab')
    assert (other / 'ann_dir' / 'val' / 'q.png').is_file()
    assert not (other / 'img_dir').exists()


def test_what_cannot_be_written(tmp_path, images, record_of):
    path = tmp_path / 'out'
    record = record_of(LABELS, img_id='p')
    folder = images('q.png')
    with pytest.raises(InputError, match="'p' is in none of the splits"):
        mmseg_tree.write([record], path, classes='ab', splits=dict(t=['q']))
    with pytest.raises(InputError, match="'p' is in the splits 's' and 't'"):
        mmseg_tree.write(
            [record], path, classes='ab', splits=dict(s=['p'], t=['p'])
        )
    with pytest.raises(InputError, match="'p' no image of that name"):
        mmseg_tree.write([record], path, classes='ab', img_dir=folder)
    images('p.png', shape=(3, 2))
    with pytest.raises(InputError, match=r'\(2, 3\) pixels .* has \(3, 2\)'):
        mmseg_tree.write([record], path, classes='ab', img_dir=folder)
    bad = Record('p', (2, 3), (), properties={'split': '../..'})
    with pytest.raises(InputError, match='cannot be the name'):
        mmseg_tree.write([bad], path, classes='ab')
    assert sorted(p.name for p in tmp_path.iterdir()) == ['images']
    skipped = Skipped(strict=False)
    count = mmseg_tree.write(
        [bad, record], path, classes='ab', skipped=skipped
    )
    assert (count, len(skipped)) == (1, 1)
    with pytest.raises(NotADirectoryError, match='ann_dir is no folder'):
        list(mmseg_tree.read(folder, classes='ab'))


def test_images_of_two_splits_with_one_name(tmp_path, record_of):
    root, other = tmp_path / 'out', tmp_path / 'other'
    for split in ('train', 'val'):
        file = root / 'ann_dir' / split / '1.png'
        file.parent.mkdir(parents=True)
        cv2.imwrite(str(file), LABELS)
    for split in ('train', 'test'):
        file = root / 'img_dir' / split / '1.png'
        file.parent.mkdir(parents=True)
        cv2.imwrite(str(file), LABELS)
    with pytest.warns(MissingLabelsWarning, match=r'1 images .*test/1\.png'):
        records = list(mmseg_tree.read(root, classes='ab'))
    assert [r.img_id for r in records] == ['train/1', 'val/1']
    assert [r.properties['split'] for r in records] == ['train', 'val']
    assert records[0].img_path.as_posix() == 'img_dir/train/1.png'
    assert records[1].img_path is None
    mmseg_tree.write(records, other, classes='ab')
    assert (other / 'ann_dir' / 'val' / '1.png').is_file()
    assert [r.img_id for r in mmseg_tree.read(other)] == ['train/1', 'val/1']
    same = record_of(LABELS, img_id='1')
    with pytest.raises(InputError, match="1: 'train/1' is another image too"):
        mmseg_tree.write([records[0], same], tmp_path / 'x', classes='ab')


def test_labels_of_no_split_are_refused(tmp_path):
    file = tmp_path / 'ann_dir' / 'a.png'
    file.parent.mkdir()
    cv2.imwrite(str(file), LABELS)
    with pytest.raises(InputError, match=r'a\.png is in no split; move it'):
        list(mmseg_tree.read(tmp_path, classes='ab'))
