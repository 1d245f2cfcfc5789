import struct
import zlib

import cv2
import numpy as np
import PIL.Image
import PIL.ImageOps
import pytest
import tifffile

from mmseg_medical.converters.image import (
    image_size,
    image_spacing,
    read_image,
    read_labels,
)
from mmseg_medical.converters.tiff import ImageError, Region


@pytest.mark.parametrize('suffix', ['.png', '.tif', '.TIFF', '.bmp'])
def test_colour_is_rgb_and_regions_are_windows(tmp_path, tissue, suffix):
    img = tissue(40)
    path = tmp_path / f'a{suffix}'
    if 'tif' in suffix.lower():
        tifffile.imwrite(path, img, photometric='rgb')
    else:
        cv2.imwrite(str(path), img[..., ::-1])
    np.testing.assert_array_equal(read_image(path), img)
    region = Region(3, 5, 20, 10)
    np.testing.assert_array_equal(read_image(path, region), img[region.slices])
    assert image_size(path) == (40, 40)


def test_types_are_kept_and_transparency_dropped(tmp_path):
    deep = np.arange(12, dtype=np.uint16).reshape(3, 4) * 5000
    cv2.imwrite(str(tmp_path / 'deep.png'), deep)
    np.testing.assert_array_equal(read_image(tmp_path / 'deep.png'), deep)
    rgba = np.random.default_rng(0).integers(0, 255, (3, 4, 4), np.uint8)
    cv2.imwrite(
        str(tmp_path / 'alpha.png'), cv2.cvtColor(rgba, cv2.COLOR_RGBA2BGRA)
    )
    np.testing.assert_array_equal(
        read_image(tmp_path / 'alpha.png'), rgba[..., :3]
    )
    tifffile.imwrite(tmp_path / 'alpha.tif', rgba, photometric='rgb')
    np.testing.assert_array_equal(
        read_image(tmp_path / 'alpha.tif'), rgba[..., :3]
    )
    tifffile.imwrite(
        tmp_path / 'gray.tif',
        rgba[..., :2],
        photometric='minisblack',
        planarconfig='contig',
        extrasamples=['unassalpha'],
    )
    np.testing.assert_array_equal(
        read_image(tmp_path / 'gray.tif'), rgba[..., 0]
    )
    tifffile.imwrite(
        tmp_path / 'four.tif',
        rgba,
        photometric='minisblack',
        planarconfig='contig',
    )
    np.testing.assert_array_equal(read_image(tmp_path / 'four.tif'), rgba)


