import json

import cv2
import numpy as np
import pytest
import tifffile

from mmseg_medical.converters import coco, object_masks
from mmseg_medical.converters.image import read_labels
from mmseg_medical.datasets import DatasetError, NucleiDataset

PIPELINE = [
    dict(type='LoadImageRegion'),
    dict(type='LoadMaskRegion'),
    dict(type='PackMedicalInputs'),
]


class Counted(NucleiDataset):
    def report(self, message):
        self.__dict__.setdefault('messages', []).append(message)


def test_all_nuclei_are_one_mask(nuclei):
    root = nuclei()
    dataset = NucleiDataset(data_root=str(root), pipeline=PIPELINE)
    assert len(dataset) == 4
    info = dataset.get_data_info(1)
    assert len(info['object_paths']) == 5
    single = [read_labels(path) > 0 for path in info['object_paths']]
    mask = dataset[1]['data_samples'].gt_sem_seg.data.numpy()[0]
    assert mask.dtype == np.uint8
    np.testing.assert_array_equal(mask, np.any(single, 0))


def test_the_same_by_coco(nuclei):
    root = nuclei()
    records = object_masks.read(root / 'train')
    coco.write(records, root / 'instances.json')
    one = NucleiDataset(data_root=str(root), pipeline=PIPELINE)
    other = NucleiDataset(
        'instances.json',
        str(root),
        annotation_format='coco',
        data_prefix=dict(img_path='train'),
        pipeline=PIPELINE,
    )
    assert len(one) == len(other) == 4
    for a, b in zip(one, other, strict=True):
        masks = [x['data_samples'].gt_sem_seg.data.numpy() for x in (a, b)]
        assert masks[0].any()
        np.testing.assert_array_equal(*masks)


def test_slides_of_monuseg(tmp_path, tissue):
    for part in ('Tissue Images', 'Annotations'):
        (tmp_path / part).mkdir()
    tifffile.imwrite(tmp_path / 'Tissue Images' / 'TCGA-1.tif', tissue(64))
    corners = [(10, 10), (20, 10), (20, 22), (10, 22)]
    vertices = ''.join(f'<Vertex X="{x}.0" Y="{y}.0"/>' for x, y in corners)
    region = f'<Region Id="1"><Vertices>{vertices}</Vertices></Region>'
    (tmp_path / 'Annotations' / 'TCGA-1.xml').write_text(
        '<Annotations MicronsPerPixel="0.252"><Annotation Id="1" Name="">'
        f'<Regions>{region}</Regions></Annotation></Annotations>'
    )
    (item,) = NucleiDataset(
        data_root=str(tmp_path), annotation_format='aperio', pipeline=PIPELINE
    )
    mask = item['data_samples'].gt_sem_seg.data.numpy()[0]
    expected = np.zeros((64, 64), np.uint8)
    expected[10:22, 10:20] = 1
    np.testing.assert_array_equal(mask, expected)


def test_gaps_and_hidden_files_are_counted(nuclei):
    root = nuclei(2)
    masks = root / 'train' / 'TCGA-00' / 'masks'
    (masks / 'mask_0002.png').unlink()
    (masks / '.ipynb_checkpoints').mkdir()
    (root / 'train' / '.ipynb_checkpoints').mkdir()
    dataset = Counted(data_root=str(root))
    assert len(dataset.get_data_info(0)['object_paths']) == 4
    assert dataset.messages == [
        '2 hidden files or folders are passed over',
        '1 numbers are missing among the masks of TCGA-00',
    ]


@pytest.mark.parametrize('flat', [True, False])
def test_images_of_a_test(nuclei, flat):
    root = nuclei(2)
    (root / 'test').mkdir()
    for tree in (root / 'train').iterdir():
        for path in (tree / 'masks').iterdir():
            path.unlink()
        (tree / 'masks').rmdir()
        if flat:
            name = f'{tree.name}.png'
            (tree / 'images' / name).rename(root / 'test' / name)
        else:
            tree.rename(root / 'test' / tree.name)
    dataset = NucleiDataset(
        data_root=str(root),
        data_prefix=dict(img_path='test'),
        test_mode=True,
        pipeline=[PIPELINE[0], dict(PIPELINE[1], required=False), PIPELINE[2]],
    )
    ids = [item['data_samples'].img_id for item in dataset]
    assert ids == ['TCGA-00', 'TCGA-01']


