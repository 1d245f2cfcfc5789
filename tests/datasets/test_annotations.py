import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmseg.registry import DATASETS

from mmseg_medical.converters import coco
from mmseg_medical.converters.formats import FORMATS
from mmseg_medical.converters.record import Annotation, Record
from mmseg_medical.converters.table import read_table
from mmseg_medical.datasets import AnnotationDataset, DatasetError

PIPELINE = [
    dict(type='LoadImageRegion'),
    dict(type='LoadMaskRegion'),
    dict(type='PackMedicalInputs'),
]
GLANDS = dict(classes=('background', 'gland', 'tumour'))


def rectangle(left, top, right, bottom):
    corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    return (np.array(corners, float),)


@pytest.fixture
def images(tmp_path):
    """Write two images of 20 x 30 pixels."""
    (tmp_path / 'images').mkdir()
    for name in ('a.png', 'b.jpg'):
        img = np.full((20, 30, 3), 200, np.uint8)
        cv2.imwrite(str(tmp_path / 'images' / name), img)
    return tmp_path


@pytest.fixture
def shared(images):
    """Write a COCO file of two images; objects of one overlap."""
    objects = (
        Annotation('gland', polygons=(rectangle(2, 2, 10, 8),)),
        Annotation('tumour', polygons=(rectangle(6, 2, 14, 8),)),
        Annotation('artefact', polygons=(rectangle(20, 2, 24, 8),)),
    )
    records = [
        Record('a', (20, 30), objects, Path('images/a.png')),
        Record('b', (20, 30), (), Path('b.jpg')),
    ]
    coco.write(records, images / 'instances.json')
    return str(images)


def load(root, **options):
    return DATASETS.build(
        dict(
            type='AnnotationDataset',
            data_root=root,
            **dict(metainfo=GLANDS, pipeline=PIPELINE) | options,
        )
    )


def masks(dataset):
    return [item['data_samples'].gt_sem_seg.data.numpy() for item in dataset]


def test_one_file_of_all_images(shared):
    options = dict(ann_file='instances.json', annotation_format='coco')
    dataset = load(shared, labels={'artefact': 255}, **options)
    first, second = masks(dataset)
    values = {v: int((first == v).sum()) for v in np.unique(first)}
    assert set(values) == {0, 1, 2, 255}
    assert first[0, 4, 8] == 2  # the later object lies above
    assert first[0, 4, 3] == 1
    assert not second.any()
    left_out = load(shared, labels={'artefact': None}, **options)
    np.testing.assert_array_equal(masks(left_out)[0], first % 255)


def test_planes_of_classes_that_overlap(shared):
    planes, _ = masks(
        load(
            shared,
            ann_file='instances.json',
            annotation_format='coco',
            overlapping=True,
            metainfo=dict(classes=('tumour', 'gland')),
            labels={'*': None, 'gland': 'gland', 'tumour': 'tumour'},
        )
    )
    assert planes.shape == (2, 20, 30)
    assert planes[:, 4, 8].tolist() == [1, 1]
    assert planes[:, 4, 3].tolist() == [0, 1]
    assert planes.max() == 1


def test_only_the_chosen_window_is_painted(shared):
    region = dict(type='ChooseRandomRegion', scale=(0.4, 0.6))
    options = dict(
        ann_file='instances.json',
        annotation_format='coco',
        labels={'artefact': 255},
    )
    whole, _ = masks(load(shared, **options))
    windows = load(shared, pipeline=[region, *PIPELINE], **options)
    for _ in range(20):
        sample = windows[0]['data_samples']
        rows, columns = sample.metainfo['region'].slices
        np.testing.assert_array_equal(
            sample.gt_sem_seg.data.numpy(), whole[:, rows, columns]
        )


def test_windows_on_foreground(shared):
    region = dict(type='ChooseRandomRegion', crop_size=(3, 3), foreground=1.0)
    dataset = load(
        shared,
        ann_file='instances.json',
        annotation_format='coco',
        labels={'artefact': 255},
        pipeline=[dict(region, classes={2: 1}), *PIPELINE],
    )
    for _ in range(20):
        assert (masks(dataset)[0] == 2).any()


def test_a_file_for_each_image(images):
    (images / 'annotations').mkdir()
    for name, left in (('a', 2), ('b', 12)):
        points = [[left, 2], [left + 4, 2], [left + 4, 9], [left, 9]]
        path = images / 'annotations' / f'{name}.json'
        path.write_text(json.dumps([points]))
    dataset = load(
        str(images),
        annotation_format='hubmap_json',
        labels={'*': 'gland'},
    )
    first, second = masks(dataset)
    assert first.sum() == second.sum() == 5 * 8
    np.testing.assert_array_equal(np.roll(first, 10, 2), second)


