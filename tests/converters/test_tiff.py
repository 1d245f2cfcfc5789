import itertools
import pickle

import numpy as np
import pytest
import tifffile

from mmseg_medical.converters.tiff import (
    ImageError,
    Region,
    TIFFImage,
    read_metadata,
    write_tiff,
)


@pytest.fixture
def img(tissue):
    """(101, 77, 3): sides that no tile divides."""
    return np.ascontiguousarray(tissue(101)[:, :77])


def check(path, expected):
    image = TIFFImage(path)
    assert image.shape == expected.shape
    assert image.dtype == expected.dtype
    whole = image.read()
    assert whole.dtype == expected.dtype
    np.testing.assert_array_equal(whole, expected)
    rng = np.random.default_rng(0)
    for _ in range(8):
        top, left = rng.integers(0, expected.shape[:2]).tolist()
        height = int(rng.integers(1, expected.shape[0] - top + 1))
        width = int(rng.integers(1, expected.shape[1] - left + 1))
        np.testing.assert_array_equal(
            image.read(Region(top, left, height, width)),
            expected[top : top + height, left : left + width],
        )


@pytest.mark.parametrize(
    ('compression', 'layout', 'dtype', 'planar', 'order'),
    itertools.product(
        ['none', 'lzw', 'deflate'],
        [dict(), dict(tile=(32, 48)), dict(rowsperstrip=7)],
        ['uint8', 'uint16'],
        ['contig', 'separate'],
        '<>',
    ),
)
def test_every_layout(
    tmp_path, img, compression, layout, dtype, planar, order
):
    img = img.astype(dtype) * (257 if dtype == 'uint16' else 1)
    stored = img.transpose(2, 0, 1) if planar == 'separate' else img
    tifffile.imwrite(
        tmp_path / 'a.tiff',
        np.ascontiguousarray(stored),
        photometric='rgb',
        planarconfig=planar,
        byteorder=order,
        compression=None if compression == 'none' else compression,
        predictor=compression != 'none',
        **layout,
    )
    check(tmp_path / 'a.tiff', img)


@pytest.mark.parametrize(
    ('axes', 'options'),
    [
        ('SYX as pages', dict(photometric='minisblack', compression='lzw')),
        ('SYX as raw pages', dict(photometric='minisblack')),
        ('11SYX', dict(photometric='minisblack')),
        ('11YXS', dict(photometric='rgb', compression='deflate')),
        ('OME', dict(ome=True, metadata=dict(axes='CYX'))),
        ('ImageJ', dict(imagej=True, metadata=dict(axes='CYX'))),
    ],
)
def test_axes(tmp_path, img, axes, options):
    stored = img if axes == '11YXS' else img.transpose(2, 0, 1)
    if axes.startswith('11'):
        stored = stored[None, None]
    if axes in ('OME', 'ImageJ'):
        options['photometric'] = 'minisblack'
    tifffile.imwrite(
        tmp_path / 'a.tif', np.ascontiguousarray(stored), **options
    )
    check(tmp_path / 'a.tif', img)


def test_gray_float_palette_and_bits(tmp_path, img):
    gray = img[..., 0]
    path = tmp_path / 'a.tif'
    tifffile.imwrite(path, gray)
    check(path, gray)
    tifffile.imwrite(path, gray / np.float32(3), compression='deflate')
    check(path, gray / np.float32(3))
    tifffile.imwrite(path, gray, photometric='miniswhite')
    check(path, 255 - gray)
    tifffile.imwrite(path, gray > 128)
    check(path, (gray > 128) * np.uint8(255))
    table = np.arange(768, dtype=np.uint16).reshape(3, 256) * 80
    tifffile.imwrite(path, gray, photometric='palette', colormap=table)
    check(path, (table >> 8).astype(np.uint8).T[gray])
    tifffile.imwrite(path, gray, photometric='palette', colormap=table % 256)
    check(path, (table % 256).astype(np.uint8).T[gray])


@pytest.mark.parametrize('bits', [4, 16])
def test_white_as_zero_is_inverted_within_its_bits(tmp_path, img, bits):
    path = tmp_path / 'a.tif'
    stored = img[..., 0].astype(np.uint16) * 257 >> 16 - bits
    stored = stored.astype(np.uint8 if bits == 4 else np.uint16)
    tifffile.imwrite(
        path,
        stored,
        photometric='miniswhite',
        bitspersample=bits,
    )
    check(path, stored ^ stored.dtype.type(2**bits - 1))
    np.testing.assert_array_equal(TIFFImage(path).read(raw=True), stored)


def test_jpeg_equals_tifffile(tmp_path, img):
    path = tmp_path / 'a.tif'
    tifffile.imwrite(
        path, img, photometric='rgb', compression='jpeg', tile=(32, 32)
    )
    check(path, tifffile.imread(path))


def test_pages_are_chosen_not_guessed(tmp_path, img):
    path = tmp_path / 'a.tif'
    tifffile.imwrite(path, np.stack([img, 255 - img]), photometric='rgb')
    with pytest.raises(ImageError, match=r'holds 2 images.*page=0'):
        TIFFImage(path)
    np.testing.assert_array_equal(TIFFImage(path, page=1).read(), 255 - img)
    with pytest.raises(ImageError, match='no page 2, only 2'):
        TIFFImage(path, page=2)


