import cv2
import numpy as np
import pytest
from mmseg.registry import DATASETS

from mmseg_medical.datasets.layouts import recognise


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
            for part in ('test', 'train', 'val')
            for k in range(2)
        ]
        for kind in ('img_dir', 'ann_dir')
    }
    root = tree(*names['img_dir'], masks=names['ann_dir'])
    (layout,) = recognise(root)
    assert list(layout.parts) == ['train', 'val', 'test']
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


@pytest.mark.parametrize(
    ('image', 'mask', 'ends'),
    [
        ('imagesTr/{}_0000.png', 'labelsTr/{}.png', ('_0000.png', '.png')),
        ('x/{}_img.png', 'gt/{}_seg.png', ('_img.png', '_seg.png')),
    ],
)
def test_names_of_images_that_go_on(tree, image, mask, ends):
    images, masks = ([f.format(n) for n in 'abc'] for f in (image, mask))
    (layout,) = recognise(tree(*images, masks=masks))
    config = layout.parts['']
    assert (config['img_suffix'], config['seg_map_suffix']) == (
        *((ends[0],), ends[1]),
    )
    check = dict(config, data_root=layout.root, pipeline=[])
    assert len(DATASETS.build(check)) == 3


@pytest.mark.parametrize('form', ['{}/{}', '{0}/p{1}/{1}'])
def test_masks_beside_their_images(tree, form):
    names = [
        form.format(p, f'{p}_{k}') for p in ('train', 'val') for k in '12'
    ]
    masks = [f'{name}_mask.png' for name in names[1:]]
    (layout,) = recognise(tree(*(f'{n}.png' for n in names), masks=masks))
    assert layout.name == 'masks_beside'
    assert layout.parts.keys() == {'train', 'val'}
    config = dict(layout.parts['val'], data_root=layout.root, pipeline=[])
    assert config['seg_map_suffix'] == '_mask.png'
    data = DATASETS.build(config)
    assert len(data) == 2
    names = [data.get_data_info(k)['img_path'] for k in range(2)]
    assert [name.rpartition('/')[2] for name in names] == [
        *('val_1.png', 'val_2.png'),
    ]


def test_few_masks_beside_many_images_are_chance(tree):
    images = [f'{k}.png' for k in range(9)]
    (layout,) = recognise(tree(*images, masks=['0_mask.png']))
    assert layout.name == 'images'
