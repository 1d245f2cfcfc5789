import base64
import csv
import json
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from mmseg_medical.converters import labelme
from mmseg_medical.converters._sources import EmptyObjectWarning
from mmseg_medical.converters.image import read_labels
from mmseg_medical.converters.polygon import PolygonError
from mmseg_medical.converters.record import (
    Annotation,
    AnnotationError,
    Record,
    Skipped,
)
from mmseg_medical.converters.runs import Runs
from mmseg_medical.errors import InputError

SQUARE = [[2, 2], [20, 2], [20, 20], [2, 20]]
JPEG = cv2.imencode('.jpg', np.zeros((30, 40, 3), np.uint8))[1].tobytes()


def file_of(**changes):
    data = dict(
        version='4.5.6',
        flags={},
        shapes=[dict(label='tumor', points=SQUARE, shape_type='polygon')],
        imagePath='a.jpg',
        imageData=None,
        imageHeight=30,
        imageWidth=40,
    )
    return {k: v for k, v in (data | changes).items() if v is not ...}


@pytest.fixture
def tree(tmp_path):
    """The data root that owners publish: annotations/ beside images/."""
    for folder in ('set/annotations', 'set/images', 'elsewhere'):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / 'a.jpg').write_bytes(JPEG)
    (tmp_path / 'set' / 'annotations' / 'a.jpg').unlink()

    def write(name='a.json', text=None, **changes):
        path = tmp_path / 'set' / 'annotations' / name
        path.write_text(text or json.dumps(file_of(**changes)))
        return path

    return write


def test_versions_two_to_five(tree):
    old = tree(
        version=...,
        flags=...,
        imageHeight=...,
        imageWidth=...,
        imagePath='../images/a.jpg',
        lineColor=[0, 255, 0, 128],
        shapes=[dict(label='tumor', points=SQUARE, fill_color=None)],
    )
    new = tree(
        'b.json',
        version='5.5.0',
        shapes=[
            dict(
                label='tumor',
                points=SQUARE,
                shape_type='polygon',
                group_id=None,
                description='',
                flags={},
                mask=None,
            )
        ],
    )
    for path in (old, new):
        (record,) = labelme.read(path)
        assert record.shape == (30, 40)
        assert record.annotations[0].label == 'tumor'
        assert record.annotations[0].mask((30, 40)).sum() == 19 * 19


def test_a_folder_gives_a_record_per_file(tree):
    tree(flags={'blurred': True})
    (tree('b.json').parent / 'case2').mkdir()
    tree('case2/c.json', shapes=[])
    records = list(labelme.read(tree('d.json').parent))
    names = [record.img_id for record in records]
    assert names == ['a', 'b', 'case2/c', 'd']
    assert records[0].properties == dict(
        img_name='a.jpg', flags={'blurred': True}
    )
    assert records[2].annotations == ()


@pytest.mark.parametrize(
    ('name', 'found'),
    [
        ('../images/a.jpg', 'set/images/a.jpg'),
        ('..\\images\\a.jpg', 'set/images/a.jpg'),
        ('../../elsewhere/a.jpg', None),
        ('{tmp}/elsewhere/a.jpg', None),
        ('{tmp}/set/images/a.jpg', 'set/images/a.jpg'),
        ('C:\\data\\a.jpg', None),
        ('/etc/passwd', None),
        ('a.jpg', None),
        ('', None),
        (None, None),
        ('a.json', None),
    ],
)
def test_an_image_is_looked_for_inside_the_data_root(
    tree, tmp_path, name, found
):
    path = tree(imagePath=name and name.format(tmp=tmp_path))
    (record,) = labelme.read(path)
    assert record.img_path == (found and tmp_path / found)
    images = tmp_path / 'set' / 'images'
    (record,) = labelme.read(path, img_dir=images)
    assert record.img_path == images / 'a.jpg'
    (record,) = labelme.read(path.parent, data_root=path.parent)
    assert record.img_path is None
    (path.parent / 'a.jpg').write_bytes(JPEG)
    (record,) = labelme.read(path.parent, data_root=path.parent)
    assert record.img_path == path.parent / 'a.jpg'


