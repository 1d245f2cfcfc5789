import tracemalloc

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmseg_medical.converters import rle, rle_table
from mmseg_medical.converters.image import read_image
from mmseg_medical.converters.record import Annotation, Record, Skipped
from mmseg_medical.converters.rle import RLEError, RLERepairWarning
from mmseg_medical.converters.runs import Runs
from mmseg_medical.converters.table import TableError
from mmseg_medical.errors import InputError

# Column 0: rows 1 and 2; column 1: row 2; column 2: all rows.
MASK = np.array([[0, 0, 1], [1, 0, 1], [1, 1, 1]], np.uint8)


@pytest.fixture
def table(tmp_path):
    def write(text, name='train.csv'):
        path = tmp_path / name
        path.write_text(text, encoding='utf-8')
        return path

    return write


def areas(records):
    return {
        r.img_id: [(a.label, a.runs.area) for a in r.annotations]
        for r in records
    }


def test_hubmap(table):
    path = table(
        'id,organ,img_height,img_width,pixel_size,rle\n'
        '1,lung,3,3,0.4,2 2 6 4\n2,kidney,3,4,0.5,\n'
    )
    first, second = rle_table.read(path, layout='hubmap', label='unit')
    assert first.shape == (3, 3)
    assert first.annotations[0].label == 'unit'
    np.testing.assert_array_equal(first.annotations[0].mask((3, 3)), MASK)
    assert first.properties == dict(organ='lung', pixel_size=0.4)
    assert (second.shape, second.annotations) == ((3, 4), ())


def test_rows_of_an_image_need_not_stand_together(table):
    path = table(
        'id,class,segmentation\n'
        'a,bowel,1 1\nb,bowel,1 2\nc,bowel,\na,stomach,1 3\n'
        'b,stomach,\nc,stomach,\n'
    )
    records = rle_table.read(path, layout='uw_madison', sizes=(3, 3))
    assert areas(records) == dict(
        a=[('bowel', 1), ('stomach', 3)], b=[('bowel', 2)], c=[]
    )


def test_uw_madison_runs_along_the_rows(table):
    path = table('id,class,segmentation\na,bowel,3 2 6 4\n')
    (record,) = rle_table.read(path, layout='uw_madison', sizes=(3, 3))
    np.testing.assert_array_equal(record.annotations[0].mask((3, 3)), MASK)


@pytest.mark.parametrize(
    'header',
    ['ImageId,EncodedPixels\n', 'ImageId, EncodedPixels\n', '\ufeff', ''],
)
def test_siim_with_both_headers_and_without(table, header):
    path = table(f'{header}a, 5 2 3 1\nb, -1\na, 100 4\nc,-1\nc,-1\n')
    records = list(rle_table.read(path, layout='siim', label='air'))
    assert areas(records) == dict(b=[], a=[('air', 7)], c=[])
    assert {r.shape for r in records} == {(1024, 1024)}
    objects = rle_table.read(path, layout='siim', objects=True)
    assert [n for _, n in areas(objects)['a']] == [3, 4]


def test_rows_of_siim_that_overlap_are_joined(table):
    path = table('ImageId,EncodedPixels\na,5 4\na,7 4\n')
    (record,) = rle_table.read(path, layout='siim')
    assert record.annotations[0].runs.starts.tolist() == [5]
    assert record.annotations[0].runs.area == 6


def test_dsb2018_has_a_row_for_each_nucleus(table):
    path = table('ImageId,EncodedPixels\na,1 2\na,4 1\nb,9 1\n')
    sizes = dict(a=(2, 2), b=(3, 3))
    records = rle_table.read(path, layout='dsb2018', sizes=sizes)
    assert areas(records) == dict(
        a=[('foreground', 2), ('foreground', 1)], b=[('foreground', 1)]
    )


