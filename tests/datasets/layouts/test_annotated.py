import json

import pytest

from mmseg_medical.datasets.layouts import recognise


def labelme(path, *labels, image=None):
    points = [[1, 1], [9, 1], [9, 9]]
    shapes = [
        dict(label=name, points=points, shape_type='polygon', flags={})
        for name in labels
    ]
    data = dict(version='5.1.1', flags={}, shapes=shapes, imageData=None)
    data |= dict(imagePath=image, imageHeight=12, imageWidth=16)
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(data))


@pytest.mark.parametrize('folder', ['labels', 'images'])
def test_labelme_beside_or_apart(tree, folder):
    root = tree('images/a.png', 'images/b.png', 'other/c.png')
    labelme(root / folder / 'a.json', 'fold', image='../images/a.png')
    labelme(root / folder / 'b.json', 'gland', 'gland')
    (layout,) = recognise(root)
    assert layout.name == 'labelme'
    assert layout.parts[''] == dict(
        type='AnnotationDataset',
        annotation_format='labelme',
        data_prefix=dict(img_path='images', seg_map_path=folder),
        metainfo=dict(classes=('background', 'gland', 'fold')),
    )


def test_labelme_that_names_its_images(tree):
    root = tree('images/a.png')
    labelme(root / 'json' / 'v1_a.json', 'gland', image='a.png')
    (layout,) = recognise(root)
    assert layout.parts['']['ann_file'] == 'json'
    assert layout.parts['']['data_prefix'] == dict(img_path='images')


def test_geojson(tree):
    root = tree('images/a.png')
    ring = [[1, 1], [9, 1], [9, 9], [1, 1]]
    feature = dict(
        type='Feature',
        geometry=dict(type='Polygon', coordinates=[ring]),
        properties=dict(classification=dict(name='Tumor')),
    )
    data = dict(type='FeatureCollection', features=[feature])
    path = root / 'images' / 'a.geojson'
    path.write_text(json.dumps(data))
    (layout,) = recognise(root)
    assert layout.name == 'geojson'
    assert layout.parts['']['metainfo']['classes'] == ('background', 'Tumor')


def test_coco_by_part(tree):
    root = tree('photos/a.png', 'photos/b.png')
    for part, name in (('train', 'a'), ('val', 'b')):
        data = dict(
            images=[dict(id=1, file_name=f'{name}.png', height=12, width=16)],
            annotations=[
                dict(id=k, image_id=1, category_id=category, iscrowd=0)
                | dict(segmentation=[[1, 1, 9, 1, 9, 9]], bbox=[1, 1, 8, 8])
                for k, category in enumerate(
                    [3, 3, 3, 7] if part == 'train' else [3, 7, 7]
                )
            ],
            categories=[dict(id=3, name='nucleus'), dict(id=7, name='cell')],
        )
        path = root / 'annotations' / f'instances_{part}.json'
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(data))
    (root / 'annotations' / 'broken.json').write_text('{"images": [')
    (layout,) = recognise(root)
    assert layout.name == 'coco'
    assert layout.parts.keys() == {'train', 'val'}
    config = layout.parts['val']
    assert config['ann_file'] == 'annotations/instances_val.json'
    assert config['data_prefix'] == dict(img_path='photos')
    for config in layout.parts.values():  # the same in all parts
        classes = config['metainfo']['classes']
        assert classes == ('background', 'nucleus', 'cell')


def test_cvat(tree):
    root = tree('frames/a.png', 'frames/b.png')
    (root / 'annotations.xml').write_text(
        '<?xml version="1.0"?><annotations><version>1.1</version>'
        '<image id="0" name="frames/a.png" width="16" height="12">'
        '<box label="polyp" occluded="0" xtl="1" ytl="1" xbr="9" ybr="9"/>'
        '</image></annotations>'
    )
    (layout,) = recognise(root)
    assert layout.name == 'cvat'
    config = layout.parts['']
    assert config['data_prefix'] == dict(img_path='frames')
    assert config['metainfo']['classes'] == ('background', 'polyp')


def test_files_that_cannot_be_read_are_left_to_the_checks(tree):
    root = tree('images/a.png', 'images/b.png')
    labelme(root / 'images' / 'a.json', 'gland')
    (root / 'images' / 'b.json').write_text('{"shapes": [')
    (layout,) = recognise(root)
    assert layout.parts['']['metainfo']['classes'] == ('background', 'gland')
    assert '2 files of objects in images/' in layout.because


def test_labelme_by_part_with_the_labels_that_it_keeps(tree):
    root = tree('train/a.png', 'val/b.png')
    labelme(root / 'train' / 'a.json', 'gland', '__ignore__')
    labelme(root / 'val' / 'b.json', 'vessel', 'vessel', '_background_')
    (layout,) = recognise(root)
    assert layout.parts.keys() == {'train', 'val'}
    config = layout.parts['val']
    assert config['data_prefix'] == dict(img_path='val', seg_map_path='val')
    for config in layout.parts.values():
        classes = config['metainfo']['classes']
        assert classes == ('background', 'vessel', 'gland')
        assert config['labels'] == {'__ignore__': 255, '_background_': None}


def test_labelme_is_not_put_beside_images_of_others(tree):
    root = tree('images/x.png', 'photos/a.png')
    labelme(
        root / 'json' / 'v1_a.json', 'gland', image='..\\\\photos\\\\a.png'
    )
    (layout,) = recognise(root)
    assert layout.parts['']['data_prefix'] == dict(img_path='photos')
    labelme(root / 'json' / 'v1_a.json', 'gland', image='none.png')
    (layout,) = recognise(root)
    assert layout.name == 'images'


def test_a_broken_file_of_all_images_is_kept(tree):
    root = tree('images/a.png')
    (root / 'instances.json').write_text('{"images": [{"id": 1, ')
    (layout,) = recognise(root)
    assert layout.name == 'images'
    assert layout.broken.keys() == {'instances.json'}
    assert 'cut short' in layout.broken['instances.json']


def test_objects_that_are_broken_do_not_hide_the_others(tree):
    root = tree('images/a.png')
    outlines = [[1, 1, 9, 1, 9, 9]], [[1, 2, 3, 4]]
    data = dict(
        images=[dict(id=1, file_name='a.png', height=12, width=16)],
        annotations=[
            dict(id=k, image_id=1, category_id=3, segmentation=rings)
            for k, rings in enumerate(outlines)
        ],
        categories=[dict(id=3, name='nucleus')],
    )
    (root / 'instances.json').write_text(json.dumps(data))
    (layout,) = recognise(root)
    assert layout.name == 'coco'
    assert not layout.broken
