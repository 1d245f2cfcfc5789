import csv
import json
import warnings

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pycocotools import mask as coco

from mmseg_medical.converters import rle
from mmseg_medical.converters.rle import RLEDialect, RLEError, RLERepairWarning

masks = hnp.arrays(
    np.uint8,
    st.tuples(st.integers(1, 30), st.integers(1, 30)),
    elements=st.integers(0, 1),
)
# Column 0: rows 1 and 2; column 1: row 2; column 2: all rows.
MASK = np.array([[0, 0, 1], [1, 0, 1], [1, 1, 1]], np.uint8)


@pytest.mark.parametrize(
    ('dialect', 'text'),
    [
        ('kaggle', '2 2 6 4'),
        ('hubmap', '2 2 6 4'),
        ('dsb2018', '2 2 6 4'),
        ('kaggle_row', '3 2 6 4'),
        ('uw_madison', '3 2 6 4'),
        ('siim', '1 2 2 4'),
        ('coco_counts', dict(size=[3, 3], counts=[1, 2, 2, 4])),
    ],
)
def test_by_hand(dialect, text):
    assert rle.encode(MASK, dialect) == text
    np.testing.assert_array_equal(rle.decode(text, (3, 3), dialect), MASK)


@pytest.mark.parametrize('dialect', ['kaggle', 'kaggle_row', 'siim'])
@given(mask=masks)
@settings(deadline=None, max_examples=60)
def test_round_trip(dialect, mask):
    text = rle.encode(mask, dialect)
    np.testing.assert_array_equal(rle.decode(text, mask.shape, dialect), mask)


@given(mask=masks)
@settings(deadline=None, max_examples=100)
def test_coco_equals_pycocotools(mask):
    theirs = coco.encode(np.asfortranarray(mask))
    ours = rle.encode(mask, 'coco')
    assert ours == dict(size=theirs['size'], counts=theirs['counts'].decode())
    json.dumps(ours)  # plain types
    np.testing.assert_array_equal(rle.decode(ours, None, 'coco'), mask)
    np.testing.assert_array_equal(rle.decode(theirs, None, 'coco'), mask)
    counts = rle.encode(mask, 'coco_counts')
    np.testing.assert_array_equal(
        rle.decode(counts, mask.shape, 'coco_counts'), mask
    )
    assert sum(counts['counts']) == mask.size


@pytest.mark.parametrize(
    ('dialect', 'empty'), [('kaggle', ''), ('kaggle_row', ''), ('siim', '-1')]
)
def test_empty_masks(dialect, empty):
    mask = np.zeros((4, 5), np.uint8)
    assert rle.encode(mask, dialect) == empty
    np.testing.assert_array_equal(rle.decode(empty, (4, 5), dialect), mask)


def test_blank_cells_of_a_table_are_empty_masks():
    for blank in (None, float('nan'), '', '  '):
        assert rle.decode(blank, (2, 2), 'hubmap').sum() == 0
    assert rle.decode(' -1', (2, 2), 'siim').sum() == 0


def test_dsb2018_has_no_empty_masks():
    with pytest.raises(RLEError, match='leave the row out'):
        rle.encode(np.zeros((2, 2), np.uint8), 'dsb2018')
    with pytest.raises(RLEError, match='has no empty masks'):
        rle.decode('', (2, 2), 'dsb2018')


@pytest.mark.parametrize(
    ('text', 'dialect', 'message'),
    [
        ('1 2 4', 'kaggle', r'odd number of integers \(3\)'),
        ('3 4 5 2', 'kaggle', r'run 2 of 2 \(5 2\) begins within the run'),
        ('5 2 4 2', 'kaggle', r'run 2 of 2 \(5 2\) begins within'),
        ('2 1 -2 1', 'siim', r'run 2 of 2 \(-2 1\) begins within'),
        ('8 5', 'kaggle', r'run 1 of 1 \(8 5\) leaves the image of 3 x 3 = 9'),
        ('0 2', 'kaggle', r'run 1 of 1 \(0 2\) leaves the image'),
        ('1 0', 'kaggle', r'run 1 of 1 \(1 0\) has a length below 1'),
        ('1 -3 5 1', 'kaggle', r'run 1 of 2 \(1 -3\) has a length below 1'),
        ('1 2 x 4', 'kaggle', "word 3 is 'x'"),
        ('1.0 2', 'kaggle', "word 1 is '1.0'"),
        ('[1, 2]', 'kaggle', r"word 1 is '\[1,'"),
        ('1 ' + '9' * 30, 'kaggle', "word 2 is '99999"),
        ('4 2 -3 1', 'siim', r'run 2 of 2 \(-3 1\) begins within'),
        ('7 3', 'siim', 'leaves the image'),
        ('-1', 'kaggle', 'is this another dialect'),
        ('', 'siim', "writes an empty mask as '-1'"),
        (5, 'kaggle', 'expected text'),
        ('0', 'coco', 'expected a COCO dict'),
        (dict(size=[3, 3], counts=[1, 2]), 'coco_counts', 'add up to 3'),
        (
            dict(size=[3, 3], counts=[2**62] * 4 + [9]),  # 9, in 64 bits
            'coco_counts',
            f'add up to {2**64 + 9} pixels',
        ),
        (dict(size=[3, 3], counts=[10, -1]), 'coco_counts', 'count 2 is neg'),
        (dict(size=[3, 4], counts=[12]), 'coco_counts', 'differs from'),
        (dict(size=[3, 3], counts='1o'), 'coco', 'end within a number'),
        (dict(size=[3, 3], counts='€'), 'coco', 'outside of "0" to "o"'),
        (dict(size=3, counts=[9]), 'coco_counts', r'\[height, width\], got 3'),
        (dict(size=[3.5, 3], counts=[9]), 'coco', r'width\], got \[3\.5, 3'),
        (dict(size=[3, 3], counts=None), 'coco', 'or text, got None'),
        (dict(size=[3, 3], counts=[1.5, 8]), 'coco', r'text, got \[1\.5, 8'),
        (dict(size=[3, 3], counts=[[9]]), 'coco_counts', r'got \[\[9\]\]'),
        (dict(size=[3, 3], counts=[2**70]), 'coco_counts', 'or text, got'),
    ],
)
def test_what_is_wrong_is_named(text, dialect, message):
    with pytest.raises(RLEError, match=message) as caught:
        rle.decode(text, (3, 3), dialect, where='train.csv line 7')
    assert str(caught.value).startswith('train.csv line 7: ')


