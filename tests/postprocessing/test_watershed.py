import cv2
import numpy as np
import pytest
from scipy import ndimage
from skimage import segmentation

from mmseg_medical.postprocessing.watershed import (
    _flood,
    flood,
    peaks,
    watershed,
)


def discs(*circles, shape=(60, 100)):
    img = np.zeros(shape, np.uint8)
    for x, y, radius in circles:
        cv2.circle(img, (x, y), radius, 1, -1)
    return img > 0


def test_discs_that_touch_become_two():
    mask = discs((30, 30, 16), (58, 30, 16))
    found = watershed(mask, min_distance=8)
    labels, count = ndimage.label(found, np.ones((3, 3)))
    assert count == 2
    assert labels[30, 30] != labels[30, 58]
    # A line at the waist, of no more pixels than it has.
    removed = np.argwhere(mask & ~found)
    assert 8 <= len(removed) <= 24
    assert abs(removed[:, 1] - 44).max() <= 1


def test_one_disc_stays_whole():
    for mask in (
        discs((30, 30, 16)),
        discs((0, 30, 16)),
        discs((20, 30, 9), (80, 30, 9)),
        np.zeros((5, 6), bool),
        np.ones((5, 6), bool),
    ):
        np.testing.assert_array_equal(watershed(mask), mask)


def test_parts_without_a_peak_stay():
    mask = discs((30, 30, 16), (58, 30, 16))
    mask[2:4, 2:90] = True
    assert watershed(mask, min_distance=8)[2:4, 2:90].all()


@pytest.mark.parametrize('seed', range(3))
def test_floods_are_those_of_scikit_image(seed):
    rng = np.random.default_rng(seed)
    surface = ndimage.gaussian_filter(rng.normal(size=(60, 70)), 2)
    surface = -20 * (surface / surface.std()).astype(np.float32)
    mask = surface < 2
    markers = np.where(mask, peaks(-surface, 4), 0).astype(np.int32)
    assert markers.max() > 3
    expected = segmentation.watershed(
        surface, markers, mask=mask, connectivity=2
    )
    np.testing.assert_array_equal(flood(surface, markers, mask), expected)


def test_the_loop_is_the_same_without_numba():
    rng = np.random.default_rng(0)
    surface = rng.random(48).astype(np.float32)
    labels = np.full(48, -1, np.int32).reshape(6, 8)
    labels[1:-1, 1:-1] = 0
    labels[2, 2], labels[4, 5] = 1, 2
    steps = np.array([-8, -1, 1, 8])
    by_loop, compiled = labels.reshape(-1).copy(), labels.reshape(-1).copy()
    _flood.fallback(surface, by_loop, steps)
    _flood(surface, compiled, steps)
    np.testing.assert_array_equal(by_loop, compiled)
    assert set(by_loop) == {-1, 1, 2}