@pytest.mark.parametrize('mode', ['1', 'L', 'P', 'I;16'])
@pytest.mark.parametrize('suffix', ['png', 'tif'])
def test_labels_are_what_is_stored(tmp_path, mode, suffix):
    labels = np.array([[0, 1, 1], [1, 0, 0]], np.uint8)
    if mode == '1':
        img = PIL.Image.fromarray(labels.astype(bool))
    elif mode == 'I;16':
        labels = labels.astype(np.uint16) * 300
        img = PIL.Image.fromarray(labels)
    else:
        labels *= 7
        img = PIL.Image.fromarray(labels)
        if mode == 'P':
            img.putpalette([k // 3 for k in range(768)])
    path = tmp_path / f'labels.{suffix}'
    img.save(path)
    out = read_labels(path)
    assert out.dtype == labels.dtype
    np.testing.assert_array_equal(out, labels)
    np.testing.assert_array_equal(
        read_labels(path, Region(0, 1, 2, 2)), labels[:, 1:]
    )


def test_labels_where_zero_is_white_are_not_inverted(tmp_path):
    labels = np.array([[0, 1], [2, 0]], np.uint8)
    path = tmp_path / 'a.tif'
    tifffile.imwrite(path, labels, photometric='miniswhite')
    np.testing.assert_array_equal(read_labels(path), labels)


def test_a_coloured_mask_is_refused(tmp_path, tissue):
    cv2.imwrite(str(tmp_path / 'a.png'), tissue(8))
    with pytest.raises(ImageError, match=r'a\.png: a mask is one channel'):
        read_labels(tmp_path / 'a.png')
    with pytest.raises(FileNotFoundError, match=r'b\.png does not exist'):
        read_labels(tmp_path / 'b.png')
    (tmp_path / 'c.png').write_bytes(b'no image')
    with pytest.raises(ImageError, match=r'c\.png cannot be decoded'):
        read_labels(tmp_path / 'c.png')


def test_unreadable_files_are_named(tmp_path):
    (tmp_path / 'a.png').write_bytes(b'no image')
    with pytest.raises(ImageError, match=r'a\.png \(8 bytes\) cannot be'):
        read_image(tmp_path / 'a.png')
    (tmp_path / 'b.png').write_bytes(b'')
    with pytest.raises(ImageError, match=r'b\.png \(0 bytes\)'):
        read_image(tmp_path / 'b.png')
    for read in (read_image, image_size):
        with pytest.raises(FileNotFoundError, match=r'c\.png does not exist'):
            read(tmp_path / 'c.png')
        with pytest.raises(ImageError, match=r'a\.png'):
            read(tmp_path / 'a.png')


def test_gray_with_transparency_stays_gray(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 255, (3, 4, 2), np.uint8)
    PIL.Image.fromarray(pixels, 'LA').save(tmp_path / 'a.png')
    np.testing.assert_array_equal(
        read_image(tmp_path / 'a.png'), pixels[..., 0]
    )


@pytest.mark.parametrize('kind', ['uint32', 'int16', 'float32', 'float64'])
def test_types_of_tiff(tmp_path, kind):
    pixels = (np.arange(60).reshape(3, 4, 5) * 1000.5).astype(kind)
    tifffile.imwrite(
        tmp_path / 'a.tif',
        pixels,
        photometric='minisblack',
        planarconfig='contig',
    )
    found = read_image(tmp_path / 'a.tif')
    assert found.dtype == kind
    np.testing.assert_array_equal(found, pixels)


def test_tiff_without_its_suffix(tmp_path):
    pixels = np.arange(12, dtype=np.float32).reshape(3, 4)
    tifffile.imwrite(tmp_path / 'a.bin', pixels)
    np.testing.assert_array_equal(read_image(tmp_path / 'a.bin'), pixels)
    assert image_size(tmp_path / 'a.bin') == (3, 4)


def test_other_formats_tell_no_spacing(tmp_path):
    tifffile.imwrite(tmp_path / 'a.tif', np.zeros((3, 4), np.uint8))
    assert image_spacing(tmp_path / 'a.tif') is None


def test_pages(tmp_path):
    pages = np.arange(60, dtype=np.uint8).reshape(5, 3, 4)
    path = tmp_path / 'a.tif'
    tifffile.imwrite(path, pages, photometric='minisblack')
    for read in (read_image, read_labels):
        np.testing.assert_array_equal(read(path, frame=4), pages[4])
    assert image_size(path, frame=2) == (3, 4)
    with pytest.raises(ImageError, match='choose one with page=0'):
        read_image(path)
    cv2.imwrite(str(tmp_path / 'b.png'), pages[0])
    for read in (read_image, read_labels):
        np.testing.assert_array_equal(
            read(tmp_path / 'b.png', frame=0), pages[0]
        )
        with pytest.raises(ImageError, match=r'b\.png has no frame 1'):
            read(tmp_path / 'b.png', frame=1)


@pytest.mark.parametrize('orientation', range(1, 9))
def test_photographs_are_upright(tmp_path, tissue, orientation):
    photo = PIL.Image.fromarray(tissue(40)[:, :24])
    exif = PIL.Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / 'a.jpg'
    photo.save(path, exif=exif)
    with PIL.Image.open(path) as stored:
        upright = np.asarray(PIL.ImageOps.exif_transpose(stored))
    assert upright.shape == ((40, 24, 3), (24, 40, 3))[orientation > 4]
    assert image_size(path) == upright.shape[:2]
    np.testing.assert_allclose(read_image(path), upright, atol=3)
    photo.convert('L').save(path, exif=exif)
    assert read_labels(path).shape == image_size(path) == upright.shape[:2]
    np.testing.assert_allclose(read_labels(path), read_image(path), atol=3)


@pytest.mark.parametrize('bits', [2, 4])
def test_labels_of_few_bits_are_not_spread(tmp_path, bits):
    labels = np.arange(16, dtype=np.uint8).reshape(2, 8) % 2**bits
    path = tmp_path / 'm.png'
    path.write_bytes(_png(labels, bits))
    np.testing.assert_array_equal(read_labels(path), labels)
    spread = labels * (255 // (2**bits - 1))
    np.testing.assert_array_equal(read_image(path), spread)


def _png(gray, bits):
    """A gray PNG; Pillow and OpenCV write no such ones."""

    def chunk(kind, data):
        check = struct.pack('>I', zlib.crc32(kind + data))
        return struct.pack('>I', len(data)) + kind + data + check

    height, width = gray.shape
    per_bit = gray[..., None] >> np.arange(bits)[::-1] & 1
    rows = np.packbits(per_bit.reshape(height, -1), axis=1)
    pixels = b''.join(b'\0' + row.tobytes() for row in rows)
    header = struct.pack('>2I5B', width, height, bits, 0, 0, 0, 0)
    return (
        b'\x89PNG\r\n\x1a\n'
        + chunk(b'IHDR', header)
        + chunk(b'IDAT', zlib.compress(pixels))
        + chunk(b'IEND', b'')
    )


def test_labels_of_webp(tmp_path):
    PIL.Image.fromarray(np.zeros((4, 5, 3), np.uint8)).save(
        tmp_path / 'a.webp'
    )
    with pytest.raises(ImageError, match='a mask is one channel'):
        read_labels(tmp_path / 'a.webp')


def test_sizes_of_photographs_are_read_once(tmp_path, monkeypatch, tissue):
    path = tmp_path / 'a.png'
    cv2.imwrite(str(path), tissue(40))
    opened = []
    real = PIL.Image.open
    monkeypatch.setattr(
        PIL.Image, 'open', lambda p: opened.append(p) or real(p)
    )
    assert image_size(path) == image_size(path) == (40, 40)
    assert len(opened) == 1
    cv2.imwrite(str(path), tissue(40)[:30])
    assert image_size(path) == (30, 40)


@pytest.mark.parametrize('value', [np.nan, np.inf, 0.5])
def test_labels_are_whole_numbers(tmp_path, value):
    nibabel = pytest.importorskip('nibabel')
    volume = np.zeros((3, 4, 5))
    volume[1, 2, 3] = value
    nibabel.save(nibabel.Nifti1Image(volume, np.eye(4)), tmp_path / 'm.nii')
    assert read_labels(tmp_path / 'm.nii', frame=2).dtype == np.uint8
    with pytest.raises(ImageError, match='one channel of class indices'):
        read_labels(tmp_path / 'm.nii', frame=3)
