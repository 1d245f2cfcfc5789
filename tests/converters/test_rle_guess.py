import cv2
import numpy as np
import pytest

from mmseg_medical.converters import rle
from mmseg_medical.converters.rle_guess import (
    Reading,
    likely_dialect,
    lonely,
    try_dialects,
)
from mmseg_medical.converters.runs import Runs
from mmseg_medical.converters.table import read_table


def discs(height, width, count=12):
    rng = np.random.default_rng(0)
    for _ in range(count):
        mask = np.zeros((height, width), np.uint8)
        x, y = rng.integers(20, 60, 2).tolist()
        cv2.circle(mask, (x, y), 12, 1, -1)
        cv2.circle(mask, (x + 12, y), 9, 1, -1)
        yield mask


def test_runs_without_neighbours_are_counted():
    mask = np.array(
        [[1, 1, 0, 0, 0], [0, 0, 0, 1, 1], [0, 1, 0, 0, 1], [0, 0, 0, 0, 0]],
        np.uint8,
    )
    assert lonely(Runs.from_mask(mask, 'C')) == 2  # row 0, and (2, 1)
    assert lonely(Runs.from_mask(mask.T.copy(), 'F')) == 2
    assert lonely(Runs.from_mask(np.zeros((3, 4), np.uint8), 'C')) == 0
    assert lonely(Runs.from_mask(np.ones((3, 4), np.uint8), 'C')) == 0


@pytest.mark.parametrize('true', ['kaggle', 'kaggle_row', 'siim'])
@pytest.mark.parametrize('told', ['kaggle', 'kaggle_row', 'siim'])
def test_the_dialect_shows_in_what_it_paints(true, told):
    found = [
        try_dialects(rle.encode(mask, true), mask.shape)
        for mask in discs(80, 120)
    ]
    assert likely_dialect(found, told) == (None if told == true else true)


def test_rows_and_columns_of_square_images_are_not_told_apart():
    masks = list(discs(100, 100))
    found = [try_dialects(rle.encode(m, 'kaggle'), m.shape) for m in masks]
    assert found[0]['kaggle_row'] == Reading(0, 0, 0)
    assert likely_dialect(found, 'kaggle_row') is None
    assert likely_dialect(found, 'siim') == 'kaggle'


def test_a_few_broken_rows_make_no_other_dialect():
    good = [
        try_dialects(rle.encode(m, 'siim'), m.shape) for m in discs(80, 99)
    ]
    broken = try_dialects('5 3 2 99999', (80, 99))
    assert [r.failed for r in broken.values()] == [1, 1, 1]
    assert likely_dialect([*good, broken], 'siim') is None
    assert likely_dialect([], 'kaggle') is None
    assert likely_dialect(good, 'coco') is None


def test_real_rows_are_in_the_dialects_of_their_owners(real_data):
    root = real_data('real_rle')
    sizes = {
        row['id']: (int(row['height']), int(row['width']))
        for row in read_table(root / 'uw_madison/image_sizes.csv', ['id'])
    }
    found = [
        try_dialects(row['segmentation'], sizes[row['id']])
        for row in read_table(root / 'uw_madison/train_excerpt.csv', ['id'])
        if row['segmentation']
    ]
    assert len(found) == 264
    assert likely_dialect(found, 'kaggle_row') is None
    assert likely_dialect(found, 'kaggle') == 'kaggle_row'
    total = np.sum([r['kaggle'] for r in found], 0).tolist()
    assert total == [0, 8697, 6225]  # as columns, most runs are alone
    assert np.sum([r['kaggle_row'] for r in found], 0).tolist()[2] == 0
    rows = read_table(root / 'siim/train-rle_excerpt.csv', ['EncodedPixels'])
    texts = [r['EncodedPixels'] for r in rows if r['EncodedPixels'] != '-1']
    found = [try_dialects(text, (1024, 1024)) for text in texts]
    assert likely_dialect(found, 'siim') is None
    assert likely_dialect(found, 'kaggle') == 'siim'
