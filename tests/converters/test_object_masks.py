import cv2
import numpy as np
import pytest
from hypothesis import given, settings

from mmseg_medical.converters import coco, object_masks
from mmseg_medical.converters.object_masks import MissingMaskWarning
from mmseg_medical.converters.record import Record, Skipped
from mmseg_medical.errors import InputError

MASK = np.array([[0, 255, 255], [0, 0, 255]], np.uint8)


@pytest.fixture
def tree(tmp_path):
    def write(*names, mask=MASK, img_id='a', image=(2, 3, 3)):
        folder = tmp_path / 'train' / img_id
        (folder / 'masks').mkdir(parents=True, exist_ok=True)
        for name in names:
            cv2.imwrite(str(folder / 'masks' / name), mask)
        if image:
            (folder / 'images').mkdir(exist_ok=True)
            img = np.zeros(image, np.uint8)
            cv2.imwrite(str(folder / 'images' / f'{img_id}.png'), img)
        return tmp_path / 'train'

    return write


def test_one_object_for_each_file(tree):
    root = tree('f3.png', 'a9.png')
    tree(img_id='empty')
    hidden = root / 'a' / 'masks' / '.ipynb_checkpoints'
    hidden.mkdir()
    (hidden / 'f3.png').touch()
    (root / '.ipynb_checkpoints' / 'masks').mkdir(parents=True)
    first, second = object_masks.read(root, label='cell')
    assert (first.img_id, first.shape) == ('a', (2, 3))
    assert first.img_path.as_posix() == 'a/images/a.png'
    assert [a.label for a in first.annotations] == ['cell', 'cell']
    np.testing.assert_array_equal(first.annotations[0].mask((2, 3)), MASK > 0)
    assert (second.img_id, second.annotations) == ('empty', ())


def test_missing_numbers_are_told(tree):
    root = tree('mask_0001.png', 'mask_0003.png', 'mask_0006.png')
    with pytest.warns(MissingMaskWarning, match=r'lacks 3 of .* first 2$'):
        (record,) = object_masks.read(root)
    assert len(record.annotations) == 3
    paths = sorted((root / 'a' / 'masks').iterdir())
    assert object_masks.missing_numbers(paths) == [2, 4, 5]
    other = [*paths, root / 'x1.png']
    assert object_masks.missing_numbers(other) == []
    assert object_masks.missing_numbers([]) == []


def test_what_is_wrong_is_named(tree, tmp_path):
    root = tree('1.png', image=(3, 2, 3))
    with pytest.raises(
        InputError, match=r'1\.png has \(2, 3\) .* image \(3, 2\)'
    ):
        list(object_masks.read(root))
    tree('1.png', img_id='b', mask=MASK * 0)
    tree('1.png', img_id='c', image=None)
    skipped = Skipped(strict=False)
    records = list(object_masks.read(root, skipped=skipped))
    assert [(r.img_id, r.shape, r.img_path) for r in records] == [
        ('c', (2, 3), None)
    ]
    assert 'has no foreground; delete it' in str(skipped.errors[1])
    (root / 'c' / 'images').mkdir()
    for name in ('x.png', 'y.png'):
        (root / 'c' / 'images' / name).touch()
    skipped = Skipped(strict=False)
    assert not list(object_masks.read(root, skipped=skipped))
    assert 'holds 2 images, expected one' in str(skipped.errors[2])
    with pytest.raises(InputError, match=r'expected .*/ID/masks/\*\.png'):
        list(object_masks.read(root / 'a' / 'masks'))


def test_images_without_masks_are_counted(tree):
    root = tree('1.png')
    (root / 'b' / 'images').mkdir(parents=True)
    (root / 'other').mkdir()
    with pytest.raises(InputError, match=r'b has an image and no folder of'):
        list(object_masks.read(root))
    skipped = Skipped(strict=False)
    assert len(list(object_masks.read(root, skipped=skipped))) == 1
    assert len(skipped) == 1


def test_round_trip(tmp_path_factory, label_images, record_of, masks_of):
    @given(labels=label_images)
    @settings(deadline=None, max_examples=30)
    def check(labels):
        root = tmp_path_factory.mktemp('objects')
        record = record_of(labels, ['nucleus'])
        (root / 'images').mkdir()
        image = np.zeros((*labels.shape, 3), np.uint8)
        cv2.imwrite(str(root / 'images' / 'x.png'), image)
        object_masks.write([record], root / 'out', img_dir=root / 'images')
        (again,) = object_masks.read(root / 'out')
        assert again.shape == labels.shape
        assert again.img_path.as_posix() == 'x/images/x.png'
        assert masks_of(again) == masks_of(record)

    check()


def test_what_cannot_be_written(tmp_path, record_of):
    path = tmp_path / 'out'
    two = record_of(np.array([[1, 2]], np.uint8))
    one = record_of(np.array([[1, 1]], np.uint8), img_id='p/q')
    with pytest.raises(InputError, match=r"does not name .* \['a', 'b'\]"):
        object_masks.write([two], path)
    with pytest.raises(InputError, match=r'x has no objects.*--images'):
        object_masks.write([Record('x', (2, 2), ())], path)
    with pytest.raises(InputError, match="'p_q' is another image too"):
        object_masks.write([one, Record('p_q', (2, 2), ())], path)
    assert not list(tmp_path.iterdir())
    skipped = Skipped(strict=False)
    assert object_masks.write([two, one], path, skipped=skipped) == 1
    assert [p.name for p in path.iterdir()] == ['p_q']


def runs_of(record):
    return sorted(
        (a.runs.starts.tolist(), a.runs.ends.tolist())
        for a in record.annotations
    )


@pytest.mark.parametrize(('part', 'images'), [('train', 30), ('val', 10)])
def test_real_nuclei_equal_their_coco_file(real_data, part, images):
    root = real_data('nuclei_dsb2018_stained')
    theirs = {r.img_id: r for r in coco.read(root / f'instances_{part}.json')}
    count = 0
    for record in object_masks.read(root / part):
        count += 1
        assert record.shape == (256, 320)
        assert runs_of(record) == runs_of(theirs[record.img_id])
    assert count == images
