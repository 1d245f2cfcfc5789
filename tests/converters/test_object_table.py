import csv
import dataclasses

import cv2
import numpy as np
import pytest

from mmseg_medical.converters import object_table
from mmseg_medical.converters._sources import EmptyObjectWarning
from mmseg_medical.converters.record import Annotation, Record
from mmseg_medical.converters.runs_geometry import nothing
from mmseg_medical.errors import InputError

LABELS = np.array([[0, 1, 1, 0], [2, 1, 1, 0]], np.uint8)


def read(path):
    with open(path) as file:
        return list(csv.DictReader(file))


def test_rows_of_objects(tmp_path, record_of):
    path = tmp_path / 'nuclei.csv'
    record = record_of(LABELS, img_id='x')
    first = dataclasses.replace(record.annotations[0], score=0.5)
    record = dataclasses.replace(
        record, annotations=(first, record.annotations[1])
    )
    empty = Record('y', (2, 4), ())
    assert object_table.write([record, empty], path) == 2
    assert read(path) == [
        dict(
            image='x',
            id='1',
            label='a',
            score='0.5',
            area='4',
            centroid_x='1.5',
            centroid_y='0.5',
            perimeter='4.0',
            eccentricity='0.0',
        ),
        dict(
            image='x',
            id='2',
            label='b',
            score='',
            area='1',
            centroid_x='0.0',
            centroid_y='1.0',
            perimeter='0.0',
            eccentricity='0.0',
        ),
    ]


def test_stains(tmp_path, record_of):
    # Haematoxylin of an optical density of 1, along its vector; alpha beside.
    rgb = 255 * 10.0 ** -np.array([0.65, 0.70, 0.29])
    img = np.full((2, 4, 4), 255, np.uint8)
    img[..., :3] = np.round(rgb[::-1])
    img[1, 0] = 255
    cv2.imwrite(str(tmp_path / 'x.png'), img)
    path = tmp_path / 'nuclei.csv'
    object_table.write([record_of(LABELS)], path, img_dir=tmp_path)
    stained, white = read(path)
    assert float(stained['haematoxylin_od']) == pytest.approx(1, abs=0.01)
    assert float(stained['eosin_od']) == pytest.approx(0, abs=0.01)
    assert float(stained['mean_od']) == pytest.approx(1.64 / 3, abs=0.01)
    assert [white[name] for name in object_table.STAINS] == ['0.0'] * 3


def test_objects_without_pixels_keep_their_number(tmp_path, record_of):
    record = record_of(LABELS)
    void = Annotation('a', nothing((2, 4)))
    record = dataclasses.replace(
        record, annotations=(void, *record.annotations)
    )
    with pytest.warns(EmptyObjectWarning, match='1 objects without a pixel'):
        object_table.write([record], tmp_path / 'a.csv')
    assert [row['id'] for row in read(tmp_path / 'a.csv')] == ['2', '3']


@pytest.mark.parametrize(
    ('img', 'message'),
    [
        (np.zeros((2, 4), np.uint8), r'stains need RGB .* \(2, 4\) of uint8'),
        (np.zeros((2, 4, 3), np.uint16), 'stains need RGB of 8 bits'),
        (np.zeros((4, 4, 3), np.uint8), r'x: .* of \(2, 4\) .* has \(4, 4\)'),
    ],
)
def test_images_that_do_not_fit(tmp_path, record_of, img, message):
    cv2.imwrite(str(tmp_path / 'x.png'), img)
    path = tmp_path / 'a.csv'
    with pytest.raises(InputError, match=message):
        object_table.write([record_of(LABELS)], path, img_dir=tmp_path)
    assert not path.exists()


def test_parquet_holds_the_same(tmp_path, record_of):
    parquet = pytest.importorskip('pyarrow.parquet')
    records = [record_of(LABELS, img_id=name) for name in 'xy']
    for name in ('a.csv', 'a.parquet'):
        object_table.write(records, tmp_path / name)
    table = parquet.read_table(tmp_path / 'a.parquet').to_pylist()
    kinds = dict(object_table.COLUMNS)
    for row, other in zip(table, read(tmp_path / 'a.csv'), strict=True):
        assert list(row) == list(kinds) == list(other)
        for name, value in row.items():
            text = value if kinds[name] == 'string' else f'{value or 0:g}'
            text = '' if value is None else text
            assert other[name] in (text, f'{text}.0')


def test_parquet_needs_an_extra(tmp_path, record_of, monkeypatch):
    monkeypatch.setitem(__import__('sys').modules, 'pyarrow', None)
    with pytest.raises(ImportError, match=r'medical\[parquet\]'):
        object_table.write([record_of(LABELS)], tmp_path / 'a.parquet')
    assert not any(tmp_path.iterdir())
