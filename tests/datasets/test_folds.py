import json

import pytest

from mmseg_medical.converters.table import TableError
from mmseg_medical.datasets import SplitError
from mmseg_medical.datasets.folds import (
    read_folds,
    read_ids,
    select,
    write_folds,
)

SAMPLES = [
    dict(img_id=f'{case}{k}', case=case, organ=('lung', 'liver')[k % 2])
    for case in 'abcd'
    for k in range(3)
]


def refuse(names, what, cure, *, error):
    """Of a strict data set."""
    if names:
        raise error(f'{len(names)} {what}, first {names[0]}; {cure}')


def chosen(**changes):
    said = []
    options = dict(
        where='train.csv',
        split=None,
        fold=None,
        num_folds=2,
        part='val',
        stratum='organ',
        group='case',
        leave_out=refuse,
        report=said.append,
    )
    options.update(changes)
    found = [s['img_id'] for s in select(SAMPLES, **options)]
    return (found, said) if 'split' in changes else found


@pytest.fixture
def table(tmp_path):
    path = tmp_path / 'folds.csv'

    def write(*rows):
        path.write_text('\n'.join(('id,fold', *rows)) + '\n')
        return path

    return write


def whole(case, fold):
    return [f'{case}{k},{fold}' for k in range(3)]


def test_a_table_is_read_as_written_and_says_how_it_was_made(tmp_path):
    path = tmp_path / 'new' / 'folds.csv'
    folds = {'a': 0, 'b, c': 1}
    write_folds(path, folds, columns={'case': 'xy'}, made=dict(seed=3))
    assert path.read_text() == 'id,fold,case\na,0,x\n"b, c",1,y\n'
    assert read_folds(path) == folds
    assert json.loads((tmp_path / 'new/folds.json').read_text()) == {'seed': 3}


def test_other_folds_are_not_overwritten(tmp_path):
    path = tmp_path / 'folds.csv'
    write_folds(path, {'a': 0, 'b': 1}, columns={}, made={})
    write_folds(path, {'a': 0, 'b': 1}, columns={'case': 'xy'}, made={})
    with pytest.raises(SplitError, match=r'folds\.csv holds other folds'):
        write_folds(path, {'a': 1, 'b': 0}, columns={}, made={})
    assert path.read_text() == 'id,fold,case\na,0,x\nb,1,y\n'


@pytest.mark.parametrize('fold', ['', '-1', '1.0', 'x', '²'])
def test_a_fold_is_a_number(table, fold):
    with pytest.raises(TableError, match=r'csv id a0: fold is .*whole number'):
        read_folds(table(f'a0,{fold}'))


def test_a_table_needs_rows_and_columns(table, tmp_path):
    with pytest.raises(TableError, match='has no rows'):
        read_folds(table())
    (tmp_path / 'folds.csv').write_text('image,fold\na,0\n')
    with pytest.raises(TableError, match="no column 'id'"):
        read_folds(tmp_path / 'folds.csv')


def test_ids_may_have_blanks_inside(tmp_path):
    path = tmp_path / 'val.txt'
    path.write_text('\ufeffcase 1\n\n case 2 \r\n', encoding='utf-8')
    assert read_ids(path) == ['case 1', 'case 2']


def test_groups_are_on_one_side_by_default():
    parts = [chosen(fold=k) for k in range(2)]
    assert sorted(parts[0] + parts[1]) == [s['img_id'] for s in SAMPLES]
    for part in parts:
        cases = {name[0] for name in part}
        assert len(part) == 6
        assert len(cases) == 2
    assert sorted(chosen(fold=0, part='train')) == parts[1]


def test_without_a_group_each_sample_is_its_own():
    part = chosen(fold=0, group='', num_folds=3)
    assert len(part) == 4
    assert len({name[0] for name in part}) > 2


def test_a_table_chooses_both_parts(table):
    path = table(*whole('b', 1), *whole('a', 4), *whole('c', 1))
    found, said = chosen(split=path, fold=4)
    assert found == ['a0', 'a1', 'a2']
    assert said == [f'3 of 12 samples are not in {path} and left out']
    found, _ = chosen(split=path, fold=4, part='train')
    assert found == ['b0', 'b1', 'b2', 'c0', 'c1', 'c2']
    found, _ = chosen(split=path)
    assert len(found) == 9
    with pytest.raises(SplitError, match=r'folds\.csv has folds 1, 4, got 0'):
        chosen(split=path, fold=0)


def test_a_table_that_tears_a_group_is_refused(table):
    path = table(*whole('b', 1), 'a0,0', 'a1,1')
    with pytest.raises(
        SplitError, match=r"folds\.csv: 1 of 2 values of 'case' .*'a' \(1 in"
    ):
        chosen(split=path, fold=0)
    assert chosen(split=path, fold=0, group='')[0] == ['a0']


def test_a_split_of_other_data_is_refused(table):
    with pytest.raises(
        SplitError, match=r'1 ids of .*folds\.csv that the .* first z0'
    ):
        chosen(split=table('a0,0', 'z0,1'), fold=0)
    with pytest.raises(
        SplitError, match=r"folds\.csv names no id of train\.csv, first 'z0'"
    ):
        chosen(split=table('z0,1'), fold=0, leave_out=print)
    found, _ = chosen(
        split=table('a0,0', 'z0,1'), leave_out=lambda *_, **__: 0
    )
    assert found == ['a0']


def test_folds_are_of_the_ids_of_a_text_file(tmp_path):
    path = tmp_path / 'some.txt'
    path.write_text('\n'.join(s['img_id'] for s in SAMPLES[:6]))
    parts = [chosen(split=path, fold=k)[0] for k in range(2)]
    assert sorted(parts) == [['a0', 'a1', 'a2'], ['b0', 'b1', 'b2']]


def test_too_few_groups_and_missing_ones_are_named():
    with pytest.raises(SplitError, match=r'train\.csv: 5 folds need 5 groups'):
        chosen(fold=0, num_folds=5)
    with pytest.raises(SplitError, match='12 of 12 samples have no group'):
        chosen(fold=0, group='patient')
