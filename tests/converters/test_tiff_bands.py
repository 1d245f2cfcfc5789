import tracemalloc

import numpy as np
import pytest

from mmseg_medical.converters.tiff import (
    TIFFImage,
    read_metadata,
    write_tiff,
)
from mmseg_medical.converters.tiff_bands import bands_of, write_tiff_bands


def in_bands(img):
    return (img[:, band.slices[0]] for band in bands_of(img.shape))


@pytest.mark.parametrize('dtype', ['uint8', 'uint16'])
@pytest.mark.parametrize(
    'shape', [(1, 600, 700), (3, 600, 700), (2, 256, 256), (3, 5, 3)]
)
def test_the_file_is_that_of_the_whole(tmp_path, shape, dtype):
    img = np.random.default_rng(0).integers(0, 256, shape).astype(dtype)
    whole, parts = tmp_path / 'a.tiff', tmp_path / 'b.tiff'
    write_tiff(whole, img, planes=True, metadata=dict(a=1))
    write_tiff_bands(parts, in_bands(img), shape, dtype, metadata=dict(a=1))
    assert parts.read_bytes() == whole.read_bytes()
    assert read_metadata(parts) == dict(a=1)


def test_bands_are_rows_of_tiles():
    assert [tuple(band) for band in bands_of((2, 600, 30))] == [
        (0, 0, 256, 30),
        (256, 0, 256, 30),
        (512, 0, 88, 30),
    ]


def test_memory_is_that_of_a_band(tmp_path):
    """Of 5,000 x 1,000 pixels in three planes, 15 MB, in bands of 0.8 MB."""
    shape = (3, 5000, 1000)
    bands = (
        np.full((3, band.height, band.width), 7, np.uint8)
        for band in bands_of(shape)
    )
    tracemalloc.start()
    write_tiff_bands(tmp_path / 'a.tiff', bands, shape, np.uint8)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 6e6
    assert (TIFFImage(tmp_path / 'a.tiff').read() == 7).all()


def test_a_file_is_whole_or_not_there(tmp_path):
    def stop():
        yield np.zeros((1, 256, 20), np.uint8)
        raise RuntimeError('stop')

    for planes in (1, 2):
        with pytest.raises(RuntimeError, match='stop'):
            write_tiff_bands(
                tmp_path / 'a.tiff', stop(), (planes, 300, 20), np.uint8
            )
    assert list(tmp_path.iterdir()) == []