def test_a_changed_file_is_parsed_again(tmp_path, img):
    path = tmp_path / 'a.tif'
    tifffile.imwrite(path, img, photometric='rgb')
    assert TIFFImage.open(path) is TIFFImage.open(path)
    tifffile.imwrite(path, img[:50], photometric='rgb')
    assert TIFFImage.open(path).shape == (50, 77, 3)


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        (b'', 'it is empty'),
        (b'\xff\xd8\xff\xe0' + bytes(50), 'it is a JPEG with another name'),
        (b'\x89PNG' + bytes(50), 'it is a PNG with another name'),
        (b'PK\3\4' + bytes(50), 'unpack it'),
        (b'<!DOCTYPE html>', 'it is a web page'),
        (b'hello', "does not begin with b'hell'"),
    ],
)
def test_what_is_no_tiff(tmp_path, content, message):
    path = tmp_path / '5583.tiff'
    path.write_bytes(content)
    with pytest.raises(ImageError, match=message) as caught:
        TIFFImage(path)
    assert '5583.tiff cannot be read as TIFF' in str(caught.value)


@pytest.mark.parametrize('compression', [None, 'lzw'])
def test_a_file_cut_short(tmp_path, img, compression):
    path = tmp_path / 'a.tif'
    tifffile.imwrite(path, img, photometric='rgb', compression=compression)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3])
    with pytest.raises(ImageError, match='it is cut short'):
        TIFFImage(path)


def test_damaged_data_name_the_file(tmp_path, img):
    path = tmp_path / 'a.tif'
    tifffile.imwrite(
        path, img, photometric='rgb', compression='deflate', tile=(64, 64)
    )
    data = bytearray(path.read_bytes())
    data[-2000:-100] = bytes(1900)
    path.write_bytes(bytes(data))
    with pytest.raises(ImageError, match=r'a\.tif cannot be read'):
        TIFFImage(path).read()


def test_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match='does not exist; check data'):
        TIFFImage.open(tmp_path / 'none.tiff')


def test_a_region_outside(tmp_path, img):
    tifffile.imwrite(tmp_path / 'a.tif', img, photometric='rgb')
    with pytest.raises(ValueError, match='leaves the image of 101 x 77'):
        TIFFImage(tmp_path / 'a.tif').read(Region(100, 0, 2, 1))


@pytest.mark.parametrize('shape', [(40, 30), (1, 40, 30), (5, 40, 30)])
def test_planes_and_metadata_round_trip(tmp_path, shape):
    planes = np.random.default_rng(0).integers(0, 255, shape, np.uint8)
    path = tmp_path / 'sub' / 'a.tiff'
    write_tiff(path, planes, metadata=dict(id='a', classes=['µ', 'b']))
    assert read_metadata(path) == dict(id='a', classes=['µ', 'b'])
    expected = np.moveaxis(planes.reshape(-1, 40, 30), 0, 2)
    if expected.shape[2] == 1:
        expected = expected[..., 0]
    check(path, expected)
    with tifffile.TiffFile(path) as file:
        assert file.pages.first.is_tiled


def test_metadata_of_other_files(tmp_path, img):
    tifffile.imwrite(tmp_path / 'a.tif', img, photometric='rgb')
    assert read_metadata(tmp_path / 'a.tif') in ({}, dict(shape=[101, 77, 3]))


def test_a_reader_can_be_sent_to_a_worker(tmp_path, img):
    tifffile.imwrite(tmp_path / 'a.tif', img, photometric='rgb')
    region = pickle.loads(pickle.dumps(Region(0, 0, 3, 4)))
    assert TIFFImage(tmp_path / 'a.tif').read(region).shape == (3, 4, 3)


def test_real_tiffs_equal_tifffile(real_data):
    folder = real_data('hubmap_layout_tissue') / 'train_images'
    paths = sorted(folder.glob('*.tiff'))
    assert len(paths) == 16
    for path in (paths[0], paths[-1]):
        expected = tifffile.imread(path)
        region = Region(100, 37, 301, 255)
        np.testing.assert_array_equal(
            TIFFImage(path).read(region), expected[region.slices]
        )


def test_the_first_page_of_a_slide_is_the_slide(real_data):
    (path,) = real_data('wsi_cmu1').glob('*.svs')
    slide = TIFFImage(path)
    assert slide.shape == (2967, 2220, 3)
    region = Region(1000, 1100, 200, 300)
    np.testing.assert_array_equal(
        slide.read(region), tifffile.imread(path)[region.slices]
    )


@pytest.mark.parametrize(
    ('photometric', 'name'),
    [('separated', 'CMYK'), ('cielab', 'CIELAB'), ('ycbcr', 'YCbCr')],
)
def test_other_colours_are_refused(tmp_path, photometric, name):
    samples = 4 if name == 'CMYK' else 3
    tifffile.imwrite(
        tmp_path / 'a.tif',
        np.zeros((8, 9, samples), np.uint8),
        photometric=photometric,
        planarconfig='contig',
    )
    with pytest.raises(ImageError, match=rf'a\.tif .*colours are {name}'):
        TIFFImage(tmp_path / 'a.tif')


@pytest.mark.parametrize('axes', ['ZYX', 'TYX'])
def test_stacks_of_three_pages_are_no_colours(tmp_path, axes):
    tifffile.imwrite(
        tmp_path / 'a.tif',
        np.zeros((3, 8, 9), np.uint8),
        imagej=True,
        metadata=dict(axes=axes),
    )
    with pytest.raises(ImageError, match=r'holds 3 images .*page=0'):
        TIFFImage(tmp_path / 'a.tif')