@pytest.mark.parametrize(
    ('text', 'mended', 'message'),
    [
        ('1 2 4', '1 2', 'last integer dropped'),
        ('8 5', '8 2', 'cut at the border'),
        ('0 3', '1 2', 'cut at the border'),
        ('5 2 4 2', '4 3', 'merged'),
        ('3 4 5 4', '3 6', 'merged'),
        ('1 0 4 2', '4 2', 'dropped'),
        ('20 4', '', 'cut at the border'),
    ],
)
def test_repair_says_what_it_changed(text, mended, message):
    with pytest.warns(RLERepairWarning, match=f'row 1: .*{message}'):
        mask = rle.decode(text, (3, 3), 'kaggle', repair=True, where='row 1')
    assert rle.encode(mask, 'kaggle') == mended


def test_repair_is_silent_where_nothing_is_wrong():
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        rle.decode('1 2 5 1', (3, 3), 'kaggle', repair=True)


def test_touching_runs_are_well_formed():
    mask = rle.decode('1 2 3 2', (3, 3), 'kaggle')
    assert rle.encode(mask, 'kaggle') == '1 4'


def test_unknown_dialects_are_refused():
    with pytest.raises(ValueError, match=r"'base64': expected one of \['kag"):
        RLEDialect('base64')


def test_runs_of_the_other_order_are_refused():
    runs = rle.load('1 2', (3, 3), 'kaggle')
    with pytest.raises(ValueError, match="scans in order 'C'"):
        rle.dump(runs, 'kaggle_row')


def test_real_siim_rows(real_data):
    path = real_data('real_rle') / 'siim' / 'train-rle_excerpt.csv'
    with path.open() as file:
        rows = [row[' EncodedPixels'] for row in csv.DictReader(file)]
    assert len(rows) == 200
    for text in rows:
        mask = rle.decode(text, (1024, 1024), 'siim')
        assert rle.encode(mask, 'siim') == text.strip()


def test_real_uw_madison_rows(real_data):
    folder = real_data('real_rle') / 'uw_madison'
    with (folder / 'image_sizes.csv').open() as file:
        sizes = {
            r['id']: (int(r['height']), int(r['width']))
            for r in csv.DictReader(file)
        }
    count = 0
    with (folder / 'train_excerpt.csv').open() as file:
        for row in csv.DictReader(file):
            shape = sizes.get(row['id'], (266, 266))
            mask = rle.decode(row['segmentation'], shape, 'uw_madison')
            assert rle.encode(mask, 'uw_madison') == row['segmentation']
            count += 1
    assert count == 3 * 142


def test_real_hubmap_row_has_the_width_of_the_file(real_data):
    folder = real_data('real_rle') / 'hubmap'
    csv.field_size_limit(10**8)
    with (folder / 'metadata_10078.csv').open() as file:
        (row,) = csv.DictReader(file)
    stored = cv2.imread(str(folder / '10078_mask.png'), 0) > 0
    mask = rle.decode(row['rle'], stored.shape, 'hubmap')
    np.testing.assert_array_equal(mask, stored)
    assert rle.encode(mask, 'hubmap') == row['rle']


def test_a_coco_size_has_two_sides():
    with pytest.raises(rle.RLEError, match=r'\[height, width\], got \[4\]'):
        rle.decode(dict(size=[4], counts=[4]), None, 'coco_counts')


def test_runs_need_no_order_where_they_are_absolute():
    mask = rle.decode('5 2 1 1', (3, 3), 'kaggle')
    assert rle.encode(mask, 'kaggle') == '1 1 5 2'