@pytest.mark.parametrize(
    ('layout', 'text', 'message'),
    [
        ('x', '', "unknown layout 'x': expected one of"),
        ('uw_madison', 'id,class,rle\na,b,\n', "'segmentation' or 'predicted"),
        ('uw_madison', 'id,segmentation\na,\n', "no column 'class'"),
        (
            'uw_madison',
            'id,class,segmentation\na,b,1 1\na,b,2 1\n',
            r"line 3: 'a' b stands on line 2 already",
        ),
        ('hubmap', 'id,rle\na,1 1\n', 'does not say how large images are'),
        (
            'hubmap',
            'id,img_height,img_width,rle\na,3,x,1 1\n',
            'line 2 a: expected whole numbers in img_height',
        ),
        (
            'hubmap',
            'id,img_height,img_width,rle\na,3,3,9 2\n',
            r'train\.csv line 2 a: run 1 of 1 \(9 2\) leaves the image',
        ),
        (
            'hubmap',
            'id,img_height,img_width,rle\na,3,3,1 1\na,3,3,\n',
            'line 3: .* stands on line 2',
        ),
        ('hubmap', 'id,img_height,img_width,rle\n,3,3,\n', 'line 2: id is bl'),
        ('siim', 'ImageId,EncodedPixels\na,1 1\na,-1\n', 'line 3: .*line 2'),
        ('siim', 'a,b,c\n1,2,3\n', "no column 'ImageId'"),
    ],
)
def test_wrong_tables_are_refused(table, layout, text, message):
    path = table(text)
    sizes = None if layout == 'hubmap' else (1024, 1024)
    with pytest.raises(InputError, match=message):
        list(rle_table.read(path, layout=layout, sizes=sizes))


def test_tables_without_sizes_say_what_to_give(table):
    path = table('id,class,segmentation\na,b,\n')
    with pytest.raises(InputError, match=r'how large images are; .*--images'):
        rle_table.read(path, layout='uw_madison')


def test_errors_are_counted_and_the_rest_is_read(table):
    path = table(
        'id,img_height,img_width,rle\na,3,3,9 2\nb,3,3,1 1\nc,3,3,x\n'
    )
    skipped = Skipped(strict=False)
    records = rle_table.read(path, layout='hubmap', skipped=skipped)
    assert areas(records) == dict(b=[('foreground', 1)])
    assert [type(e) for e in skipped.errors] == [RLEError, RLEError]
    with pytest.warns(RLERepairWarning, match='line 2 a: .*cut at the border'):
        next(rle_table.read(path, layout='hubmap', repair=True))


@pytest.mark.parametrize('layout', ['hubmap', 'uw_madison', 'dsb2018'])
def test_round_trip(tmp_path, label_images, record_of, masks_of, layout):
    path = tmp_path / 'out.csv'
    objects = layout == 'dsb2018'
    names = ['a'] if layout != 'uw_madison' else ['a', 'b', 'c']

    @given(images=st.lists(label_images, min_size=1, max_size=3))
    @settings(deadline=None, max_examples=40)
    def check(images):
        if objects:
            images = [i for i in images if i.any()]
        records = [
            record_of(labels, names, img_id=f'{k}')
            for k, labels in enumerate(images)
        ]
        sizes = {r.img_id: r.shape for r in records}
        count = rle_table.write(records, path, layout=layout, classes=names)
        assert count == len(records)
        again = list(
            rle_table.read(path, layout=layout, label='a', sizes=sizes)
        )
        assert [r.img_id for r in again] == [r.img_id for r in records]
        by = 'objects' if objects else 'classes'
        for one, other in zip(records, again, strict=True):
            assert masks_of(one, by=by) == masks_of(other, by=by)

    check()


def test_round_trip_of_siim_at_the_last_pixel(
    tmp_path, label_images, record_of
):
    path = tmp_path / 'out.csv'

    @given(labels=label_images)
    @settings(deadline=None, max_examples=15)
    def check(labels):
        image = np.zeros((1024, 1024), np.uint8)
        image[-labels.shape[0] :, -labels.shape[1] :] = labels
        record = record_of(image)
        rle_table.write([record_of(image, 'a')], path, layout='siim')
        (again,) = rle_table.read(path, layout='siim', objects=True)
        assert len(again.annotations) == len(record.annotations)
        for one, other in zip(
            record.annotations, again.annotations, strict=True
        ):
            assert one.runs.starts.tolist() == other.runs.starts.tolist()
            assert one.runs.ends.tolist() == other.runs.ends.tolist()

    check()


def test_overlapping_classes_of_uw_madison_are_kept(tmp_path, masks_of):
    low, high = MASK.copy(), MASK.copy()
    low[0], high[2] = 0, 0
    record = Record(
        'a',
        (3, 3),
        tuple(
            Annotation(name, Runs.from_mask(mask, 'F'))
            for name, mask in (('x', low), ('y', high))
        ),
    )
    path = tmp_path / 'out.csv'
    rle_table.write([record], path, layout='uw_madison', classes='xyz')
    assert path.read_text().splitlines() == [
        'id,class,segmentation',
        'a,x,4 1 6 4',
        'a,y,3 2 6 1',
        'a,z,',
    ]
    (again,) = rle_table.read(path, layout='uw_madison', sizes=(3, 3))
    assert masks_of(again) == masks_of(record)


