import re

import cv2
import numpy as np
import pytest
import tifffile

from mmseg_medical.converters import rle
from mmseg_medical.converters.image import read_labels
from mmseg_medical.converters.table import TableError
from mmseg_medical.datasets import DatasetError, TableDataset
from mmseg_medical.errors import InputError

CLASSES = dict(classes=('background', 'lesion'))
PIPELINE = [
    dict(type='LoadImageRegion'),
    dict(type='LoadMaskRegion'),
    dict(type='PackMedicalInputs'),
]


@pytest.fixture
def table(tmp_path, write_table):
    """Write images a, b and c with masks of k + 1 pixels, and a table."""

    def write(*rows):
        for k, name in enumerate('abc'):
            for folder, value in (('images', 100), ('masks', 0)):
                (tmp_path / folder).mkdir(exist_ok=True)
                img = np.full((6, 8), value, np.uint8)
                if folder == 'masks':
                    img[2, : k + 1] = 1
                cv2.imwrite(str(tmp_path / folder / f'{name}.png'), img)
        write_table(tmp_path / 'train.csv', rows)
        return str(tmp_path)

    return write


def areas(dataset):
    found = {}
    for item in dataset:
        mask = item['data_samples'].gt_sem_seg.data
        found[item['data_samples'].img_id] = mask.sum((1, 2)).tolist()
    return found


def test_masks_and_metadata_of_columns(table):
    root = table(
        *(('image', 'mask', 'patient', 'age', 'mpp', 'comment'),),
        *(('images/a.png', 'masks/a.png', '007', '61', '0.5', ''),),
        *(('images/b.png', 'masks/b.png', '008', '7', '1', 'blurred'),),
    )
    dataset = TableDataset(
        data_root=root,
        mask='mask',
        group='patient',
        metainfo=CLASSES,
        pipeline=PIPELINE,
    )
    assert areas(dataset) == {'images/a': [1], 'images/b': [2]}
    meta = dataset[1]['data_samples'].metainfo
    assert {k: meta[k] for k in ('patient', 'age', 'mpp', 'comment')} == dict(
        patient='008', age=7, mpp=1.0, comment='blurred'
    )
    fold = TableDataset(
        *('train.csv', root),
        **dict(mask='mask', group='patient', metainfo=CLASSES),
        **dict(fold=0, num_folds=2, part='val', metadata=['patient']),
    )
    assert len(fold) == 1
    assert 'age' not in fold.get_data_info(0)


def test_numbers_are_those_that_lose_nothing(table):
    """Names with an underscore are numbers to int()."""
    root = table(
        ('image', 'patient', 'age', 'mpp', 'share', 'visit'),
        ('images/a.png', '1_12', '+7', '.5', 'nan', 'inf'),
        ('images/b.png', '11_2', '-8', '1e-1', '0', '2'),
    )
    dataset = TableDataset(
        data_root=root, group='patient', metadata=['age'], metainfo=CLASSES
    )
    assert dataset.meta_keys == ('patient', 'age')
    dataset = TableDataset(data_root=root, metainfo=CLASSES)
    one, other = (dataset.get_data_info(k) for k in range(2))
    assert (one['patient'], other['patient']) == ('1_12', '11_2')
    assert (one['age'], other['age']) == (7, -8)
    assert (one['mpp'], other['mpp']) == (0.5, 0.1)
    assert np.isnan(one['share'])
    assert (one['visit'], other['visit']) == ('inf', '2')


def test_rows_that_cannot_be_used_can_be_left_out(table):
    root = table(
        *(('image', 'mask', 'age'), ('images/a.png', '', '1')),
        *(('images/b.png', 'masks/b.png', '2'), ('/etc/passwd', 'x', '3')),
        *(('images/c.png', 'masks/c.png', '4'),) * 2,
    )
    dataset = TableDataset(
        data_root=root, mask='mask', metainfo=CLASSES, strict=False
    )
    found = [dataset.get_data_info(k) for k in range(len(dataset))]
    assert [(one['img_id'], one['age']) for one in found] == [
        ('images/b', 2),
        ('images/c', 4),
    ]
    assert len(dataset.left_out['rows that cannot be used']) == 3


