import numpy as np

from mmseg_medical.datasets.checks.finding import About, Severity
from mmseg_medical.datasets.checks.intensities import (
    check_blank,
    check_dark,
    check_numbers,
    check_ranges,
)


def ramp(high, dtype=np.uint16):
    return np.linspace(0, high, 80).reshape(8, 10).astype(dtype)


def test_16_bits_that_are_black_as_8(observed):
    every = [
        observed('a', img=ramp(125)),
        observed('b', img=ramp(10081)),
        observed('c'),
    ]
    (found,) = check_ranges(every, About())
    assert found.severity == Severity.WARNING
    assert found.problem == (
        '2 images of uint16 from 0 to 10081, and nothing maps them to one '
        'range; 1 stay below 256, which as 16 bits is black'
    )
    assert found.names == ('a',)
    assert 'each image by itself' in found.cure
    assert found.config == "dict(type='MapIntensity', method='percentile')"
    assert not list(check_ranges(every, About(maps_intensity=True)))
    assert not list(check_ranges(every[2:], About()))


def test_one_window_where_ranges_are_alike(observed):
    every = [observed(n, img=ramp(4000 + k)) for k, n in enumerate('abc')]
    (found,) = check_ranges(every, About())
    assert found.config == (
        "dict(type='MapIntensity', method='window', low=0, high=4002)"
    )
    assert not found.names


def test_dark_images_of_8_bits(observed):
    every = [observed('a', img=ramp(9, np.uint8)), observed('b')]
    (found,) = check_dark(every, About())
    assert found.names == ('a',)
    assert not list(check_dark(every[1:], About()))


def test_images_of_one_colour(observed):
    purple = np.zeros((8, 10, 3), np.uint8) + np.uint8([90, 0, 90])
    every = [observed('a', img=purple), observed('b')]
    (found,) = check_blank(every, About())
    assert found.names == ('a',)
    assert found.problem == '1 image of one colour'


def test_pixels_that_are_no_numbers(observed):
    img = ramp(5, np.float32)
    img[2, 2] = np.nan
    every = [observed('a', img=img), observed('b', img=ramp(5, np.float32))]
    (found,) = check_numbers(every, About())
    assert found.severity == Severity.ERROR
    assert found.names == ('a',)