def test_what_hubmap_says_of_an_image_is_kept(tmp_path):
    record = Record(
        'a', (3, 3), (), properties=dict(organ='lung', pixel_size=0.4, x=1)
    )
    path = tmp_path / 'out.csv'
    rle_table.write([record], path, layout='hubmap')
    assert path.read_text() == (
        'id,organ,pixel_size,img_height,img_width,rle\na,lung,0.4,3,3,\n'
    )
    (again,) = rle_table.read(path, layout='hubmap')
    assert again.properties == dict(organ='lung', pixel_size=0.4)


def test_what_a_table_cannot_say(tmp_path, record_of):
    path = tmp_path / 'out.csv'
    two = record_of(np.array([[1, 2]], np.uint8))
    empty = record_of(np.array([[0]], np.uint8), img_id='e')
    for layout in ('hubmap', 'dsb2018'):
        with pytest.raises(InputError, match=r"x has the classes \['a', 'b'"):
            rle_table.write([two], path, layout=layout)
        with pytest.raises(InputError, match='has one class, got'):
            rle_table.write([two], path, layout=layout, classes=['a', 'b'])
    with pytest.raises(InputError, match=r'row for every class.*--classes'):
        rle_table.write([two], path, layout='uw_madison')
    with pytest.raises(InputError, match="'b' is none of the classes"):
        rle_table.write([two], path, layout='uw_madison', classes=['a'])
    with pytest.raises(RLEError, match=r"e: .*'dsb2018'.*leave the row out"):
        rle_table.write([empty], path, layout='dsb2018')
    with pytest.raises(InputError, match=r'\(1, 1\) .*\(1024, 1024\)'):
        rle_table.write([empty], path, layout='siim')
    with pytest.raises(InputError, match='how large'):
        rle_table.write([Record('a', None, ())], path, layout='hubmap')
    with pytest.raises(InputError, match="unknown layout 'x'"):
        rle_table.write([two], path, layout='x')
    assert not list(tmp_path.iterdir())
    skipped = Skipped(strict=False)
    count = rle_table.write(
        [two, empty], path, layout='hubmap', classes=['a'], skipped=skipped
    )
    assert (count, len(skipped)) == (1, 1)


def test_a_table_of_nothing(tmp_path):
    path = tmp_path / 'out.csv'
    assert rle_table.write([], path, layout='siim') == 0
    assert path.read_text() == 'ImageId,EncodedPixels\n'
    assert list(rle_table.read(path, layout='siim')) == []


def test_reading_keeps_one_image_at_a_time(table):
    text = rle.encode(np.tile(MASK, (80, 80)), 'kaggle_row')
    rows = ''.join(f'{k},a,{text}\n{k},b,\n' for k in range(150))
    path = table(f'id,class,segmentation\n{rows}')
    one = rle_table.read(path, layout='uw_madison', sizes=(240, 240))
    next(one)
    tracemalloc.start()
    assert sum(1 for _ in one) == 149
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < len(rows) / 8


def test_real_slices_and_their_masks(real_data):
    root = real_data('abdomen16_uwm_layout')
    names = ('large_bowel', 'small_bowel', 'stomach')
    records = list(
        rle_table.read(
            root / 'train.csv', layout='uw_madison', img_dir=root / 'train'
        )
    )
    assert len(records) == 62
    for record in records:
        stored = read_image(root / 'masks_rgb' / f'{record.img_id}.png') > 0
        assert record.shape == stored.shape[:2]
        masks = {a.label: a.mask(record.shape) for a in record.annotations}
        for k, name in enumerate(names):
            mask = masks.get(name, np.zeros(record.shape))
            np.testing.assert_array_equal(mask, stored[..., k])


def test_real_overlapping_classes(real_data):
    root = real_data('abdomen16_uwm_layout') / 'overlap_ct_dcmqi'
    records = list(
        rle_table.read(
            root / 'train.csv',
            layout='uw_madison',
            sizes=(512, 512),
        )
    )
    assert len(records) == 3
    together = 0
    for record in records:
        masks = [a.mask(record.shape) for a in record.annotations]
        together += int((np.sum(masks, 0) > 1).sum())
    assert together > 0


