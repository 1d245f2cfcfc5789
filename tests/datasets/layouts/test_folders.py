import cv2
import numpy as np
import pytest

from mmseg_medical.datasets.layouts import recognise
from mmseg_medical.datasets.layouts.folders import by_part, pair, part_of


def test_parts_in_paths():
    assert part_of('labels/instances_Train2017.json') == ''
    assert part_of('labels/instances_train.json') == 'train'
    assert part_of('a/Validation/b') == 'val'
    assert by_part(['a/train', 'a/val', 'b']) == {
        'a': {'train': 'a/train', 'val': 'a/val'},
        'b': {'': 'b'},
    }


def test_masks_are_paired_by_the_longest_name():
    found = pair(
        ['a.png', 'a_1.png', 'c/d.jpg'],
        ['a_mask.png', 'a_1_mask.png', 'c/d_mask.png', 'other_mask.png'],
    )
    assert found == (3, ('_mask.png',), False)
    found = pair(
        ['a.png', 'b.png'], ['a/x.png', 'a/y.png', 'b/x.png', 'b/y.png']
    )
    assert (found.images, found.several) == (2, True)


@pytest.mark.parametrize(
    ('images', 'masks', 'suffix'),
    [
        (
            ('images/a.jpg', 'images/b.png'),
            ('masks/a.png', 'masks/b.png'),
            '.png',
        ),
        (('x/a.jpg',), ('gt/a_gt.tif',), '_gt.tif'),
        (('scans/p/a.png',), ('labels/p/a.png',), '.png'),
    ],
)
def test_images_and_masks(tree, images, masks, suffix):
    (layout,) = recognise(tree(*images, masks=masks))
    assert layout.name == 'mask_folders'
    (config,) = layout.parts.values()
    assert config['seg_map_suffix'] == suffix
    assert config['data_prefix']['img_path'] == images[0].split('/')[0]
    assert config['data_prefix']['seg_map_path'] == masks[0].split('/')[0]
    assert not layout.named


@pytest.mark.parametrize(
    'form', ['{kind}/{part}/{name}.png', '{part}/{kind}/{name}.png']
)
def test_parts_of_a_tree(tree, form):
    names = {
        kind: [
            form.format(kind=kind, part=part, name=f'{part}{k}')
            for part in ('train', 'val')
            for k in range(2)
        ]
        for kind in ('img_dir', 'ann_dir')
    }
    root = tree(*names['img_dir'], masks=names['ann_dir'])
    (layout,) = recognise(root)
    assert layout.parts.keys() == {'train', 'val'}
    prefix = layout.parts['val']['data_prefix']
    assert prefix['img_path'] == form.format(
        kind='img_dir', part='val', name=''
    ).removesuffix('/.png')


def test_one_file_per_class(tree):
    masks = [f'masks/{n}_{c}.png' for n in 'ab' for c in ('lung', 'heart')]
    (layout,) = recognise(tree('images/a.png', 'images/b.png', masks=masks))
    assert layout.name == 'class_folders'
    assert layout.named
    config = layout.parts['']
    assert config['seg_map_suffix'] == '_{class}.png'
    assert config['metainfo'] == dict(classes=('heart', 'lung'))


def test_masks_of_jpeg_are_cut_in_two(tree):
    (layout,) = recognise(tree('images/a.png', masks=['masks/a.jpg']))
    assert layout.loader == dict(value_thr=128)


def test_masks_of_colours(tree):
    root = tree('images/a.png', masks=['masks/a.png'])
    mask = np.zeros((12, 16, 3), np.uint8)
    mask[3:6], mask[7:9] = (0, 0, 255), (0, 255, 0)  # BGR
    cv2.imwrite(str(root / 'masks/a.png'), mask)
    (layout,) = recognise(root)
    config = layout.parts['']
    assert config['colours']
    assert config['metainfo']['palette'] == [
        [0, 0, 0],
        [0, 255, 0],
        [255, 0, 0],
    ]
    assert len(config['metainfo']['classes']) == 3
    cv2.imwrite(str(root / 'masks/a.png'), np.dstack([mask[..., 2]] * 3))
    (layout,) = recognise(root)  # gray that was saved as colours
    assert 'colours' not in layout.parts['']
    assert layout.loader == dict(value_thr=128)


def test_folders_that_do_not_belong_together(tree):
    masks = ['masks/x.png', 'masks/y.png', 'masks/z.png']
    (layout,) = recognise(tree('images/a.png', masks=masks))
    assert layout.name == 'images'
    assert layout.parts['']['data_prefix'] == dict(img_path='')


def test_masks_belong_to_the_images_beside_them(tree):
    names = ('one/images/a.png', 'two/images/a.png')
    masks = [name.replace('images', 'masks') for name in names]
    found = recognise(tree(*names, masks=masks))
    prefixes = [one.parts['']['data_prefix'] for one in found]
    assert prefixes == [
        dict(img_path=f'{n}/images', seg_map_path=f'{n}/masks')
        for n in ('one', 'two')
    ]