def test_an_image_has_the_name_of_its_file(tree, tmp_path):
    path = tree('a.json', imagePath='renamed.png')
    (record,) = labelme.read(path, img_dir=tmp_path / 'set' / 'images')
    assert record.img_path.name == 'a.jpg'


def test_a_size_that_is_missing_is_that_of_the_image(tree, tmp_path):
    missing = dict(imageHeight=..., imageWidth=...)
    text = base64.b64encode(JPEG).decode()
    path = tree(imageData=text, imagePath='x.jpg', **missing)
    (record,) = labelme.read(path)
    assert record.shape == (30, 40)
    assert labelme.image_bytes(path) == JPEG
    path = tree(imagePath='..\\images\\a.jpg', **missing)
    (record,) = labelme.read(path)
    assert record.shape == (30, 40)
    assert labelme.image_bytes(path) is None
    path = tree('b.json', imagePath='gone.jpg', **missing)
    with pytest.raises(AnnotationError, match=r'b\.json says no size .*gone'):
        next(labelme.read(path))


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (dict(text='{"shapes": [{"lab'), 'is no JSON .*cut short'),
        (dict(text='[]'), r'is no file of LabelMe: expected {"shapes"'),
        (dict(shapes=...), 'is no file of LabelMe'),
        (dict(shapes={}), 'is no file of LabelMe'),
        (dict(imageHeight=0), 'imageHeight and imageWidth are numbers'),
        (dict(imageHeight=30.5), 'got 30.5 and 40'),
        (dict(imageWidth=None), 'got 30 and None'),
        (dict(imageWidth=10**9), 'numbers of pixels'),
        (dict(imagePath=['a']), 'imagePath is a name'),
        (dict(imagePath='a\0.jpg'), 'imagePath is a name'),
        (
            dict(imageHeight=..., imageWidth=..., imageData='***'),
            'imageData is no base64',
        ),
        (
            dict(imageHeight=..., imageWidth=..., imageData='aaaa'),
            'imageData is no image',
        ),
        (
            dict(imageHeight=..., imageWidth=..., imageData=7),
            'imageData is no base64',
        ),
        (dict(shapes=[dict(label='a')]), 'shape 1: a polygon has 3 points'),
    ],
)
def test_what_is_wrong_is_named_and_skipped(tree, changes, message):
    path = tree('bad.json', **changes)
    tree('good.json')
    with pytest.raises(AnnotationError, match=message) as caught:
        list(labelme.read(path.parent))
    assert str(path) in str(caught.value)
    skipped = Skipped(strict=False)
    records = list(labelme.read(path.parent, skipped=skipped))
    assert [record.img_id for record in records] == ['good']
    assert len(skipped) == 1


def test_points_far_outside_are_of_another_image(tree):
    shape = dict(label='a', points=[[1, 2], [3, 4], [500, 6]])
    with pytest.raises(PolygonError, match=r'a\.json shape 1 .*far outside'):
        next(labelme.read(tree(shapes=[shape])))


def test_the_painter_is_one_of_two(tree):
    with pytest.raises(ValueError, match="painter is 'pil' or 'opencv'"):
        labelme.read(tree(), painter='corners')
    (record,) = labelme.read(tree(), painter='opencv')
    assert record.annotations[0].painter == 'opencv'


def test_what_is_written_is_what_labelme_reads(tree, tmp_path):
    mask = np.zeros((30, 40), np.uint8)
    mask[3, 5] = mask[29, 39] = 1
    (record,) = labelme.read(tree(imagePath='../images/a.jpg'))
    known = Annotation('cell', runs=Runs.from_mask(mask, 'F'), score=0.5)
    record = Record(
        'p1/b',
        record.shape,
        (*record.annotations, known),
        record.img_path,
        dict(flags={'blurred': True}),
    )
    assert labelme.write(iter([record]), tmp_path / 'out') == 1
    path = tmp_path / 'out' / 'p1' / 'b.json'
    data = json.loads(path.read_text())
    assert list(data) == [
        *('version', 'flags', 'shapes', 'imagePath', 'imageData'),
        *('imageHeight', 'imageWidth'),
    ]
    assert data['imagePath'] == '../../set/images/a.jpg'
    assert os.path.exists(path.parent / data['imagePath'])
    assert (data['imageHeight'], data['imageWidth']) == (30, 40)
    assert data['flags'] == {'blurred': True}
    assert data['shapes'][0] == dict(
        label='tumor',
        points=SQUARE,
        group_id=None,
        description='',
        shape_type='polygon',
        flags={},
        mask=None,
    )
    (back,) = labelme.read(path, data_root=tmp_path)
    assert back.img_path == record.img_path
    for one, other in zip(record.annotations, back.annotations, strict=True):
        np.testing.assert_array_equal(one.mask((30, 40)), other.mask((30, 40)))


