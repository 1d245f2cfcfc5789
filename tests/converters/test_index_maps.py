import cv2
import numpy as np
import pytest
from PIL import Image

from mmseg_medical.converters import index_maps
from mmseg_medical.converters.label_map import OverlapError
from mmseg_medical.converters.record import Skipped
from mmseg_medical.errors import InputError

LABELS = np.array([[0, 1, 2], [2, 1, 0]], np.uint8)


@pytest.fixture
def folder(tmp_path):
    def write(labels=LABELS, name='a.png', palette=False):
        path = tmp_path / 'maps' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        img = Image.fromarray(labels)
        if palette:
            img.putpalette(list(range(255, -1, -1)) * 3)
        img.save(path)
        return tmp_path / 'maps'

    return write


def values(records, names='abc'):
    return {
        r.img_id: sum(
            a.mask(r.shape) * (1 + names.index(a.label)) for a in r.annotations
        )
        for r in records
    }


@pytest.mark.parametrize('palette', [False, True])
def test_values_are_indices(folder, palette):
    root = folder(name='x/a.png', palette=palette)
    folder(LABELS[:, :2], 'b.png', palette)
    found = values(index_maps.read(root, classes='abc'))
    assert list(found) == ['b', 'x/a']
    np.testing.assert_array_equal(found['x/a'], LABELS)