def test_the_list_of_test_images(nuclei):
    root = nuclei(1)
    (root / 'train' / 'TCGA-00' / 'images').rename(root / 'test')
    entry = dict(file_name='TCGA-00.png', height=96, width=96, id=7)
    path = root / 'test_img_ids.json'
    path.write_text(json.dumps([entry]))
    dataset = NucleiDataset(
        'test_img_ids.json', str(root), pipeline=[PIPELINE[0], PIPELINE[2]]
    )
    meta = dataset[0]['data_samples'].metainfo
    assert (meta['img_id'], meta['image_id']) == ('TCGA-00', 7)
    path.write_text(json.dumps([dict(entry, file_name='../x.png')]))
    with pytest.raises(ValueError, match='leads out of'):
        NucleiDataset('test_img_ids.json', str(root))
    path.write_text(json.dumps([dict(entry, id='x')]))
    with pytest.raises(DatasetError, match='expected a list of file_name'):
        NucleiDataset('test_img_ids.json', str(root))
    path.write_text(json.dumps(dict(images=[entry])))
    with pytest.raises(DatasetError, match=r'expected a list of file_name'):
        NucleiDataset('test_img_ids.json', str(root))


@pytest.mark.parametrize(
    ('part', 'message'),
    [
        ('masks', '1 images without masks, first TCGA-01'),
        ('images', r'1 folders that have not one image, first TCGA-01 \(0\)'),
    ],
)
def test_half_a_tree(nuclei, part, message):
    root = nuclei(3)
    for path in (root / 'train' / 'TCGA-01' / part).iterdir():
        path.unlink()
    with pytest.raises(DatasetError, match=message):
        NucleiDataset(data_root=str(root))
    assert len(NucleiDataset(data_root=str(root), strict=False)) == 2


def test_masks_of_another_size(nuclei):
    root = nuclei(1)
    path = root / 'train' / 'TCGA-00' / 'masks' / 'mask_0003.png'
    cv2.imwrite(str(path), np.zeros((90, 96), np.uint8))
    dataset = NucleiDataset(data_root=str(root), pipeline=PIPELINE)
    with pytest.raises(ValueError, match=r'mask_0003\.png has 90 x 96 pixels'):
        dataset[0]


@pytest.mark.parametrize(
    ('part', 'images', 'count'), [('train', 30, 1262), ('val', 10, 405)]
)
def test_real_nuclei(real_data, part, images, count):
    root = real_data('nuclei_dsb2018_stained')
    one = NucleiDataset(
        data_root=str(root), data_prefix=dict(img_path=part), pipeline=PIPELINE
    )
    other = NucleiDataset(
        f'instances_{part}.json',
        str(root),
        annotation_format='coco',
        data_prefix=dict(img_path=''),
        pipeline=PIPELINE,
    )
    assert len(one) == len(other) == images
    infos = [one.get_data_info(k) for k in range(images)]
    assert sum(len(info['object_paths']) for info in infos) == count
    masks = {}
    for item in one:
        sample = item['data_samples']
        assert item['inputs'].shape == (3, 256, 320)
        masks[sample.img_id] = sample.gt_sem_seg.data.numpy()
    for item in other:
        sample = item['data_samples']
        name = sample.img_id.rsplit('/', 1)[-1]
        np.testing.assert_array_equal(
            sample.gt_sem_seg.data.numpy(), masks[name]
        )


def test_the_tree_of_dsb2018_as_it_is_unpacked(nuclei):
    root = nuclei(3)
    (root / 'train').rename(root / 'stage1_train')
    (root / 'stage1_train' / 'note.txt').touch()
    images = root / 'stage1_train' / 'TCGA-00' / 'images'
    (images / 'TCGA-00.png').rename(images / 'TCGA-00.JPG')
    (images / 'Thumbs.db').touch()
    (root / 'stage1_train' / 'TCGA-02' / 'images').rename(root / 'x')
    (root / 'stage1_train' / 'TCGA-02' / 'masks').rename(root / 'y')
    dataset = Counted(data_root=str(root), strict=False)
    assert len(dataset) == 2
    assert dataset.left_out == {
        'folders that have not one image': ['TCGA-02 (0)']
    }
    assert dataset.messages[0] == '1 files beside the folders are not used'
    with pytest.raises(FileNotFoundError, match='train is no folder; check'):
        NucleiDataset(data_root=str(root / 'x'))


def test_classes_that_are_made_of_the_nuclei(nuclei):
    names = ('background', 'nucleus', 'border')
    pipeline = [
        dict(type='LoadImageRegion'),
        dict(type='LoadInstancesRegion'),
        dict(type='GenerateBorderMap', layers=['object', 'border']),
        dict(type='GenerateDistanceMap'),
        dict(type='PackMedicalInputs'),
    ]
    dataset = NucleiDataset(
        data_root=str(nuclei()),
        metainfo=dict(classes=names, palette=[[0] * 3] * 3),
        pipeline=pipeline,
    )
    assert dataset.metainfo['classes'] == names
    sample = dataset[0]['data_samples']
    depth = sample.gt_distance_map.data[0]
    mask = sample.gt_sem_seg.data[0]
    assert set(mask.unique().tolist()) == {0, 1, 2}
    assert ((depth > 0) == (mask > 0)).all()
    assert (depth == 1).sum() >= 5  # in the middle of each of five
    assert (mask[depth == 1] == 1).all()
