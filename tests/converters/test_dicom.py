import csv
import shutil
import warnings

import imagecodecs
import numpy as np
import pytest

from mmseg_medical.converters.dicom import DICOMImage, dicom_size, is_dicom
from mmseg_medical.converters.image import (
    image_size,
    image_spacing,
    read_image,
    read_labels,
)
from mmseg_medical.converters.tiff import ImageError, Region

pydicom = pytest.importorskip('pydicom')

SYNTAX = '1.2.840.10008.1.2'
PLAIN = ['', '.1', '.1.99', '.2']  # implicit, explicit, deflated, big endian


@pytest.fixture
def levels():
    return np.random.default_rng(0).integers(-500, 500, (21, 33), np.int16)


@pytest.mark.parametrize('syntax', PLAIN)
@pytest.mark.parametrize('kind', [np.uint8, np.int16, np.uint16])
def test_uncompressed(dicom, levels, syntax, kind):
    pixels = levels.astype(kind)
    path = dicom(pixels, syntax=SYNTAX + syntax)
    found = read_image(path)
    assert found.dtype == kind
    assert found.dtype.isnative
    np.testing.assert_array_equal(found, pixels)
    region = Region(3, 5, 10, 20)
    np.testing.assert_array_equal(
        read_image(path, region), pixels[region.slices]
    )
    assert dicom_size(path) == image_size(path) == (21, 33)
    with pytest.raises(ValueError, match='leaves the image of 21 x 33'):
        read_image(path, Region(0, 0, 22, 33))


def test_a_file_without_a_suffix_is_known_by_its_beginning(dicom, levels):
    for name in ('IM0001', '1.2.3.4', 'scan.ima'):
        path = dicom(levels, name)
        assert is_dicom(path)
        np.testing.assert_array_equal(read_image(path), levels)


def test_units_inversion_and_windows(dicom):
    stored = np.arange(4096, dtype=np.uint16).reshape(64, 64)
    path = dicom(
        stored,
        BitsStored=12,
        PhotometricInterpretation='MONOCHROME1',
        RescaleSlope=1,
        RescaleIntercept=-1024,
        WindowCenter=40,
        WindowWidth=400,
    )
    hu = stored.astype(np.int16) - 1024
    img = DICOMImage.open(path)
    np.testing.assert_array_equal(img.read(invert=False), hu)
    np.testing.assert_array_equal(img.read(), hu[::-1, ::-1])
    np.testing.assert_array_equal(img.read(rescale=False), stored[::-1, ::-1])
    np.testing.assert_array_equal(img.read(raw=True), stored)
    shown = img.read(invert=False, window='stored')
    assert shown.dtype == np.uint8
    assert shown.ravel()[[1024 - 161, 1024 + 40, 1024 + 241]].tolist() == [
        *(0, 128, 255)
    ]
    np.testing.assert_array_equal(img.read(window='stored'), 255 - shown)
    np.testing.assert_array_equal(
        read_image(path, dicom=dict(invert=False, window=(40, 400))),
        img.read(invert=False, window=(40, 400)),
    )


def test_frames(dicom, levels):
    stack = np.stack([levels, levels + 1, levels * 2])
    path = dicom(stack, frames=3, RescaleSlope=2, RescaleIntercept=1)
    img = DICOMImage.open(path)
    assert (img.frames, img.shape) == (3, (21, 33))
    np.testing.assert_array_equal(read_image(path, frame=1), stack[1] * 2 + 1)
    np.testing.assert_array_equal(img.read_all(rescale=False), stack)
    assert image_size(path) == (21, 33)
    with pytest.raises(ImageError, match=r'holds 3 images; .*frame=0 … 2'):
        read_image(path)
    with pytest.raises(ImageError, match='has no frame 3, only 3'):
        read_image(path, frame=3)
    jpeg = dicom(
        stack.astype(np.uint16),
        'b.dcm',
        frames=3,
        syntax=SYNTAX + '.4.70',
        encode=lambda p: imagecodecs.jpeg8_encode(p, lossless=True),
    )
    np.testing.assert_array_equal(
        DICOMImage.open(jpeg).read_all(), stack.astype(np.uint16)
    )


def test_colours(dicom, tissue):
    rgb = tissue(32)
    path = dicom(rgb)
    np.testing.assert_array_equal(read_image(path), rgb)
    planes = np.ascontiguousarray(rgb.transpose(2, 0, 1)).tobytes()
    path = dicom(rgb, 'b.dcm', PlanarConfiguration=1, PixelData=planes)
    np.testing.assert_array_equal(read_image(path), rgb)
    ybr = pydicom.pixels.convert_color_space(rgb, 'RGB', 'YBR_FULL')
    path = dicom(ybr, 'c.dcm', PhotometricInterpretation='YBR_FULL')
    found = read_image(path, dicom=dict(window='stored')).astype(int)
    assert np.abs(found - rgb).max() <= 3