def test_0_and_255(folder):
    root = folder(LABELS // 2 * 255)
    (record,) = index_maps.read(root, values={255: 'lung'})
    assert record.annotations[0].label == 'lung'
    np.testing.assert_array_equal(
        record.annotations[0].mask((2, 3)), LABELS // 2
    )
    with pytest.raises(InputError, match=r'a\.png .*say what 255 stands for'):
        list(index_maps.read(root, classes=['lung']))


def test_255_beside_other_values_is_ignored(folder):
    root = folder(np.array([[0, 1, 255]], np.uint8))
    (record,) = index_maps.read(root, classes=['a', 'b'])
    assert [a.label for a in record.annotations] == ['a', 'ignore']


def test_colours(folder):
    table = dict(a=(255, 0, 0), b=(0, 128, 255))
    pixels = np.array([(0, 0, 0), *table.values()], np.uint8)[LABELS]
    root = folder(pixels)
    (record,) = index_maps.read(root, colors=table)
    np.testing.assert_array_equal(
        record.annotations[1].mask((2, 3)), LABELS == 2
    )
    with pytest.raises(
        InputError, match=r'2 pixels .* first \[0, 128, 255\] in row 0 col'
    ):
        list(index_maps.read(root, colors=dict(a=(255, 0, 0))))
    with pytest.raises(InputError, match='one channel of class indices'):
        list(index_maps.read(root, classes='ab'))
    gray = folder(LABELS)
    with pytest.raises(InputError, match='expected 8-bit colours'):
        list(index_maps.read(gray, colors=table))


def test_suffixes_are_left_out_of_the_ids(folder):
    root = folder(name='a_mask.png')
    folder(name='a.png')
    (record,) = index_maps.read(root, classes='ab', suffix='_mask.png')
    assert record.img_id == 'a'
    folder(name='a_mask.tif')
    with pytest.raises(InputError, match='are of one image'):
        list(index_maps.read(root, classes='ab'))


def test_what_is_wrong_is_named(folder, tmp_path):
    root = folder()
    with pytest.raises(InputError, match='does not say what the values'):
        list(index_maps.read(root))
    with pytest.raises(InputError, match=r'holds the value 2 .*none of'):
        list(index_maps.read(root, classes='a'))
    with pytest.raises(InputError, match=r'no label image \(_x\.png\)'):
        list(index_maps.read(root, classes='a', suffix='_x.png'))
    folder(LABELS // 2, 'b.png')
    skipped = Skipped(strict=False)
    records = list(index_maps.read(root, classes='a', skipped=skipped))
    assert ([r.img_id for r in records], len(skipped)) == (['b'], 1)


def test_round_trip(tmp_path_factory, label_images, record_of, masks_of):
    from hypothesis import given, settings
    from hypothesis import strategies as st

    kinds = [
        {},
        dict(values={255: 'a', 3: 'b', 300: 'c', 7: 'd'}),
        dict(colors=dict(a=(1, 2, 3), b=(9, 0, 0), c=(0, 9, 0), d=(0, 0, 1))),
    ]

    @given(labels=label_images, kind=st.sampled_from(kinds))
    @settings(deadline=None, max_examples=40)
    def check(labels, kind):
        path = tmp_path_factory.mktemp('maps') / 'out'
        record = record_of(labels, img_id='x/y')
        index_maps.write([record], path, classes='abcd', **kind)
        named = dict(colors=kind['colors']) if 'colors' in kind else {}
        (again,) = index_maps.read(path, **named)
        assert again.img_id == 'x/y'
        assert again.shape == labels.shape
        assert masks_of(again, by='classes') == masks_of(record, by='classes')

    check()


def test_what_is_written(tmp_path, record_of):
    path = tmp_path / 'out'
    record = record_of(np.array([[0, 1], [2, 2]], np.uint8), ['a', 'ignore'])
    assert index_maps.write([record], path, classes=['a', 'ignore']) == 1
    img = Image.open(path / 'x.png')
    assert img.mode == 'P'
    assert np.asarray(img).tolist() == [[0, 1], [255, 255]]
    (again,) = index_maps.read(path)
    assert [a.label for a in again.annotations] == ['a', 'ignore']


def test_what_cannot_be_written(tmp_path, record_of):
    path = tmp_path / 'out'
    record = record_of(LABELS)
    bad = record_of(LABELS, img_id='../x')
    over = record_of(LABELS, img_id='over')
    over = type(over)(
        'over',
        over.shape,
        (*over.annotations, *record_of(LABELS[::-1], 'ba').annotations),
    )
    with pytest.raises(InputError, match=r"'\.\./x' cannot be the name"):
        index_maps.write([record, bad], path, classes='ab')
    with pytest.raises(OverlapError, match=r'over: .*overlaps'):
        index_maps.write([record, over], path, classes='ab')
    with pytest.raises(InputError, match=r"values lack \['b'\]"):
        index_maps.write([record], path, classes='ab', values={1: 'a'})
    with pytest.raises(InputError, match=r"colors lack \['b'\]"):
        index_maps.write(
            [record], path, classes='ab', colors=dict(a=(1, 1, 1))
        )
    assert not list(tmp_path.iterdir())
    skipped = Skipped(strict=False)
    count = index_maps.write(
        [record, bad, over], path, classes='ab', skipped=skipped
    )
    assert (count, len(skipped)) == (1, 2)
    with pytest.raises(InputError, match='out exists already'):
        index_maps.write([record], path, classes='ab')


def test_real_lungs(real_data, tmp_path):
    root = real_data('cxr_lungs') / 'masks_lung'
    records = list(index_maps.read(root, values={255: 'lung'}))
    assert len(records) == 16
    path = tmp_path / 'out'
    index_maps.write(records, path, classes=['lung'], values={255: 'lung'})
    for file in root.iterdir():
        again = cv2.imread(str(path / f'{file.stem}.png'), 0)
        np.testing.assert_array_equal(again, cv2.imread(str(file), 0))


def test_values_that_no_file_holds(tmp_path, record_of):
    record = record_of(LABELS)
    for values in ({70_000: 'a', 1: 'b'}, {0: 'a', 1: 'b'}, {-1: 'a'}):
        with pytest.raises(InputError, match='values are 1 to 65535'):
            index_maps.write(
                [record], tmp_path / 'out', classes='ab', values=values
            )
    with pytest.raises(InputError, match='one for each class'):
        index_maps.write(
            [record], tmp_path / 'out', classes='a', values={1: 'a', 2: 'a'}
        )


def test_values_below_0_are_refused(folder):
    root = folder(LABELS)
    (root / 'a.png').unlink()
    Image.fromarray(LABELS.astype(np.int32) - 1).save(root / 'a.tif')
    with pytest.raises(InputError, match=r'a\.tif: labels are 0 or more'):
        list(index_maps.read(root, classes='ab'))
