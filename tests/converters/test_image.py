import cv2
import numpy as np
import pytest
import tifffile

from mmseg_medical.converters.image import image_size, read_image
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


def test_type_and_alpha_are_kept(tmp_path):
    deep = np.arange(12, dtype=np.uint16).reshape(3, 4) * 5000
    cv2.imwrite(str(tmp_path / 'deep.png'), deep)
    np.testing.assert_array_equal(read_image(tmp_path / 'deep.png'), deep)
    rgba = np.random.default_rng(0).integers(0, 255, (3, 4, 4), np.uint8)
    cv2.imwrite(
        str(tmp_path / 'alpha.png'), cv2.cvtColor(rgba, cv2.COLOR_RGBA2BGRA)
    )
    np.testing.assert_array_equal(read_image(tmp_path / 'alpha.png'), rgba)


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
