from xml.etree.ElementTree import Element

import pytest

from mmseg_medical.converters import _xml
from mmseg_medical.converters.record import AnnotationError


def write(tmp_path, text):
    path = tmp_path / 'a.xml'
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_elements_come_whole_and_one_by_one(tmp_path, monkeypatch):
    monkeypatch.setattr(_xml, '_CHUNK', 5)
    path = write(
        tmp_path,
        '<?xml version="1.0"?><r v="1"><meta><i>no</i></meta>'
        '<i n="1"><p>a&amp;b</p><i n="inner"/></i>text<i n="2"/></r>',
    )
    found = list(_xml.iterate_xml(path, 'r', ('i',)))
    names = [element.get('n') for element, _ in found]
    assert names == [None, '1', '2']
    assert found[1][0].find('p').text == 'a&b'
    assert found[1][0].find('i').get('n') == 'inner'
    assert all(root == {'v': '1'} for _, root in found)


def test_files_are_read_in_pieces(tmp_path):
    path = write(tmp_path, '<r>' + '<i/>' * 100_000)  # never ends
    elements = _xml.iterate_xml(path, 'r', ('i',))
    assert next(elements)[0].tag == 'i'
    with pytest.raises(AnnotationError, match='was it cut short'):
        list(elements)


LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "ha">'
    + ''.join(f'<!ENTITY a{k} "{"&a;" * 10}">' for k in range(9))
    + ']><r>&a8;</r>'
)
OUTSIDE = '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><r>&x;</r>'


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        (LAUGHS, 'has a DOCTYPE'),
        (OUTSIDE, 'has a DOCTYPE'),
        ('<!DOCTYPE r SYSTEM "http://x.org/r.dtd"><r/>', 'has a DOCTYPE'),
        ('<other/>', 'expected <r>, got <other>'),
        ('<r><i></r>', 'is no XML .*mismatched tag.*cut short'),
        ('<r><i>', 'is no XML .*no element found'),
        ('', 'is no XML'),
        ('{"a": 1}', 'is no XML'),
        (b'PK\x03\x04rest', 'is no XML .*it is a zip archive; unpack it'),
        ('<?xml version="1.0" encoding="none"?><r/>', 'is no XML'),
        ('<r>&nothing;</r>', 'is no XML .*undefined entity'),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path, text, message):
    path = write(tmp_path, text)
    with pytest.raises(AnnotationError, match=message) as caught:
        list(_xml.iterate_xml(path, 'r', ('i',)))
    assert str(path) in str(caught.value)


def test_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match='does not exist'):
        next(_xml.iterate_xml(tmp_path / 'x.xml', 'r', ()))


def test_attributes_are_numbers():
    element = Element('i', x='1.50', n='3', bad='abc', nan='nan', huge='1e12')
    assert _xml.number(element, 'x', 'here') == 1.5
    assert _xml.whole_number(element, 'n', 'here') == 3
    assert _xml.whole_number(element, 'm', 'here', default=7) == 7
    for name in ('bad', 'nan', 'huge', 'missing'):
        with pytest.raises(AnnotationError, match=f'here: {name} is'):
            _xml.number(element, name, 'here')
    with pytest.raises(AnnotationError, match=r"x is '1.50', no whole"):
        _xml.whole_number(element, 'x', 'here')
