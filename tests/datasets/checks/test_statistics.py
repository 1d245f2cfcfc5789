import numpy as np

from mmseg_medical.datasets.checks.finding import About
from mmseg_medical.datasets.checks.statistics import (
    count_classes,
    count_together,
)

ABOUT = About(classes=('background', 'lesion', 'vessel'))


def labels(*rows):
    mask = np.zeros((8, 10), np.uint8)
    for row, label in enumerate(rows):
        mask[2 * row] = label
    return mask


def test_classes_are_added_up(observed):
    every = [
        observed('a', mask=labels(1, 2, 1), drawn={'lesion': 5}),
        observed('b', mask=labels(1, 255)),
        observed('c', mask=False),
    ]
    background, lesion, vessel = count_classes(every, ABOUT)
    assert (background.images, background.pixels) == (2, 110)
    assert (lesion.name, lesion.images, lesion.pixels) == ('lesion', 2, 30)
    assert (lesion.components, lesion.drawn) == (3, 5)
    assert lesion.share == 30 / 150
    assert lesion.median_size == 2**3  # 10 pixels: between 8 and 11
    assert (vessel.images, vessel.components, vessel.drawn) == (1, 1, 0)
    images, pixels = count_together(every, [1, 2])
    assert images.tolist() == [[2, 1], [1, 1]]
    assert not pixels.any()


def test_the_middle_of_two_components_is_the_larger(observed):
    mask = np.zeros((20, 20), np.uint8)
    mask[0, 0] = mask[4:12, 4:12] = 1
    _, lesion, _ = count_classes([observed(mask=mask)], ABOUT)
    assert lesion.median_size == 64


def test_pixels_of_two_classes(observed):
    planes = np.zeros((8, 10, 2), np.uint8)
    planes[:4, :, 0] = planes[3:5, :, 1] = 1
    every = [observed('a', mask=planes), observed('b', mask=planes[::-1])]
    images, pixels = count_together(every, [0, 1])
    assert images.tolist() == [[2, 2], [2, 2]]
    assert pixels.tolist() == [[0, 20], [20, 0]]
    assert count_together(every, [1])[1].tolist() == [[0]]


def test_shades_are_no_classes(observed):
    shades = np.arange(80, dtype=np.uint8).reshape(8, 10)
    assert len(count_classes([observed(mask=shades)], ABOUT)) == 3
