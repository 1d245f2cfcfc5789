import cv2
import numpy as np
import pytest
from mmseg.registry import DATASETS

from mmseg_medical.converters.image import read_labels
from mmseg_medical.converters.table import read_table
from mmseg_medical.datasets import DatasetError, FolderDataset
from mmseg_medical.datasets.transforms._sample import true_size

CLASSES = dict(classes=('background', 'lesion'))
LUNGS = dict(classes=('left_lung', 'right_lung'))


class Counted(FolderDataset):
    def report(self, message):
        self.__dict__.setdefault('messages', []).append(message)


def pipeline(**mask):
    return [
        dict(type='LoadImageRegion'),
        dict(type='LoadMaskRegion', **mask),
        dict(type='PackMedicalInputs'),
    ]


@pytest.fixture
def folder(tmp_path):
    """Write images a.jpg, b.PNG and c/d.jpeg, and masks by a function."""

    def write(masks, size=(20, 30)):
        rng = np.random.default_rng(0)
        for k, name in enumerate(('a.jpg', 'b.PNG', 'c/d.jpeg')):
            path = tmp_path / 'images' / name
            path.parent.mkdir(exist_ok=True, parents=True)
            img = rng.integers(0, 256, (*size, 3)).astype(np.uint8)
            cv2.imwrite(str(path), img)
            for mask_name, mask in masks(name.split('.')[0], k).items():
                path = tmp_path / 'masks' / mask_name
                path.parent.mkdir(exist_ok=True, parents=True)
                cv2.imwrite(str(path), mask)
        return str(tmp_path)

    return write


def square(k, value=1):
    mask = np.zeros((20, 30), np.uint8)
    mask[5 : 10 + k, 5:15] = value
    return mask


def masks_of(dataset):
    return [item['data_samples'].gt_sem_seg.data.numpy() for item in dataset]


@pytest.mark.parametrize(
    ('value', 'options'),
    [(1, {}), (255, dict(values={255: 1})), (250, dict(value_thr=128))],
)
def test_one_image_of_masks_for_each(folder, value, options):
    root = folder(lambda stem, k: {f'{stem}.png': square(k, value)})
    dataset = DATASETS.build(
        dict(
            type='FolderDataset',
            data_root=root,
            metainfo=CLASSES,
            pipeline=pipeline(**options),
        )
    )
    ids = [dataset.get_data_info(k)['img_id'] for k in range(3)]
    assert ids == ['a', 'b', 'c/d']
    for k, mask in enumerate(masks_of(dataset)):
        np.testing.assert_array_equal(mask, square(k)[None])


def test_one_image_per_class(folder):
    def masks(stem, k):
        other = np.roll(square(k, 255), 5, 1)  # over half of the first
        files = {f'{stem}/left_lung.PNG': square(k, 255)}
        if k:
            files[f'{stem}/right_lung.png'] = other
        return files | {f'{stem}/heart.png': other}

    root = folder(masks)
    dataset = Counted(
        data_root=root,
        seg_map_suffix='/{class}.png',
        metainfo=LUNGS,
        pipeline=pipeline(),
    )
    assert dataset.messages == [
        '3 files of heart are not read; metainfo does not name these classes'
    ]
    found = masks_of(dataset)
    for k, planes in enumerate(found):
        assert planes.shape == (2, 20, 30)
        np.testing.assert_array_equal(planes[0], square(k))
    assert not found[0][1].any()
    np.testing.assert_array_equal(found[2][1], np.roll(square(2), 5, 1))


def test_files_per_class_can_exclude_each_other(folder):
    root = folder(lambda stem, k: {f'{stem}_left_lung.png': square(k, 255)})
    dataset = FolderDataset(
        data_root=root,
        seg_map_suffix='_{class}.png',
        overlapping=False,
        metainfo=dict(classes=('background', 'left_lung')),
        pipeline=pipeline(),
    )
    np.testing.assert_array_equal(masks_of(dataset)[2][0], square(2))


