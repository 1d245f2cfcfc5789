import numpy as np
import pytest

from mmseg_medical.converters._rle_layouts import LAYOUTS
from mmseg_medical.converters._rle_rows import RowReader, rows_of
from mmseg_medical.converters.record import Annotation, Record
from mmseg_medical.converters.runs import Runs
from mmseg_medical.converters.table import TableError

LOW = Runs.from_mask(np.array([[0, 0], [1, 1]]), 'F')
BOTH = Record('a', (2, 2), (Annotation('x', LOW), Annotation('y', LOW)))


def rows(record, layout, **changes):
    options = dict(classes=None, objects=True, extra=()) | changes
    return [[*row] for row in rows_of(record, LAYOUTS[layout], **options)]


def test_rows_of_each_layout():
    one = Record('a', (2, 2), BOTH.annotations[:1], properties={'sex': 'f'})
    assert rows(one, 'hubmap', extra=['sex', 'age']) == [
        ['a', 'f', '', 2, 2, '2 1 4 1']
    ]
    assert rows(BOTH, 'uw_madison', classes=['y', 'z', 'x']) == [
        ['a', 'y', '3 2'],
        ['a', 'z', ''],
        ['a', 'x', '3 2'],
    ]
    twice = Record('a', (2, 2), BOTH.annotations[:1] * 2)
    assert rows(twice, 'dsb2018') == [['a', '2 1 4 1']] * 2
    assert rows(twice, 'dsb2018', objects=False) == [['a', '2 1 4 1']]


def test_a_record_of_rows():
    reader = RowReader(
        *('t.csv', LAYOUTS['dsb2018'], 'EncodedPixels', 'cell', True, False),
        size_of=None,
    )
    cells = dict(ImageId='a', EncodedPixels='2 1', height='2', width='3')
    record = reader.record('a', [(2, cells), (3, cells | {'Usage': 'x'})])
    assert record.shape == (2, 3)
    assert [(a.label, a.runs.area) for a in record.annotations] == [
        ('cell', 1)
    ] * 2
    with pytest.raises(TableError, match=r't\.csv line 2: ImageId is blank'):
        reader.record('', [(2, cells)])
