import csv
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mmseg_medical.converters import hubmap_json, rle
from mmseg_medical.converters._sources import EmptyObjectWarning
from mmseg_medical.converters.polygon import PolygonError, rasterize
from mmseg_medical.converters.record import (
    Annotation,
    AnnotationError,
    Record,
    Skipped,
)
from mmseg_medical.converters.runs import Runs
from mmseg_medical.converters.tiff import Region

masks = hnp.arrays(np.uint8, (12, 14), elements=st.integers(0, 1))


def union(record, shape):
    masks = [annotation.mask(shape) for annotation in record.annotations]
    return np.any([np.zeros(shape, bool), *masks], 0)


def test_a_folder_is_read_with_the_sizes_of_its_images(hubmap):
    root = hubmap()
    records = list(
        hubmap_json.read(
            root / 'train_annotations', img_dir=root / 'train_images'
        )
    )
    assert [record.img_id for record in records] == [
        '101',
        '102',
        '103',
        '104',
    ]
    first = records[0]
    assert first.shape == (64, 80)
    assert first.img_path == root / 'train_images' / '101.tiff'
    assert [a.label for a in first.annotations] == ['functional tissue unit']
    with (root / 'train.csv').open() as file:
        text = next(csv.DictReader(file))['rle']
    expected = rle.decode(text, first.shape, 'hubmap')
    np.testing.assert_array_equal(union(first, first.shape), expected)


@given(mask=masks)
@settings(deadline=None, max_examples=40)
def test_pixels_come_back(tmp_path_factory, mask):
    folder = tmp_path_factory.mktemp('out')
    known = Annotation('a', runs=Runs.from_mask(mask, 'F'))
    record = Record('7', mask.shape, (known,))
    if any(len(a) > 1 for a in known.outlines(mask.shape, 'opencv')):
        with pytest.raises(AnnotationError, match='7: object 1 has a hole'):
            hubmap_json.write([record], folder)
        assert not list(folder.iterdir())
        return
    assert hubmap_json.write([record], folder) == 1
    (back,) = hubmap_json.read(folder / '7.json')
    assert back.shape is None
    np.testing.assert_array_equal(union(back, mask.shape), mask)


def test_points_stay_as_they_are(tmp_path):
    polygons = [[[1, 2], [9, 2], [5.5, 7]], [[0, 0], [3, 0], [3, 3]]]
    path = tmp_path / '44.json'
    path.write_text(json.dumps(polygons))
    records = hubmap_json.read(path)
    assert hubmap_json.write(records, tmp_path / 'out' / 'x.json') == 1
    written = (tmp_path / 'out' / 'x.json').read_text()
    assert written == (
        '[[[1.0, 2.0], [9.0, 2.0], [5.5, 7.0]], [[0, 0], [3, 0], [3, 3]]]'
    )


def test_classes_are_not_lost_unseen(tmp_path):
    ring = np.array([[1, 2], [9, 2], [5, 7.0]])
    one, other = (
        Annotation(label, polygons=((ring,),)) for label in ('a', 'b')
    )
    records = [Record('7', None, (one,)), Record('8', None, (other,))]
    with pytest.raises(AnnotationError, match=r"8: .* are \['a', 'b'\]"):
        hubmap_json.write(records, tmp_path / 'out')
    assert not list(tmp_path.iterdir())
    skipped = Skipped(strict=False)
    path = tmp_path / 'out'
    assert hubmap_json.write(records, path, skipped=skipped) == 1
    assert len(skipped) == 1


def test_objects_without_a_pixel_are_left_out_and_told(tmp_path):
    empty = Runs.from_mask(np.zeros((3, 4), np.uint8), 'F')
    record = Record('7', (3, 4), (Annotation('a', runs=empty),))
    with pytest.warns(EmptyObjectWarning, match='7: 1 objects without'):
        hubmap_json.write([record], tmp_path)
    assert (tmp_path / '7.json').read_text() == '[]'


@pytest.mark.parametrize(
    ('text', 'error', 'message'),
    [
        ('[[[1, 2], [3', AnnotationError, 'is no JSON'),
        ('{"a": 1}', AnnotationError, 'expected a list of polygons'),
        ('[[[1, 2], [3, 4]]]', PolygonError, 'polygon 1: expected 3'),
        ('[[[1, 2], [3, 4], [NaN, 5]]]', PolygonError, 'polygon 1: a coord'),
    ],
)
def test_what_is_wrong_is_named(tmp_path, text, error, message):
    (tmp_path / '44.json').write_text(text)
    (tmp_path / '45.json').write_text('[]')
    with pytest.raises(error, match=message) as caught:
        hubmap_json.read_polygons(tmp_path / '44.json')
    assert '44.json' in str(caught.value)
    skipped = Skipped(strict=False)
    records = list(hubmap_json.read(tmp_path, skipped=skipped))
    assert [record.img_id for record in records] == ['45']
    assert [type(error_) for error_ in skipped.errors] == [error]


def test_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match='does not exist'):
        hubmap_json.read_polygons(tmp_path / 'none.json')


def test_polygons_of_another_image_are_refused(hubmap):
    root = hubmap()
    path = root / 'train_annotations' / '101.json'
    path.write_text('[[[1, 2], [3, 4], [9000, 5]]]')
    records = hubmap_json.read(path, img_dir=root / 'train_images')
    with pytest.raises(PolygonError, match=r'101\.json polygon 1: .*far outs'):
        next(records)


def test_real_polygons(real_data):
    folder = real_data('hubmap_layout_tissue') / 'hubmap_real_polygons'
    records = list(hubmap_json.read(folder))
    assert len(records) == 20
    counts = [len(record.annotations) for record in records]
    assert (min(counts), max(counts), sum(counts)) == (2, 44, 278)
    for record in records:
        areas = [annotation.polygons[0] for annotation in record.annotations]
        mask = rasterize(areas, (3000, 3000), Region(0, 0, 3000, 3000))
        assert 0.001 < mask.mean() < 0.9


def test_real_polygons_and_run_lengths(real_data):
    """The polygons of this folder were painted by Pillow."""
    root = real_data('hubmap_layout_tissue')
    with (root / 'train.csv').open() as file:
        rows = {row['id']: row for row in csv.DictReader(file)}
    records = hubmap_json.read(
        root / 'train_annotations',
        img_dir=root / 'train_images',
        painter='pil',
    )
    count = 0
    for record in records:
        row = rows[record.img_id]
        size = (int(row['img_height']), int(row['img_width']))
        assert record.shape == size
        expected = rle.decode(row['rle'], size, 'hubmap')
        np.testing.assert_array_equal(union(record, size), expected)
        count += 1
    assert count == len(rows) == 16