def test_colours(folder):
    def masks(stem, k):
        mask = np.zeros((20, 30, 3), np.uint8)
        mask[square(k) > 0] = (0, 0, 200)  # red, as OpenCV has it
        return {f'{stem}_mask.png': mask}

    root = folder(masks)

    def load(palette):
        return FolderDataset(
            data_root=root,
            seg_map_suffix='_mask.png',
            colours=True,
            metainfo=dict(CLASSES, palette=palette),
            pipeline=pipeline(),
        )

    dataset = load([[0, 0, 0], [200, 0, 0]])
    np.testing.assert_array_equal(masks_of(dataset)[1][0], square(1))
    with pytest.raises(
        ValueError, match=r'a_mask\.png: 50 pixels .*\[200, 0, 0\].* 1 in all'
    ):
        load([[0, 0, 0], [0, 0, 200]])[0]


def test_masks_that_are_no_colours(folder):
    root = folder(lambda stem, k: {f'{stem}.png': square(k)})
    dataset = FolderDataset(
        data_root=root, colours=True, metainfo=CLASSES, pipeline=pipeline()
    )
    with pytest.raises(ValueError, match=r'a\.png is gray; .* three channels'):
        dataset[0]


@pytest.mark.parametrize(
    ('suffix', 'options', 'ids'),
    [
        ('_mask.png', {}, ['a', 'b', 'c/d']),
        ('.png', dict(img_suffix=('.jpg', '.jpeg')), ['a', 'c/d']),
    ],
)
def test_masks_beside_the_images(folder, tmp_path, suffix, options, ids):
    root = folder(lambda stem, k: {f'../images/{stem}{suffix}': square(k)})
    if options:
        for name in ('b.PNG', 'b.png'):
            (tmp_path / 'images' / name).unlink()
    dataset = FolderDataset(
        data_root=root,
        data_prefix=dict(img_path='images', seg_map_path='images'),
        seg_map_suffix=suffix,
        metainfo=CLASSES,
        pipeline=pipeline(),
        **options,
    )
    assert [dataset.get_data_info(k)['img_id'] for k in range(len(ids))] == ids
    np.testing.assert_array_equal(masks_of(dataset)[0], square(0)[None])


def test_images_alone(folder, tmp_path):
    root = folder(lambda stem, k: {})
    (tmp_path / 'images' / 'notes.txt').touch()
    dataset = Counted(
        data_root=root,
        data_prefix=dict(img_path='images'),
        metainfo=CLASSES,
        test_mode=True,
        pipeline=pipeline(required=False),
    )
    assert 'gt_sem_seg' not in dataset[2]['data_samples']
    assert dataset.messages == [f'1 files in {root}/images are no images']


def test_what_does_not_belong_together(folder, tmp_path):
    root = folder(lambda stem, k: {f'{stem}.png': square(k)})
    (tmp_path / 'masks' / 'b.png').rename(tmp_path / 'masks' / 'e.png')
    (tmp_path / 'masks' / '.ipynb_checkpoints').mkdir()
    (tmp_path / 'masks' / '.ipynb_checkpoints' / 'b.png').touch()
    load = dict(data_root=root, metainfo=CLASSES, pipeline=pipeline())
    with pytest.raises(DatasetError, match='1 images without a mask, first b'):
        FolderDataset(**load)
    dataset = FolderDataset(**load, strict=False)
    assert len(dataset) == 2
    assert dataset.left_out == {
        'images without a mask': ['b'],
        'masks without an image': ['e.png'],
    }


def test_names_that_are_not_unique(folder, tmp_path):
    root = folder(lambda stem, k: {f'{stem}.png': square(k)})
    (tmp_path / 'images' / 'a.png').touch()
    with pytest.raises(DatasetError, match=r'first a\.png \(beside a\.jpg\)'):
        FolderDataset(data_root=root, metainfo=CLASSES)
    one = FolderDataset(
        data_root=root, metainfo=CLASSES, img_suffix='.jpg', strict=False
    )
    assert len(one) == 1


