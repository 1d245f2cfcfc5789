import pytest

from mmseg_medical.converters.table import TableError
from mmseg_medical.datasets._rle_rows import RunRows


def collect(*rows, dialect='siim', **options):
    names = ('key', 'rle', 'label')
    found = [
        (k, dict(zip(names, row, strict=False)))
        for k, row in enumerate(rows, 2)
    ]
    options = dict(key='key', rle='rle', dialect=dialect) | options
    return RunRows(found, 't.csv', **options)


def test_rows_of_objects():
    rows = collect(('a', '1 2'), ('b', '-1'), ('a', '9 1'), ('c', '3 3'))
    assert [*rows.texts] == ['a', 'b', 'c']
    assert rows.of('a', ['']) == [['1 2', '9 1']]
    assert rows.of('b', ['']) == [[]]
    assert rows.of('c', ['']) == ['3 3']


def test_rows_of_classes():
    rows = collect(
        *(('a', '', 'bowel'), ('a', '1 2', 'stomach'), ('b', '', 'bowel')),
        dialect='kaggle_row',
        label='label',
    )
    assert rows.of('a', ['stomach', 'bowel', 'liver']) == ['1 2', [], []]
    rows.check_classes(['bowel', 'stomach'])
    with pytest.raises(TableError, match=r"t\.csv a: class 'stomach' is none"):
        rows.check_classes(['bowel'])


@pytest.mark.parametrize(
    ('rows', 'options', 'message'),
    [
        (
            (('a', '1 2'), ('a', '-1')),
            {},
            r"line 3: 'a' stands on line 2 already, once empty and once not",
        ),
        (
            (('a', '1 2', 'x'), ('a', '9 1', 'x')),
            dict(label='label', unique=True),
            r"line 3: 'a x' stands on line 2 already; delete",
        ),
        ((('', '1 2'),), {}, 'line 2: key is blank'),
        ((('a', '1 2', ''),), dict(label='label'), 'line 2: label is blank'),
    ],
)
def test_rows_that_contradict(rows, options, message):
    with pytest.raises(TableError, match=message):
        collect(*rows, **options)