def test_real_excerpts_are_written_as_they_were(real_data, tmp_path):
    root = real_data('real_rle')
    sizes = {'case': (266, 266)}
    with (root / 'uw_madison/image_sizes.csv').open() as file:
        next(file)
        for line in file:
            name, _, width, height = line.strip().split(',')
            sizes[name] = int(height), int(width)

    class Sizes(dict):
        def __missing__(self, key):  # 12 empty slices of no image
            return (266, 266)

        def __contains__(self, key):
            return True

    path = root / 'uw_madison' / 'train_excerpt.csv'
    names = ['large_bowel', 'small_bowel', 'stomach']
    records = rle_table.read(path, layout='uw_madison', sizes=Sizes(sizes))
    out = tmp_path / 'out.csv'
    assert (
        rle_table.write(records, out, layout='uw_madison', classes=names)
        == 142
    )
    assert out.read_text() == path.read_text()
    path = root / 'siim' / 'train-rle_excerpt.csv'
    records = rle_table.read(path, layout='siim', objects=True)
    assert rle_table.write(records, out, layout='siim') == 178
    lines = [line.replace(', ', ',') for line in path.open()]
    assert sorted(out.read_text().splitlines(True)) == sorted(lines)


def test_real_hubmap_table_with_the_size_of_the_mask(real_data):
    root = real_data('real_rle') / 'hubmap'
    path = root / 'metadata_10078.csv'
    (record,) = rle_table.read(path, layout='hubmap')
    assert record.shape == (2023, 2023)  # as the table says, wrongly
    stored = cv2.imread(str(root / '10078_mask.png'), 0) > 0
    (record,) = rle_table.read(path, layout='hubmap', sizes=stored.shape)
    np.testing.assert_array_equal(
        record.annotations[0].mask(stored.shape), stored
    )
    assert record.properties['pixel_size'] == 0.4945


def test_real_chest_x_rays(real_data):
    root = real_data('cxr_siim_sample')
    records = list(rle_table.read(root / 'train-rle.csv', layout='siim'))
    found = {r.img_id: r for r in records}
    assert [len(r.annotations) for r in records] == [0, 0, 1, 1, 1]
    for path in (root / 'masks').glob('*.png'):
        stored = cv2.imread(str(path), 0) > 0
        masks = [a.mask((1024, 1024)) for a in found[path.stem].annotations]
        mask = masks[0] if masks else np.zeros((1024, 1024))
        np.testing.assert_array_equal(mask, stored)


def test_unfinished_tables(table):
    path = table('id,class,segmentation\na,b,1 1\na,c\n')
    with pytest.raises(TableError, match=r'line 3: 2 cells'):
        list(rle_table.read(path, layout='uw_madison', sizes=(2, 2)))
    skipped = Skipped(strict=False)
    (record,) = rle_table.read(
        path, layout='uw_madison', sizes=(2, 2), skipped=skipped
    )
    assert (record.img_id, len(record.annotations)) == ('a', 1)
    assert [str(e)[-21:] for e in skipped.errors] == ['was it cut or edited?']


def test_a_table_may_say_how_large_images_are(table, tmp_path):
    path = table(
        'ImageId,EncodedPixels,Height,Width,Usage\n'
        'a,1 2 5 1,3,4,Public\na,9 2,3,4,Public\n'
    )
    (record,) = rle_table.read(path, layout='dsb2018')
    assert record.shape == (3, 4)
    assert record.properties == dict(Usage='Public')
    assert [a.runs.area for a in record.annotations] == [3, 2]


def test_hubmap_tables_without_sizes_take_those_of_images(table, tmp_path):
    path = table('id,encoding\na,3 2\n')  # as of 2021
    folder = tmp_path / 'train'
    folder.mkdir()
    cv2.imwrite(str(folder / 'a.tif'), np.zeros((2, 5), np.uint8))
    (record,) = rle_table.read(path, layout='hubmap', img_dir=folder)
    assert record.shape == (2, 5)


def test_a_size_of_pixels_with_two_sides_becomes_one_number(tmp_path):
    path = tmp_path / 'out.csv'
    record = Record('a', (2, 3), (), properties=dict(pixel_size=(0.4, 0.4)))
    rle_table.write([record], path, layout='hubmap')
    (again,) = rle_table.read(path, layout='hubmap')
    assert again.properties == dict(pixel_size=0.4)
    assert again.pixel_size == (0.4, 0.4)


def test_an_image_is_written_once(tmp_path):
    record = Record('a', (2, 3), ())
    path = tmp_path / 'out.csv'
    with pytest.raises(InputError, match="two images are named 'a'"):
        rle_table.write([record, record], path, layout='hubmap')
    skipped = Skipped(strict=False)
    count = rle_table.write(
        [record, record], path, layout='hubmap', skipped=skipped
    )
    assert (count, len(skipped)) == (1, 1)
    assert len(list(rle_table.read(path, layout='hubmap'))) == 1
