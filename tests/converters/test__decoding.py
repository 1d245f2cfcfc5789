import struct

import pytest

from mmseg_medical.converters._decoding import (
    ImageError,
    check_frame,
    existing,
    naming,
)


def test_frames():
    assert check_frame('a', None, 1) == 0
    assert check_frame('a', 2, 3) == 2
    for frame, count, message in (
        (None, 3, 'a holds 3 images; choose one with frame=0 … 2'),
        (3, 3, 'a has no frame 3, only 3'),
        (-1, 3, 'a has no frame -1, only 3'),
        (1, 1, 'a has no frame 1, only 1'),
    ):
        with pytest.raises(ImageError, match=message):
            check_frame('a', frame, count)


@pytest.mark.parametrize(
    ('start', 'what'),
    [
        (b'', '; it is empty: copy or download it again'),
        (b'\x89PNG', '; it is a PNG with another name'),
        (b'\xff\xd8\xff', '; it is a JPEG with another name'),
        (b'II*\0' + bytes(124) + b'DICM', '; it is DICOM with another name'),
        (b'<html>', '; it is a web page with another name'),
        (b'MM\0*', ''),
        (b'abcd', "; a TIFF does not begin with b'abcd'"),
    ],
)
def test_what_a_file_is_instead(tmp_path, start, what):
    path = tmp_path / 'a.tif'
    path.write_bytes(start)
    with pytest.raises(ImageError) as caught, naming(path, 'TIFF'):
        raise KeyError('tag')
    assert str(caught.value) == f"{path} cannot be read as TIFF: 'tag'{what}"


def test_errors_that_say_enough_pass(tmp_path):
    path = tmp_path / 'a.nii'
    path.write_bytes(b'1234')
    for error in (ImageError('a'), FileNotFoundError('b'), ImportError('c')):
        with pytest.raises(type(error)) as caught, naming(path, 'NIfTI'):
            raise error
        assert caught.value is error
    for error in (EOFError(), struct.error('unpack')):
        with (
            pytest.raises(ImageError, match=r'as NIfTI: it is cut short; co'),
            naming(path, 'NIfTI'),
        ):
            raise error


def test_missing_files(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'b does not exist; check da'):
        existing(tmp_path / 'b')
    (tmp_path / 'b').touch()
    assert existing(str(tmp_path / 'b')) == tmp_path / 'b'