def test_floats(dicom):
    pixels = np.linspace(-1, 1, 20, dtype=np.float32).reshape(4, 5)
    path = dicom(pixels.view(np.uint32))
    ds = pydicom.dcmread(path)
    ds.FloatPixelData = ds.PixelData
    del ds.PixelData
    ds.save_as(path)
    found = read_image(path)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, pixels)
    ds.PhotometricInterpretation = 'MONOCHROME1'
    ds.save_as(path)
    np.testing.assert_array_equal(read_image(path), -pixels)


def test_labels_are_what_is_stored(dicom):
    labels = np.array([[0, 1], [2, 3]], np.uint8)
    path = dicom(
        labels,
        PhotometricInterpretation='MONOCHROME1',
        RescaleSlope=2,
        RescaleIntercept=9,
    )
    np.testing.assert_array_equal(read_labels(path), labels)
    bits = np.packbits([0, 1, 1, 0, 1, 0, 0, 0], bitorder='little').tobytes()
    path = dicom(
        labels, 'b.dcm', BitsAllocated=1, BitsStored=1, PixelData=bits
    )
    np.testing.assert_array_equal(read_labels(path), [[0, 1], [1, 0]])


def cut(path, size):
    path.write_bytes(path.read_bytes()[:size])
    return path


def test_truncated_files(dicom, levels):
    whole = dicom(levels)
    size = whole.stat().st_size
    with pytest.raises(ImageError, match=r'b\.dcm .*cut short: .* need 1386'):
        DICOMImage(cut(dicom(levels, 'b.dcm'), size - 100))
    with pytest.raises(ImageError, match=r'b\.dcm .*no transfer syntax, or '):
        DICOMImage(cut(dicom(levels, 'b.dcm'), 200))
    jpeg = dicom(
        levels.astype(np.uint8),
        'c.dcm',
        syntax=SYNTAX + '.4.50',
        encode=lambda p: imagecodecs.jpeg8_encode(p),
    )
    cut(jpeg, jpeg.stat().st_size - 200)
    with (
        pytest.warns(UserWarning, match='End of file reached'),
        pytest.raises(ImageError, match=r'c\.dcm .*it is cut short; copy'),
    ):
        read_image(jpeg)


def test_no_pixels(dicom, levels):
    path = dicom(levels)
    ds = pydicom.dcmread(path)
    del ds.PixelData
    ds.save_as(path)
    with pytest.raises(ImageError, match=r'a\.dcm .*it has no pixels'):
        DICOMImage(path)
    ds.Modality = 'SR'
    del ds.Rows
    ds.save_as(path)
    with pytest.raises(ImageError, match=r'no pixels \(modality SR\)'):
        DICOMImage(path)


def test_wrong_transfer_syntaxes(dicom, levels, capsys, caplog):
    path = dicom(levels)
    ds = pydicom.dcmread(path)
    ds.file_meta.TransferSyntaxUID = SYNTAX + '.4.103'
    ds.PixelData = pydicom.encaps.encapsulate([b'video'])
    ds.save_as(path)
    with pytest.raises(ImageError, match=r'transfer syntax is MPEG-4 .*conv'):
        DICOMImage(path)
    ds.file_meta.TransferSyntaxUID = SYNTAX + '.4.90'
    ds.save_as(path)
    with pytest.raises(ImageError, match=r'a\.dcm cannot be read as DICOM'):
        read_image(path)
    assert capsys.readouterr().err == ''


def test_other_files_named_dcm(tmp_path, tissue):
    path = tmp_path / 'a.dcm'
    for start, what in (
        (b'\x89PNG', 'it is a PNG with another name'),
        (b'PK\3\4', 'it is a zip file: unpack it'),
        (b'', 'it is empty'),
        (b'text', "it has no 'DICM' after 128 bytes$"),
    ):
        path.write_bytes(start and start + bytes(200))
        with pytest.raises(ImageError, match=rf'a\.dcm cannot .*{what}'):
            read_image(path)
    with pytest.raises(FileNotFoundError, match=r'b\.dcm does not exist'):
        dicom_size(tmp_path / 'b.dcm')