def test_an_image_of_unknown_size_is_not_written(tmp_path):
    with pytest.raises(InputError, match=r'a: .* how large .*--images'):
        labelme.write([Record('a', None, ())], tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ('img_path', 'name'), [(None, 'a'), ('val/a.png', 'val/a.png')]
)
def test_an_image_that_is_not_there_has_the_name_of_its_source(
    tmp_path, img_path, name
):
    record = Record('a', (3, 4), (), img_path and Path(img_path))
    assert labelme.write([record], tmp_path / 'x.json') == 1
    assert json.loads((tmp_path / 'x.json').read_text())['imagePath'] == name


def test_objects_without_a_pixel_are_left_out_and_told(tmp_path):
    empty = Runs.from_mask(np.zeros((3, 4), np.uint8), 'F')
    nothing = Annotation('a', runs=empty)
    with pytest.warns(EmptyObjectWarning, match='a: 2 objects without a pix'):
        labelme.write([Record('a', (3, 4), (nothing,) * 2)], tmp_path)
    assert json.loads((tmp_path / 'a.json').read_text())['shapes'] == []


def test_real_files_of_all_versions(real_data):
    root = real_data('labelme_real_json')
    with (root / 'manifest.csv').open() as file:
        rows = {
            row['file'].removesuffix('.json'): row
            for row in csv.DictReader(file)
        }
    records = list(labelme.read(root / 'json', img_dir=root / 'images'))
    assert {record.img_id for record in records} == set(rows)
    for record in records:
        row = rows[record.img_id]
        raw = json.loads((root / 'json' / row['file']).read_text())
        assert len(raw['shapes']) == int(row['n_shapes'])
        groups = [
            (s['label'], s.get('group_id', k))
            if s.get('group_id') is not None
            else k
            for k, s in enumerate(raw['shapes'])
        ]
        assert len(record.annotations) == len(set(groups))
        assert record.properties['img_name'] == row['imagePath']
        size = read_size(record.img_path)
        assert record.shape == size
        embedded = labelme.image_bytes(root / 'json' / row['file'])
        assert (embedded is not None) == (row['embedded_imageData'] == 'True')
        for annotation in record.annotations:
            assert annotation.mask(record.shape).any()


def read_size(path):
    return cv2.imread(str(path), cv2.IMREAD_UNCHANGED).shape[:2]


def test_real_masks_of_pathology(real_data, tmp_path):
    """The masks of this folder are what LabelMe paints."""
    root = real_data('pathology_he_labelme')
    with (root / 'manifest.csv').open() as file:
        rows = {row['image']: row for row in csv.DictReader(file)}
    read = list(labelme.read(root / 'annotations', img_dir=root / 'images'))
    assert len(read) == len(rows) == 27
    assert labelme.write(read, tmp_path) == 27
    again = list(labelme.read(tmp_path))
    for record, back in zip(read, again, strict=True):
        row = rows[record.img_path.name]
        assert record.shape == (int(row['height']), int(row['width']))
        assert record.properties['img_name'] == row['imagePath']
        expected = read_labels(root / 'masks' / f'{record.img_id}.png') > 0
        for annotations in (record.annotations, back.annotations):
            assert len(annotations) == int(row['shapes'])
            masks = [a.mask(record.shape) for a in annotations]
            np.testing.assert_array_equal(np.any(masks, 0), expected)
        assert expected.mean() == pytest.approx(float(row['fg']), abs=1e-4)
