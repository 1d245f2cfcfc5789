import imagecodecs
import numpy as np
import pytest

from mmseg_medical.converters._dicom_codec import _coded_size, is_available
from mmseg_medical.converters.dicom import DICOMImage
from mmseg_medical.converters.tiff import ImageError

SYNTAX = '1.2.840.10008.1.2.'


def jpeg(**options):
    return lambda pixels: imagecodecs.jpeg8_encode(pixels, **options)


LOSSLESS = [
    ('4.57', jpeg(lossless=True)),
    ('4.70', jpeg(lossless=True)),
    ('4.80', imagecodecs.jpegls_encode),
    ('4.90', imagecodecs.jpeg2k_encode),
    ('4.201', imagecodecs.jpeg2k_encode),
]


@pytest.mark.parametrize(('syntax', 'encode'), LOSSLESS)
@pytest.mark.parametrize('kind', [np.uint8, np.uint16])
def test_lossless_codecs_give_back_every_number(dicom, syntax, encode, kind):
    top = np.iinfo(kind).max
    pixels = np.random.default_rng(0).integers(0, top, (23, 31)).astype(kind)
    path = dicom(pixels, syntax=SYNTAX + syntax, encode=encode)
    found = DICOMImage(path).read()
    assert found.dtype == kind
    np.testing.assert_array_equal(found, pixels)


def test_signs_are_kept(dicom):
    pixels = np.arange(-300, 300, dtype=np.int16).reshape(20, 30)
    path = dicom(
        pixels, syntax=SYNTAX + '4.90', encode=imagecodecs.jpeg2k_encode
    )
    np.testing.assert_array_equal(DICOMImage(path).read(), pixels)
    # JPEG-LS and JPEG keep the bits alone.
    for syntax, encode in LOSSLESS[:3]:
        path = dicom(
            pixels,
            syntax=SYNTAX + syntax,
            encode=lambda p, encode=encode: encode(p.view(np.uint16)),
        )
        np.testing.assert_array_equal(DICOMImage(path).read(), pixels)


def test_run_lengths_of_colours(dicom):
    pydicom = pytest.importorskip('pydicom')
    rgb = np.random.default_rng(0).integers(0, 65535, (9, 10, 3), np.uint16)
    path = dicom(rgb)
    ds = pydicom.dcmread(path)
    ds.compress(SYNTAX + '5', encoding_plugin='pydicom')
    ds.save_as(path)
    np.testing.assert_array_equal(DICOMImage(path).read(), rgb)


def test_baseline_colours_are_converted_once(dicom, tissue):
    rgb = tissue(64)
    coded = jpeg(level=98, colorspace='RGB', outcolorspace='YCBCR')
    ycc = dicom(
        rgb,
        syntax=SYNTAX + '4.50',
        encode=coded,
        PhotometricInterpretation='YBR_FULL',
    )
    plain = dicom(
        rgb,
        'b.dcm',
        syntax=SYNTAX + '4.50',
        encode=jpeg(level=98, colorspace='RGB', outcolorspace='RGB'),
    )
    for path in (ycc, plain):
        found = DICOMImage(path).read().astype(int)
        assert np.abs(found - rgb).mean() < 3


def test_twelve_bits(dicom):
    y, x = np.mgrid[:40, :50]
    pixels = ((x + y) * 40).astype(np.uint16)
    path = dicom(
        pixels,
        syntax=SYNTAX + '4.51',
        encode=jpeg(level=100, bitspersample=12),
        BitsStored=12,
    )
    found = DICOMImage(path).read()
    assert np.abs(found.astype(int) - pixels).max() < 20


@pytest.mark.parametrize(('syntax', 'encode'), LOSSLESS[1:4])
def test_a_frame_of_another_size_is_refused(dicom, syntax, encode):
    pixels = np.zeros((20, 30), np.uint8)
    path = dicom(pixels, syntax=SYNTAX + syntax, encode=encode, Rows=19)
    with pytest.raises(ImageError, match=r'19 x 30 .*compressed frame 20 x'):
        DICOMImage(path).read()


def test_sizes_of_streams():
    pixels = np.zeros((20, 30), np.uint8)
    for encode in (jpeg(), imagecodecs.jpegls_encode):
        stream = encode(pixels)
        assert _coded_size(stream) == (20, 30)
        assert _coded_size(b'\xff\xd8\xff\xff' + stream[3:]) == (20, 30)
        for end in range(8):
            _coded_size(stream[:end])
    assert _coded_size(imagecodecs.jpeg2k_encode(pixels)) == (20, 30)
    assert _coded_size(b'no stream') is None
    assert not is_available('1.2.840.10008.1.2.1')
