import xml.etree.ElementTree as ET

import numpy as np
import pytest
import tifffile

from mmseg_medical.converters import _ome
from mmseg_medical.converters.tiff import ImageError

PLANES = np.zeros((2, 300, 260), np.uint8)


def test_what_is_written_is_ome_xml(tmp_path):
    path = tmp_path / 'new' / 'a.ome.tiff'
    _ome.write_ome(
        path,
        PLANES,
        channels=['é<', 'b'],
        pixel_size=(0.5, 0.25),
        annotation={'k': '"<v>"'},
    )
    with tifffile.TiffFile(path) as file:
        assert file.is_ome
        assert file.series[0].axes == 'CYX'
        assert file.pages.first.tile == (256, 256)
        assert (
            file.pages.first.compression == tifffile.COMPRESSION.ADOBE_DEFLATE
        )
        xml = ET.fromstring(file.ome_metadata)
    pixels = xml.find('.//{*}Pixels')
    assert {
        k: pixels.get(k) for k in ('SizeX', 'SizeY', 'SizeC', 'Type')
    } == dict(SizeX='260', SizeY='300', SizeC='2', Type='uint8')
    assert pixels.get('PhysicalSizeX') == '0.25'
    assert pixels.get('PhysicalSizeYUnit') == 'µm'
    assert _ome.describe(path) == ({'k': '"<v>"'}, (0.5, 0.25), ['é<', 'b'])


def test_files_are_the_same_whenever_they_are_written(tmp_path):
    for folder in 'ab':
        _ome.write_ome(tmp_path / folder / 'x.ome.tiff', PLANES)
    one, other = ((tmp_path / f / 'x.ome.tiff').read_bytes() for f in 'ab')
    assert one == other


def test_files_of_others(tmp_path):
    path = tmp_path / 'a.ome.tiff'
    tifffile.imwrite(
        path,
        PLANES,
        ome=True,
        metadata=dict(
            axes='CYX',
            PhysicalSizeX=500.0,
            PhysicalSizeXUnit='nm',
            PhysicalSizeY=0.002,
            PhysicalSizeYUnit='mm',
        ),
    )
    assert _ome.describe(path) == ({}, (2.0, 0.5), [])
    tifffile.imwrite(path, PLANES, ome=False)
    with pytest.raises(ImageError, match='has no OME-XML; it is a plain'):
        _ome.describe(path)


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('<!DOCTYPE OME [<!ENTITY a "b">]><OME>&a;</OME>', 'entities'),
        ('<OME><a></OME>', 'broken'),
    ],
)
def test_broken_xml(tmp_path, monkeypatch, text, message):
    path = tmp_path / 'a.ome.tiff'
    _ome.write_ome(path, PLANES)
    monkeypatch.setattr(tifffile.TiffFile, 'ome_metadata', text)
    with pytest.raises(ImageError, match=rf'a\.ome\.tiff: .*{message}'):
        _ome.describe(path)


@pytest.mark.parametrize('size', ['abc', '-1', '0', 'nan', 'inf', ''])
def test_sizes_of_pixels_that_are_none(tmp_path, size):
    path = tmp_path / 'a.ome.tiff'
    xml = (
        f'<OME><Image><Pixels PhysicalSizeX="{size}" PhysicalSizeY="0.5"/>'
        '</Image></OME>'
    )
    tifffile.imwrite(path, PLANES[0], description=xml, metadata=None)
    assert _ome.describe(path) == ({}, None, [])