@pytest.mark.parametrize('name', ['labelme', 'geojson'])
def test_files_of_each_program(images, name):
    objects = (
        Annotation('gland', polygons=(rectangle(2, 2, 10, 8),)),
        Annotation('tumour', polygons=(rectangle(6, 2, 14, 8),)),
    )
    records = [Record('a', (20, 30), objects), Record('b', (20, 30), ())]
    FORMATS[name].write(records, images / 'annotations')
    first, second = masks(load(str(images), annotation_format=name))
    assert first[0, 4, 3] == 1
    assert first[0, 4, 8] == 2
    assert not second.any()
    assert 60 <= (first > 0).sum() <= 13 * 7


@pytest.mark.parametrize(
    ('name', 'file'), [('cvat', 'cvat.xml'), ('uw_madison', 'uw.csv')]
)
def test_other_files_of_all_images(images, name, file):
    objects = (Annotation('gland', polygons=(rectangle(2, 2, 10, 8),)),)
    records = [Record('a', (20, 30), objects, Path('a.png'))]
    options = dict(classes=['gland']) if name == 'uw_madison' else {}
    FORMATS[name].write(records, images / file, **options)
    (mask,) = masks(load(str(images), ann_file=file, annotation_format=name))
    assert 48 <= mask.sum() <= 9 * 7


def test_images_have_lost_the_folders_that_the_file_names(images):
    record = Record('1', (20, 30), (), properties=dict(img_name='p1/a.png'))
    FORMATS['cvat'].write([record], images / 'cvat.xml')
    text = (images / 'cvat.xml').read_text()
    (images / 'cvat.xml').write_text(text.replace('"a.png"', '"p1/a.png"'))
    dataset = load(str(images), ann_file='cvat.xml', annotation_format='cvat')
    info = dataset.get_data_info(0)
    assert (info['img_id'], Path(info['img_path']).name) == ('p1/a', 'a.png')


def test_labels_that_are_no_class(shared):
    dataset = load(shared, ann_file='instances.json', annotation_format='coco')
    with pytest.raises(
        ValueError,
        match=r"json a: label 'artefact' is none of .*'gland', 'tumour'\]; "
        r"labels=\{'artefact': …\} .* None leaves it out",
    ):
        dataset[0]


def test_sizes_that_differ(shared, images):
    cv2.imwrite(str(images / 'images' / 'a.png'), np.zeros((20, 31), np.uint8))
    dataset = load(shared, ann_file='instances.json', annotation_format='coco')
    with pytest.raises(ValueError, match=r'20 x 30 .* has 20 x 31'):
        dataset[0]


def test_images_that_are_not_there(shared, images):
    (images / 'images' / 'b.jpg').unlink()
    options = dict(ann_file='instances.json', annotation_format='coco')
    with pytest.raises(ValueError, match="has for 'b' no image of that name"):
        load(shared, **options)
    dataset = load(shared, strict=False, **options)
    assert len(dataset) == 1
    (errors,) = dataset.left_out.values()
    assert len(errors) == 1


@pytest.mark.parametrize(
    ('options', 'error', 'message'),
    [
        (
            dict(annotation_format='coco'),
            DatasetError,
            r"one of \('labelme', .* got 'coco'; a file of all images is",
        ),
        (dict(metainfo={}), DatasetError, 'what are its classes'),
        (dict(), FileNotFoundError, 'annotations is no folder'),
        (
            dict(ann_file='none.json', annotation_format='coco'),
            FileNotFoundError,
            r'none\.json',
        ),
    ],
)
def test_arguments_that_do_not_fit(shared, options, error, message):
    with pytest.raises(error, match=message):
        load(shared, **options)


def test_images_alone(images):
    dataset = AnnotationDataset(
        data_root=str(images),
        data_prefix=dict(img_path='images'),
        metainfo=GLANDS,
    )
    assert len(dataset) == 2
    assert 'annotation_path' not in dataset.get_data_info(0)


def test_real_files_that_name_their_image(real_data):
    """LabelMe of versions 2 to 4; two files are of one image."""
    root = real_data('labelme_real_json')
    manifest = {
        row['file'].removesuffix('.json'): row
        for row in read_table(root / 'manifest.csv', ['file', 'imagePath'])
    }
    dataset = AnnotationDataset(
        'json',
        str(root),
        data_prefix=dict(img_path='images'),
        labels={'*': 'thing'},
        metainfo=dict(classes=('background', 'thing')),
        pipeline=PIPELINE,
    )
    assert len(dataset) == len(manifest) == 6
    for k, item in enumerate(dataset):
        info = dataset.get_data_info(k)
        row = manifest[info['img_id']]
        assert Path(info['img_path']).stem == Path(row['imagePath']).stem
        mask = item['data_samples'].gt_sem_seg.data
        assert mask.shape[1:] == item['inputs'].shape[1:]
        assert 0.001 < mask.float().mean() < 0.8
