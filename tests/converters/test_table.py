import errno

import pytest

from mmseg_medical.converters.table import (
    TableError,
    iter_table,
    read_table,
    write_table,
)


def write(tmp_path, text, encoding='utf-8'):
    path = tmp_path / 'train.csv'
    path.write_bytes(text.encode(encoding))
    return path


def test_rows_are_dicts_of_text(tmp_path):
    path = write(tmp_path, 'id,rle,age\n1,"1 2",\n2,, 40 \n\n')
    assert read_table(path, ['id', 'rle'], key='id') == [
        dict(id='1', rle='1 2', age=''),
        dict(id='2', rle='', age='40'),
    ]


def test_quirks_of_published_files(tmp_path):
    path = write(tmp_path, 'ImageId, EncodedPixels\r\na, -1\r\n', 'utf-8-sig')
    assert read_table(path, ['ImageId', 'EncodedPixels']) == [
        dict(ImageId='a', EncodedPixels='-1')
    ]


def test_long_cells_are_read(tmp_path):
    path = write(tmp_path, f'id,rle\n1,{"1 2 " * 100_000}\n')
    assert len(read_table(path, ['rle'])[0]['rle']) == 400_000 - 1


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('id,age\n1,2\n', "no column 'rle'; its first line is 'id', 'age'"),
        ('', "no column 'id', 'rle'; its first line is empty"),
        ('id,rle,rle\n', "two columns named \\['rle'\\]"),
        ('id,rle\n1,2\n3\n', r'train.csv line 3: 1 cells, the header has 2'),
        ('id,rle\n1,2,3\n', 'line 2: 3 cells'),
        ('id,rle\n7,a\n8,b\n7,c\n', "line 4: id is '7', as on line 2"),
        ('id,rle\n,a\n', "line 2: id is ''"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, text, message):
    path = write(tmp_path, text)
    with pytest.raises(TableError, match=message):
        read_table(path, ['id', 'rle'], key='id')


def test_other_encodings_are_refused(tmp_path):
    path = write(tmp_path, 'id,rle\nÄ,1\n', 'latin-1')
    with pytest.raises(TableError, match='no UTF-8'):
        read_table(path, ['id'])


def test_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match='check data_root'):
        read_table(tmp_path / 'none.csv', ['id'])


def test_writing_counts_rows_and_reads_back(tmp_path):
    path = tmp_path / 'sub' / 'out.csv'
    assert write_table(path, ['id', 'rle'], [(1, '1 2'), (2, '')]) == 2
    assert path.read_text() == 'id,rle\n1,1 2\n2,\n'


def test_a_full_disk_leaves_the_old_file(tmp_path):
    path = tmp_path / 'out.csv'
    path.write_text('old')

    def rows():
        yield 1, 'a'
        raise OSError(errno.ENOSPC, 'No space left on device')

    with pytest.raises(OSError, match=r'out\.csv.*No space left'):
        write_table(path, ['id', 'rle'], rows())
    assert path.read_text() == 'old'
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize('cell', ['"x', '"x" y', '"x\ny"'])
def test_quotation_marks_do_not_swallow_rows(tmp_path, cell):
    path = tmp_path / 'a.csv'
    path.write_text(f'rle,id\n1 2,a\n3 4,{cell}\n5 6,c\n7 8,d\n')
    with pytest.raises(TableError, match=r'a\.csv line \d: '):
        read_table(path, ['id'], key='id')


def test_rows_come_one_after_another(tmp_path):
    path = write(tmp_path, 'id,rle\na,1\nb,2\nc\n')
    rows = iter_table(path, ['id'])
    assert next(rows) == (2, dict(id='a', rle='1'))
    assert next(rows) == (3, dict(id='b', rle='2'))
    with pytest.raises(TableError, match='line 4: 1 cells'):
        next(rows)


@pytest.mark.parametrize('header', ['', 'id, rle\n'])
def test_tables_without_a_header(tmp_path, header):
    path = write(tmp_path, f'{header}a,1\n', 'utf-8-sig')
    ((_, row),) = iter_table(path, ['id'], bare=['id', 'rle'])
    assert row == dict(id='a', rle='1')
    with pytest.raises(TableError, match="no column 'key'"):
        list(iter_table(path, ['key'], bare=['id', 'rle']))
