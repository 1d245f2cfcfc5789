import gzip
import json

import pytest

from mmseg_medical.converters import _json
from mmseg_medical.converters.record import AnnotationError

DEEP = '[' * 100_000


def test_text_is_read_compressed_or_not(tmp_path):
    path = tmp_path / 'a.json'
    path.write_bytes(b'\xef\xbb\xbf{"a": "\xc3\xa4"}')  # a byte order mark
    assert _json.read_json(path) == {'a': 'ä'}
    with gzip.open(tmp_path / 'b.json.gz', 'wt') as file:
        file.write('[1]')
    assert _json.read_json(tmp_path / 'b.json.gz') == [1]


@pytest.mark.parametrize(
    ('name', 'data', 'message'),
    [
        ('a.json', b'{"shapes": [', 'is no JSON .*cut short'),
        ('a.json', b'', 'is no JSON'),
        ('a.json', b'\xff\xfe\x00', 'is no UTF-8'),
        ('a.json', DEEP.encode(), 'is no JSON'),
        ('a.json.gz', b'{}', 'is no gzip file'),
        ('a.json.gz', gzip.compress(b'[1, 2, 3]')[:-4], 'is no gzip file'),
        ('a.json.gz', gzip.compress(b'[1]' * 99)[:20], 'is no gzip file'),
    ],
    ids=['cut', 'empty', 'bytes', 'deep', 'no-gzip', 'no-end', 'cut-gzip'],
)
def test_what_cannot_be_read_is_named(tmp_path, name, data, message):
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(AnnotationError, match=message) as caught:
        _json.read_json(path)
    assert str(path) in str(caught.value)


def test_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'x\.json does not exist'):
        _json.read_json(tmp_path / 'x.json')


def test_a_file_that_unpacks_without_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(_json, '_LIMIT', 1000)
    path = tmp_path / 'bomb.json.gz'
    path.write_bytes(gzip.compress(b' ' * 100_000))
    with pytest.raises(AnnotationError, match='2 GiB of text or more'):
        _json.read_text(path)


OBJECTS = [{'a': 1}, {'b': [1, {'c': ']'}]}, {}]
WRITTEN = {
    'list': json.dumps(OBJECTS),
    'blanks': json.dumps(OBJECTS, indent=2).replace(',', ' ,\n'),
    'keys': json.dumps({'x': [3], 'features': OBJECTS, 'y': {}}),
    'lines': '\n'.join(map(json.dumps, OBJECTS)) + '\n',
}


@pytest.mark.parametrize('name', WRITTEN)
def test_objects_come_one_by_one(tmp_path, name):
    path = tmp_path / f'{name}.json'
    path.write_text(WRITTEN[name])
    assert list(_json.iterate_json(path, 'features')) == OBJECTS


@pytest.mark.parametrize(
    ('text', 'count'),
    [('[]', 0), (' [ ] ', 0), ('{"features": []}', 0), ('{}', 1)],
)
def test_few_objects(tmp_path, text, count):
    path = tmp_path / 'a.json'
    path.write_text(text)
    assert len(list(_json.iterate_json(path, 'features'))) == count


@pytest.mark.parametrize(
    ('text', 'before', 'message'),
    [
        ('[{"a": 1}, {"b": ', 1, 'is no JSON'),
        ('[{"a": 1} {"b": 2}]', 1, "expected one of ',]'"),
        ('{"features": {"a": 1}}', 0, r"expected one of '\['"),
        ('{"features": [{}', 1, 'is no JSON'),
        ('{"x": 1 "features": []}', 0, "expected one of ',}'"),
        ('{"x"', 0, "expected one of ':'"),
        ('{"a": 1}\n{"b": ', 1, 'is no JSON'),
        ('[{}, 7]', 1, 'object 2: expected {…}, got 7'),
        ('', 0, "expected one of '{'"),
        ('nonsense', 0, "expected one of '{'"),
        ('{"features": ' + DEEP, 0, 'is no JSON'),
    ],
)
def test_broken_lists_are_named(tmp_path, text, before, message):
    path = tmp_path / 'a.json'
    path.write_text(text)
    objects = _json.iterate_json(path, 'features')
    for _ in range(before):
        next(objects)
    with pytest.raises(AnnotationError, match=message) as caught:
        next(objects)
    assert str(path) in str(caught.value)