def test_images_with_rows_that_contradict_are_left_out(table):
    root = table(
        *(('id', 'class', 'rle'), ('a', 'liver', '1 2'), ('b', '', '1 2')),
        *(('a', 'liver', ''), ('c', 'liver', '48 1')),
    )
    dataset = TableDataset(
        data_root=root,
        **dict(image='id', rle='rle', label='class', img_suffix='.png'),
        data_prefix=dict(img_path='images'),
        metainfo=dict(classes=('liver',)),
        strict=False,
        pipeline=PIPELINE,
    )
    assert areas(dataset) == {'c': [1]}
    line_3, line_4 = dataset.left_out['rows that cannot be used']
    assert 'line 3: class is blank' in line_3
    assert "line 4: 'a liver' stands on line 2 already" in line_4


def test_run_lengths_of_objects(table):
    root = table(
        ('id', 'rle'), ('a', '1 2'), ('b', ''), ('a', '2 4'), ('c', '48 1')
    )
    dataset = TableDataset(
        data_root=root,
        image='id',
        rle='rle',
        img_suffix='.png',
        data_prefix=dict(img_path='images'),
        metainfo=CLASSES,
        pipeline=PIPELINE,
    )
    assert areas(dataset) == {'a': [5], 'b': [0], 'c': [1]}


@pytest.mark.parametrize('overlapping', [True, False])
def test_run_lengths_of_classes(table, overlapping):
    root = table(
        ('file', 'class', 'rle'),
        ('a.png', 'liver', '1 6'),
        ('a.png', 'tumour', '5 4'),
        ('b.png', 'tumour', ''),
    )
    classes = ('liver', 'tumour') if overlapping else ('-', 'liver', 'tumour')
    dataset = TableDataset(
        data_root=root,
        image='file',
        rle='rle',
        label='class',
        overlapping=overlapping,
        data_prefix=dict(img_path='images'),
        metainfo=dict(classes=classes),
        pipeline=PIPELINE,
    )
    mask = dataset[0]['data_samples'].gt_sem_seg.data.numpy()
    if overlapping:
        assert areas(dataset) == {'a': [6, 4], 'b': [0, 0]}
    else:
        assert np.bincount(mask.ravel()).tolist() == [40, 4, 4]


def test_slices_of_a_volume(tmp_path, write_table):
    volume = np.arange(4 * 6 * 8, dtype=np.uint16).reshape(4, 6, 8)
    tifffile.imwrite(tmp_path / 'v.tif', volume, photometric='minisblack')
    rows = [('file', 'slice', 'age'), *(('v.tif', k, '61') for k in (0, 3))]
    write_table(tmp_path / 'train.csv', rows)
    dataset = TableDataset(
        data_root=str(tmp_path),
        image='file',
        frame='slice',
        metainfo=CLASSES,
        pipeline=[PIPELINE[0], PIPELINE[2]],
    )
    items = {item['data_samples'].img_id: item for item in dataset}
    assert [*items] == ['v_0', 'v_3']
    np.testing.assert_array_equal(items['v_3']['inputs'].numpy()[0], volume[3])


@pytest.mark.parametrize(
    ('rows', 'arguments', 'error', 'message'),
    [
        ([('image',)], {}, DatasetError, 'nothing is listed'),
        ([('img',), ('a',)], {}, TableError, "no column 'image'"),
        (
            [('image',), ('a',), ('a',)],
            {},
            DatasetError,
            "line 3: the id 'a' is there twice; every image needs its own",
        ),
        ([('image', 'x'), ('', '1')], {}, TableError, 'line 2: image is blan'),
        (
            [('image', 'z'), ('images/a.png', '-1')],
            dict(frame='z'),
            TableError,
            "line 2: z is '-1', expected a whole number from 0 on",
        ),
        (
            [('image', 'mask'), ('images/a.png', '')],
            dict(mask='mask'),
            TableError,
            'line 2: mask is blank',
        ),
        (
            [('image', 'mask'), ('images/a.png', '../../x.png')],
            dict(mask='mask'),
            InputError,
            'leads out of',
        ),
        ([('image',), ('/etc/passwd',)], {}, InputError, 'leads out of'),
        (
            [('image',), ('images/z.png',)],
            {},
            FileNotFoundError,
            r'1 samples whose files are missing, first images/z \(.*z\.png\)',
        ),
        (
            [('image', 'mask'), ('images/a.png', 'masks/z.png')],
            dict(mask='mask'),
            FileNotFoundError,
            r'first images/a \(.*masks/z\.png\)',
        ),
        (
            [('image', 'width'), ('images/a.png', '8')],
            dict(group='width'),
            DatasetError,
            r"\['width'\] are names of the pipeline",
        ),
        (
            [('image', 'rle', 'mask'), ('a', '', '')],
            dict(mask='mask', rle='rle'),
            DatasetError,
            "of one column: mask='mask' or rle='rle'",
        ),
        (
            [('image', 'region'), ('images/a.png', 'x')],
            dict(metadata=['region']),
            DatasetError,
            'are names of the pipeline',
        ),
        ([('image',), ('a',)], dict(metainfo={}), DatasetError, 'what are'),
    ],
)
def test_tables_that_cannot_be_read(table, rows, arguments, error, message):
    with pytest.raises(error, match=message):
        TableDataset(
            data_root=table(*rows), **dict(metainfo=CLASSES) | arguments
        )


