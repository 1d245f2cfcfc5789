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
        'range; black on a screen: 1 image'
    )
    assert found.names == ('a',)
    assert 'each image by itself' in found.cure
    assert found.config == dict(type='MapIntensity', method='percentile')
    assert not list(check_ranges(every, About(maps_intensity=True)))
    assert not list(check_ranges(every[2:], About()))


def test_one_window_where_ranges_are_alike(observed):
    every = [observed(n, img=ramp(4000 + k)) for k, n in enumerate('abc')]
    (found,) = check_ranges(every, About())
    assert found.lines == (
        "dict(type='MapIntensity', method='window', low=0, high=4002)",
    )
    assert not found.names


def test_float_images_are_not_black_and_nan_has_no_range(observed):
    every = [
        observed('a', img=ramp(1 / 3, np.float32)),
        observed('b', img=ramp(1 / 3, np.float32) * np.nan),
    ]
    (found,) = check_ranges(every, About())
    assert found.problem.startswith('1 image of float32 from 0 to 0.333333, ')
    assert 'black' not in found.problem
    assert found.config['high'] == 0.333333
    assert not list(check_ranges(every[1:], About()))


def test_hounsfield_units_of_dark_images_are_mapped_each_by_itself(observed):
    every = [
        observed('a', img=ramp(900, np.int16) - 1000),
        observed('b', img=ramp(3000, np.int16) - 1000),
    ]
    (found,) = check_ranges(every, About())
    assert found.config['method'] == 'percentile'


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