def test_a_forged_size_allocates_nothing(dicom, levels):
    path = dicom(levels, Rows=65535, Columns=65535)
    with pytest.raises(ImageError, match='need 8589672450 bytes, 13'):
        DICOMImage(path)
    path = dicom(levels, NumberOfFrames=2_000_000_000)
    with pytest.raises(ImageError, match='cut short'):
        DICOMImage(path)
    path = dicom(
        levels,
        syntax=SYNTAX + '.4.90',
        encode=imagecodecs.jpeg2k_encode,
        Rows=65535,
        Columns=65535,
    )
    with pytest.raises(ImageError, match='promises 8589672450 bytes, more'):
        DICOMImage(path)


def test_a_codec_that_was_not_built_in_is_named(dicom, levels, monkeypatch):
    path = dicom(
        levels, syntax=SYNTAX + '.4.90', encode=imagecodecs.jpeg2k_encode
    )
    decoder = pydicom.pixels.get_decoder(SYNTAX + '.4.90')
    DICOMImage(path)
    monkeypatch.setattr(decoder, '_available', {})
    with pytest.raises(ImageError, match=r'no decoder .*JPEG 2000.*imagecod'):
        DICOMImage(path)


def test_without_pydicom_the_extra_is_named(dicom, levels, monkeypatch):
    path = dicom(levels)
    monkeypatch.setitem(__import__('sys').modules, 'pydicom', None)
    with pytest.raises(ImportError, match=r'mmsegmentation-medical\[dicom\]'):
        DICOMImage(path)


def test_where_a_slice_lies(dicom, levels):
    path = dicom(
        levels,
        PixelSpacing=[0.5, 0.75],
        ImagePositionPatient=[1, 2, 3.5],
        ImageOrientationPatient=[1, 0, 0, 0, 0, -1],
    )
    img = DICOMImage.open(path)
    assert img.spacing() == (0.5, 0.75)
    assert img.position().tolist() == [1, 2, 3.5]
    assert img.orientation().tolist() == [[1, 0, 0], [0, 0, -1]]
    bare = DICOMImage.open(dicom(levels, 'b.dcm'))
    assert bare.spacing() is bare.position() is bare.orientation() is None


def expected_pixels(ds):
    """What pydicom and the standard's formulas make of a file."""
    pixels = ds.pixel_array
    if ds.PhotometricInterpretation == 'PALETTE COLOR':
        return pydicom.pixels.apply_color_lut(pixels, ds) >> 8
    pixels = pydicom.pixels.apply_modality_lut(pixels, ds)
    if ds.PhotometricInterpretation == 'MONOCHROME1':
        return 2**ds.BitsStored - 1 - pixels.astype(int)
    return pixels


def test_real_files_are_those_of_pydicom(real_data):
    folder = real_data('dicom_misc')
    rows = list(csv.DictReader((folder / 'info.csv').open()))
    assert len(rows) == 18
    for row in rows:
        path = folder / row['file']
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')  # of files that are a bit wrong
            expected = expected_pixels(pydicom.dcmread(path))
            img = DICOMImage.open(path)
            found = img.read_all() if img.frames > 1 else img.read()
        assert img.frames == float(row['frames'] or 1)
        assert found.shape == expected.shape, row['file']
        np.testing.assert_allclose(
            found, expected, rtol=1e-6, err_msg=row['file']
        )
        assert dicom_size(path) == img.shape[:2]


def test_real_windows_are_those_of_pydicom(real_data):
    folder = real_data('dicom_misc')
    for name in ('MR_small.dcm', '693_J2KR.dcm', 'MR2_J2KI.dcm'):
        ds = pydicom.dcmread(folder / name)
        shown = pydicom.pixels.apply_windowing(
            pydicom.pixels.apply_modality_lut(ds.pixel_array, ds), ds
        )
        bits = ds.BitsStored - ds.PixelRepresentation
        ends = np.array([-ds.PixelRepresentation * 2.0**bits, 2.0**bits - 1])
        low, high = ends * ds.get('RescaleSlope', 1) + ds.get(
            'RescaleIntercept', 0
        )
        found = read_image(folder / name, dicom=dict(window='stored'))
        share = (shown - low) / (high - low) * 255
        assert np.abs(found - share).max() <= 0.51, name
        assert 0 < found.mean() < 255


def test_real_chests(real_data, tmp_path):
    folder = real_data('cxr_siim_sample')
    paths = sorted((folder / 'dicom').glob('*.dcm'))
    assert len(paths) == 5
    for path in paths:
        img = read_image(path)
        assert (img.shape, img.dtype) == ((1024, 1024), np.uint8)
        assert img.max() > 200
        spacing = DICOMImage.open(path).spacing()
        assert 0.1 < spacing[0] == spacing[1] < 0.2
        assert image_spacing(path) == spacing
    bare = tmp_path / 'ID_0011fe81e'
    shutil.copyfile(paths[0], bare)
    np.testing.assert_array_equal(read_image(bare), read_image(paths[0]))