def test_real_rows_of_classes(real_data):
    """Five classes that overlap, named by the table alone."""
    root = real_data('abdomen16_uwm_layout') / 'overlap_ct_dcmqi'
    classes = ('green', 'orange', 'purple', 'light_blue', 'dark_blue')
    dataset = TableDataset(
        data_root=str(root),
        image='id',
        img_suffix='_512_512_0.81_0.81.png',
        data_prefix=dict(img_path='scans'),
        rle='segmentation',
        rle_dialect='kaggle_row',
        label='class',
        metainfo=dict(classes=classes),
        pipeline=PIPELINE,
    )
    assert len(dataset) == 3
    files = 0
    for item in dataset:
        sample = item['data_samples']
        assert item['inputs'].shape == (1, 512, 512)
        for label, plane in zip(classes, sample.gt_sem_seg.data, strict=True):
            path = root / 'masks' / f'{sample.img_id}_{label}.png'
            expected = read_labels(path) > 0 if path.is_file() else 0
            files += path.is_file()
            np.testing.assert_array_equal(plane.numpy(), expected)
    assert files == 7
    planes = dataset[1]['data_samples'].gt_sem_seg.data
    assert (planes.sum(0) > 1).any()


def test_real_table_of_hubmap(real_data):
    """The table of HuBMAP by the generic reader: the same masks."""
    root = real_data('hubmap_layout_tissue')
    dataset = TableDataset(
        data_root=str(root),
        image='id',
        img_suffix='.tiff',
        data_prefix=dict(img_path='train_images'),
        rle='rle',
        metainfo=CLASSES,
        pipeline=PIPELINE,
    )
    assert len(dataset) == 16
    info = dataset.get_data_info(3)
    size = (info['img_height'], info['img_width'])
    assert size == (512, 512)
    mask = dataset[3]['data_samples'].gt_sem_seg.data.numpy()[0]
    expected = rle.decode(info['rle'], size, 'hubmap')
    np.testing.assert_array_equal(mask, expected)


def test_real_dicom_by_its_table(real_data):
    """Sizes and values are those that the table of the files tells."""
    root = real_data('dicom_misc')
    load = dict(type='LoadImageRegion', to_bgr=False)
    dataset = TableDataset(
        'info.csv',
        str(root),
        image='file',
        metainfo=CLASSES,
        pipeline=[dict(load, dicom=dict(rescale=False, invert=False))],
    )
    assert len(dataset) == 18
    told = 'pixel_array(pydicom3+pylibjpeg+gdcm)'
    for k in range(len(dataset)):
        info = dataset.get_data_info(k)
        if several := info['frames'] not in ('', '1.0'):
            info['frame'] = 0
        img = dataset.pipeline(info)['img']
        shape, span = re.fullmatch(r'\((.*)\) \S+ (.*)', info[told]).groups()
        size = tuple(map(int, shape.split(', ')))[several:]
        assert img.shape[: len(size)] == size
        if info['photometric'] != 'PALETTE COLOR' and not several:
            ends = tuple(map(int, span.split('..')))
            # JPEG and JPEG 2000 are not decoded alike by all libraries.
            lossy = 'JPEG' in info['transfer_syntax']
            found = (int(img.min()), int(img.max()))
            assert found == pytest.approx(ends, abs=2 * lossy)
