import cv2
import numpy as np
import pytest
from hypothesis import given, settings

from mmseg_medical.converters import class_masks
from mmseg_medical.converters.record import Record, Skipped
from mmseg_medical.errors import InputError

MASK = np.array([[0, 255, 255], [0, 0, 255]], np.uint8)


@pytest.fixture
def folder(tmp_path):
    def write(*names, mask=MASK):
        for name in names:
            path = tmp_path / 'masks' / name
            path.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(path), mask)
        return tmp_path / 'masks'

    return write


def test_folders_are_images_and_files_are_classes(folder):
    root = folder(
        *('1.2.a/heart.png', '1.2.a/lung.png', 'x/y/lung.tif'),
        'x/.ipynb_checkpoints/lung.png',
    )
    folder('x/y/heart.png', mask=MASK * 0)
    records = {r.img_id: r for r in class_masks.read(root)}
    assert {
        k: [a.label for a in r.annotations] for k, r in records.items()
    } == {
        '1.2.a': ['heart', 'lung'],
        'x/y': ['lung'],
    }
    mask = records['x/y'].annotations[0].mask((2, 3))
    np.testing.assert_array_equal(mask, MASK > 0)


def test_what_is_wrong_is_named(folder, tmp_path):
    root = folder('a/lung.png', 'b/lung.png')
    with pytest.raises(InputError, match="a: label 'lung' is none of"):
        list(class_masks.read(root, classes=['heart']))
    folder('a/heart.png', mask=MASK.T.copy())
    with pytest.raises(
        InputError, match=r'a/lung\.png has \(2, 3\) .* image \(3, 2\)'
    ):
        list(class_masks.read(root))
    skipped = Skipped(strict=False)
    (record,) = class_masks.read(root, skipped=skipped)
    assert (record.img_id, len(skipped)) == ('b', 1)
    with pytest.raises(InputError, match=r'a has no folders with masks'):
        list(class_masks.read(root / 'a'))


def test_round_trip(tmp_path_factory, label_images, record_of, masks_of):
    @given(labels=label_images, other=label_images)
    @settings(deadline=None, max_examples=30)
    def check(labels, other):
        path = tmp_path_factory.mktemp('masks') / 'out'
        one = record_of(labels)
        together = np.zeros_like(labels)
        h, w = (min(s) for s in zip(labels.shape, other.shape, strict=True))
        together[:h, :w] = other[:h, :w]
        more = record_of(together, 'efgh').annotations  # they overlap
        record = Record('x/y', one.shape, (*one.annotations, *more))
        class_masks.write([record], path, classes='abcdefgh')
        (again,) = class_masks.read(path)
        assert (again.img_id, again.shape) == ('x/y', labels.shape)
        assert masks_of(again, by='classes') == masks_of(record, by='classes')

    check()


def test_what_cannot_be_written(tmp_path, record_of):
    path = tmp_path / 'out'
    record = record_of(MASK)
    with pytest.raises(InputError, match='need their names'):
        class_masks.write([record], path, classes=[])
    with pytest.raises(InputError, match='a file name cannot hold "/"'):
        class_masks.write([record], path, classes=['a', 'b/c'])
    with pytest.raises(InputError, match="'c' is none of the classes"):
        class_masks.write([record], path, classes=['a'])
    with pytest.raises(InputError, match='cannot have'):
        class_masks.write([record], path, classes=['a', 'c', 'b:c'])
    assert not list(tmp_path.iterdir())


def test_real_chest_x_rays(real_data, tmp_path, masks_of):
    root = real_data('cxr_lungs') / 'masks_per_class'
    records = list(class_masks.read(root))
    labels = {a.label for r in records for a in r.annotations}
    assert (len(records), len(labels)) == (16, 13)
    path = tmp_path / 'out'
    class_masks.write(records[:3], path, classes=sorted(labels))
    for one, other in zip(records, class_masks.read(path), strict=False):
        assert one.img_id == other.img_id
        assert [a.runs.area for a in one.annotations] == [
            a.runs.area for a in other.annotations
        ]