def test_broken_files_are_replaced_while_training(folder, tmp_path):
    root = folder(lambda stem, k: {f'{stem}.png': square(k)})
    (tmp_path / 'images' / 'a.jpg').write_bytes(b'<html>')
    load = dict(data_root=root, metainfo=CLASSES, pipeline=pipeline())
    with pytest.raises(ValueError, match=r'a\.jpg .* cannot be decoded'):
        FolderDataset(**load)[0]
    dataset = FolderDataset(**load, strict=False)
    for _ in range(3):
        name = dataset[0]['data_samples'].metainfo['img_id']
        assert name in ('b', 'c/d')
    assert dataset.left_out == {'samples that are broken': ['a']}
    with pytest.raises(ValueError, match='cannot be decoded'):
        FolderDataset(**load, strict=False, test_mode=True)[0]


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(), r'what are its classes\? metainfo=dict'),
        (
            dict(metainfo=LUNGS, seg_map_suffix='/{class}.png'),
            "no image has a file of class 'left_lung'; there are files of",
        ),
        (
            dict(metainfo=LUNGS, seg_map_suffix='{class}.png'),
            'something has to part the image from the class',
        ),
        (
            dict(metainfo=LUNGS, seg_map_suffix=['/{class}.png']),
            'something has to part the image from the class',
        ),
        (dict(metainfo=CLASSES, img_suffix='.gif'), 'holds no image'),
    ],
)
def test_arguments_that_do_not_fit(folder, arguments, message):
    root = folder(lambda stem, k: {f'{stem}.png': square(k)})
    with pytest.raises(DatasetError, match=message):
        FolderDataset(data_root=root, **arguments)


def test_missing_folders(folder, tmp_path):
    root = folder(lambda stem, k: {})
    with pytest.raises(FileNotFoundError, match='masks is no folder'):
        FolderDataset(data_root=root, metainfo=CLASSES)


def test_real_files_per_class(real_data):
    root = real_data('cxr_lungs')
    table = {
        row['image'].rsplit('.', 1)[0]: row
        for row in read_table(root / 'manifest.csv', ['image', 'classes'])
    }
    told = {name: set(r['classes'].split(';')) for name, r in table.items()}
    classes = sorted(set().union(*told.values()))
    dataset = FolderDataset(
        data_root=str(root),
        data_prefix=dict(img_path='images', seg_map_path='masks_per_class'),
        seg_map_suffix='/{class}.png',
        metainfo=dict(classes=classes),
        pipeline=pipeline(),
    )
    assert len(dataset) == len(table) == 16
    shared = 0
    for item in dataset:
        sample = item['data_samples']
        row = table[sample.metainfo['img_id']]
        planes = sample.gt_sem_seg.data.numpy()
        size = (int(row['height']), int(row['width']))
        assert planes.shape == (13, *size)
        assert item['inputs'].shape[1:] == size
        present = {c for c, p in zip(classes, planes, strict=True) if p.any()}
        assert present <= told[sample.metainfo['img_id']]
        shared += int((planes.sum(0) > 1).sum())
    assert shared > 100_000


def test_real_binary_masks(real_data):
    root = real_data('cxr_lungs')
    dataset = FolderDataset(
        data_root=str(root),
        data_prefix=dict(img_path='images', seg_map_path='masks_lung'),
        metainfo=dict(classes=('background', 'lung')),
        pipeline=pipeline(values={255: 1}),
    )
    table = read_table(root / 'manifest.csv', ['image', 'lung_fraction'])
    told = {r['image'].rsplit('.', 1)[0]: r['lung_fraction'] for r in table}
    for item in dataset:
        sample = item['data_samples']
        share = sample.gt_sem_seg.data.float().mean().item()
        name = sample.metainfo['img_id']
        assert share == pytest.approx(float(told[name]), abs=6e-4)


def test_real_gray_masks(real_data):
    """JPEG masks: the gray rim is parted at half."""
    root = real_data('pathology_he_labelme')
    dataset = FolderDataset(
        data_root=str(root),
        data_prefix=dict(img_path='images', seg_map_path='masks_source'),
        seg_map_suffix='.jpg',
        metainfo=CLASSES,
        pipeline=pipeline(value_thr=128),
    )
    assert len(dataset) == 27
    for item in dataset:
        mask = item['data_samples'].gt_sem_seg.data.numpy()[0]
        name = item['data_samples'].metainfo['img_id']
        painted = read_labels(root / 'masks' / f'{name}.png') > 0
        union = (mask | painted).sum()
        assert (mask & painted).sum() / union > 0.5


def test_a_real_slide(real_data):
    root = real_data('wsi_cmu1')
    dataset = FolderDataset(
        data_root=str(root),
        data_prefix=dict(img_path=''),
        metainfo=CLASSES,
        pipeline=[
            dict(type='ChooseRandomRegion', crop_size=(300, 400)),
            dict(type='LoadImageRegion'),
        ],
    )
    assert len(dataset) == 1
    sample = dataset[0]
    assert sample['img'].shape == (300, 400, 3)
    assert sample['img'].mean() > 100
    assert true_size(dataset.get_data_info(0)) == (2967, 2220)
