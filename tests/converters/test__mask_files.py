from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from mmseg_medical.converters import _mask_files as files
from mmseg_medical.converters.image import read_image
from mmseg_medical.converters.image_folder import ImageFolder
from mmseg_medical.converters.record import Record
from mmseg_medical.converters.runs import Runs
from mmseg_medical.converters.tiff import ImageError
from mmseg_medical.errors import InputError

MASK = np.array([[0, 1, 1], [0, 0, 1]], np.uint8)


@pytest.mark.parametrize(
    'img',
    [
        Image.fromarray(MASK * 255),
        Image.fromarray(MASK),
        Image.fromarray(MASK > 0),
        Image.fromarray(MASK * 255).convert('RGB'),
        Image.fromarray(MASK * 255).convert('RGBA'),
        Image.fromarray(MASK * np.uint16(65535)),
    ],
    ids=['255', '1', '1 bit', 'rgb', 'rgba', '16 bit'],
)
def test_masks_of_two_values(tmp_path, img):
    img.save(tmp_path / 'm.png')
    np.testing.assert_array_equal(
        files.read_mask(tmp_path / 'm.png').to_mask(), MASK
    )


def test_what_is_no_mask(tmp_path):
    path = tmp_path / 'm.png'
    cv2.imwrite(str(path), np.array([[0, 100, 255]], np.uint8))
    with pytest.raises(ImageError, match=r'm\.png: .* this \[0, 100, 255\]'):
        files.read_mask(path)
    cv2.imwrite(str(path), np.array([[[0, 100, 255]]], np.uint8))
    with pytest.raises(ImageError, match=r'one channel .* \(1, 1, 3\)'):
        files.read_mask(path)
    path.write_bytes(b'\x89PNG\r\n')
    with pytest.raises(ImageError, match=r'm\.png .*cannot be decoded'):
        files.read_mask(path)


def test_masks_are_written_as_0_and_255(tmp_path):
    path = tmp_path / 'new' / 'm.png'
    files.write_mask(path, Runs.from_mask(MASK, 'C'))
    np.testing.assert_array_equal(np.asarray(Image.open(path)), MASK * 255)


def test_files_come_in_the_order_of_their_numbers(tmp_path):
    for name in ('m10.png', 'm2.png', 'M1.tif', '.m3.png', 'm4.txt', 'x.png'):
        (tmp_path / name).touch()
    (tmp_path / 'm5.png').mkdir()
    names = [p.name for p in files.mask_files(tmp_path)]
    assert names == ['M1.tif', 'm2.png', 'm10.png', 'x.png']


def test_images_are_copied_or_written_anew(tmp_path):
    rng = np.random.default_rng(0)
    source = tmp_path / 'source'
    source.mkdir()
    for name, img in (
        ('a.png', rng.integers(0, 256, (2, 3, 3)).astype(np.uint8)),
        ('b.bmp', rng.integers(0, 256, (2, 3, 3)).astype(np.uint8)),
        ('c.tif', rng.integers(0, 65536, (2, 3)).astype(np.uint16)),
    ):
        cv2.imwrite(str(source / name), img)
        record = Record(name[0], (2, 3), ())
        files.place_image(
            *(record, ImageFolder(source)),
            folder=tmp_path / 'to',
            name=name[0],
            suffix='.png',
        )
        written = tmp_path / 'to' / f'{name[0]}.png'
        pixels = read_image(written)
        assert pixels.dtype == img.dtype
        np.testing.assert_array_equal(pixels, read_image(source / name))
        copied = written.read_bytes() == (source / name).read_bytes()
        assert copied == (name == 'a.png')


def test_images_that_do_not_fit_are_refused(tmp_path):
    cv2.imwrite(str(tmp_path / 'a.tif'), np.zeros((2, 3), np.float32))
    images = ImageFolder(tmp_path)
    place = dict(folder=tmp_path, name='b', suffix='.png')
    with pytest.raises(InputError, match=r'\(4, 3\) .*a\.tif has \(2, 3\)'):
        files.place_image(*(Record('a', (4, 3), ()), images), **place)
    with pytest.raises(InputError, match='pixels of float32'):
        files.place_image(*(Record('a', (2, 3), ()), images), **place)
    with pytest.raises(InputError, match='no image of that name'):
        files.place_image(Record('c', None, (), Path('../c')), images, **place)
    assert [p.name for p in tmp_path.iterdir()] == ['a.tif']


def test_files_are_in_the_order_of_their_numbers(tmp_path):
    names = ['a_2.png', 'a_10.png', 'a_٣.png', 'a1²3.png', '.a_1.png']
    for name in names:
        (tmp_path / name).touch()
    assert [f.name for f in files.mask_files(tmp_path)] == [
        'a1²3.png',
        'a_2.png',
        'a_٣.png',
        'a_10.png',
    ]
