import json

import cv2
import numpy as np
import pytest
from mmseg.registry import TRANSFORMS

from mmseg_medical.converters import rle
from mmseg_medical.datasets.checks.reading import SampleReader

STEPS = ('LoadImageRegion', 'LoadMaskRegion')


@pytest.fixture
def read():
    """Observation of a sample."""
    steps = [TRANSFORMS.build(dict(type=name)) for name in STEPS]
    reader = SampleReader(steps, part='train')
    return lambda **sample: reader(dict(img_id='a', **sample))


@pytest.fixture
def files(tmp_path):
    """Paths of an image of 40 x 60 with an empty mask, and of their folder."""
    img = np.random.default_rng(0).integers(0, 200, (40, 60, 3))
    cv2.imwrite(str(tmp_path / 'a.png'), img.astype(np.uint8))
    cv2.imwrite(str(tmp_path / 'mask.png'), np.zeros((40, 60), np.uint8))
    return dict(
        img_path=str(tmp_path / 'a.png'),
        seg_map_path=str(tmp_path / 'mask.png'),
    ), tmp_path


def kinds(observation):
    return [problem.kind for problem in observation.problems]


def test_a_sample_that_is_well(read, files):
    sample, _ = files
    one = read(**sample, organ='lung', height=40, width=60, region_names=[])
    assert str(one) == 'train/a'
    assert one.image.shape == (40, 60, 3)
    assert one.mask.areas == {0: 2400}
    assert one.mask.values == {0: 2400}
    assert not one.problems
    assert one.facts == {'organ': 'lung', 'height': 40, 'width': 60}


def test_images_that_are_missing_or_broken(read, files):
    sample, folder = files
    (folder / 'cut.png').write_bytes((folder / 'a.png').read_bytes()[:90])
    one = read(**sample | dict(img_path=f'{folder}/none.png'))
    assert kinds(one) == ['image_missing']  # its mask has no size
    assert one.image is None
    one = read(**sample | dict(img_path=f'{folder}/cut.png'))
    assert kinds(one) == ['image']
    assert 'cut.png' in one.problems[0].text


def test_a_size_of_the_table_that_is_wrong(read, files):
    sample, _ = files
    one = read(**sample, height=40, width=61)
    assert kinds(one) == ['table_size']
    assert 'the table says 40 x 61' in one.problems[0].text
    assert one.image.shape == (40, 60, 3)  # is looked at all the same
    assert one.mask.areas == {0: 2400}


def test_masks_that_are_missing_broken_or_of_another_size(read, files):
    sample, folder = files
    one = read(**sample | dict(seg_map_path=f'{folder}/none.png'))
    assert kinds(one) == ['mask_missing']
    (folder / 'cut.png').write_bytes((folder / 'mask.png').read_bytes()[:40])
    one = read(**sample | dict(seg_map_path=f'{folder}/cut.png'))
    assert kinds(one) == ['mask']
    assert one.mask is None
    cv2.imwrite(f'{folder}/turned.png', np.ones((60, 40), np.uint8))
    one = read(**sample | dict(seg_map_path=f'{folder}/turned.png'))
    assert kinds(one) == ['mask_size']
    assert one.mask.shape == (60, 40)
    assert one.mask.areas == {1: 2400}


def test_255_is_counted_as_foreground(read, files):
    sample, _ = files
    mask = np.zeros((40, 60), np.uint8)
    mask[5:10] = 255
    cv2.imwrite(sample['seg_map_path'], mask)
    one = read(**sample)
    assert not one.problems
    assert one.mask.values == {0: 2100, 255: 300}
    assert one.mask.foreground == {1: 300}


def test_run_lengths(read, files):
    sample, _ = files
    mask = np.zeros((40, 60), np.uint8)
    cv2.circle(mask, (20, 20), 10, 1, -1)
    text = rle.encode(mask, 'kaggle')
    told = dict(img_path=sample['img_path'], rle_dialect='kaggle')
    one = read(**told, rle=text)
    assert not one.problems
    assert one.mask.foreground == {1: int(mask.sum())}
    assert one.readings[0]['kaggle'].lonely == 0
    assert one.readings[0]['kaggle_row'].lonely > 10
    one = read(**told, rle=[text, ['', text]], classes=('a', 'b'))
    assert one.mask.planes == 2
    assert one.mask.shared == {(0, 1): int(mask.sum())}
    assert len(one.readings) == 2
    one = read(**told, rle=f'{text} 2399 50')
    assert kinds(one) == ['runs']
    assert one.mask.foreground == {1: int(mask.sum()) + 2}
    one = read(**told, rle='no numbers')
    assert kinds(one) == ['runs']
    assert one.mask is None


def labelme(folder, *shapes, size=(40, 60)):
    shapes = [
        dict(label=label, points=points, shape_type='polygon', flags={})
        for label, points in shapes
    ]
    data = dict(version='5.1.1', flags={}, shapes=shapes, imagePath='a.png')
    data |= dict(imageData=None, imageHeight=size[0], imageWidth=size[1])
    (folder / 'a.json').write_text(json.dumps(data))


def test_annotation_files_are_parsed_once(read, files, monkeypatch):
    sample, folder = files
    square = [[10, 10], [30, 10], [30, 25], [10, 25]]
    out = [[50, 30], [63, 30], [63, 35], [50, 35]]
    labelme(folder, ('gland', square), ('gland', out), ('fold', square))
    sample = dict(
        img_path=sample['img_path'],
        annotation_path=str(folder / 'a.json'),
        annotation_format='labelme',
        classes=('background', 'gland'),
    )
    opened = []
    loads = json.loads
    monkeypatch.setattr(
        json, 'loads', lambda *a, **k: opened.append(1) or loads(*a, **k)
    )
    one = read(**sample)
    assert opened == [1]
    assert not one.problems
    assert one.drawn == {'gland': 2, 'fold': 1}  # fold is no class
    assert one.mask.foreground.keys() == {1}
    assert one.beyond == 3
    labelme(folder, ('gland', square), size=(41, 60))
    assert kinds(read(**sample)) == ['mask_size']
    (folder / 'a.json').write_text('{"shapes": [')
    assert kinds(read(**sample)) == ['mask']
    (folder / 'a.json').unlink()
    assert kinds(read(**sample)) == ['mask_missing']


def test_objects_one_by_one(read, files):
    sample, folder = files
    for k in range(3):
        mask = np.zeros((40, 60), np.uint8)
        mask[10 * k : 10 * k + 10, :20] = 255
        cv2.imwrite(f'{folder}/{k}.png', mask)
    one = read(
        img_path=sample['img_path'],
        object_paths=[f'{folder}/{k}.png' for k in range(3)],
        classes=('background', 'nucleus'),
        overlapping=False,
    )
    assert one.drawn == {'nucleus': 3}
    assert one.mask.areas[1] == 600
    assert one.mask.sizes[1].sum() == 1  # they touch


def test_a_stack_is_its_middle(read, files):
    sample, folder = files
    paths = [f'{folder}/none.png', sample['img_path'], f'{folder}/none.png']
    one = read(**sample | dict(img_path=paths))
    assert not one.problems
    assert one.img_path == sample['img_path']
