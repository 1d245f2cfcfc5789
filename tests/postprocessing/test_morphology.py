import numpy as np
import pytest
from scipy import ndimage
from skimage import morphology

from mmseg_medical.postprocessing.morphology import (
    close_mask,
    open_mask,
    shrink,
)


@pytest.fixture
def blobs():
    rng = np.random.default_rng(0)
    return ndimage.gaussian_filter(rng.normal(size=(60, 80)), 2) > 0


@pytest.mark.parametrize(
    ('shape', 'footprint'),
    [('rect', np.ones((5, 5))), ('cross', morphology.disk(1))],
)
def test_as_scikit_image(blobs, shape, footprint):
    size = len(footprint)
    np.testing.assert_array_equal(
        open_mask(blobs, size=size, shape=shape),
        morphology.opening(blobs, footprint, mode='ignore'),
    )
    np.testing.assert_array_equal(
        close_mask(blobs, size=size, shape=shape),
        morphology.closing(blobs, footprint, mode='ignore'),
    )


def test_a_line_is_opened_and_a_gap_closed():
    mask = np.zeros((9, 15), bool)
    mask[2:7, 1:6] = mask[2:7, 7:12] = True  # a gap of one pixel
    mask[4, 12:] = True  # a line of one pixel
    closed = close_mask(mask, size=3, shape='rect')
    assert closed[2:7, 1:12].all()
    opened = open_mask(mask, size=3, shape='rect')
    assert opened.sum() == 50
    assert open_mask(mask, size=1).tolist() == mask.tolist()


def test_a_rim_is_as_wide_as_the_distance(blobs):
    for width in (1, 2.5):
        expected = ndimage.distance_transform_edt(blobs) > width
        np.testing.assert_array_equal(shrink(blobs, width=width), expected)
    assert shrink(blobs, width=0).tolist() == blobs.tolist()


def test_the_border_of_the_image_is_no_outline():
    assert shrink(np.ones((5, 6), bool), width=3).all()
    half = np.zeros((5, 6), bool)
    half[:, :3] = True
    assert shrink(half, width=1).tolist() == [[1, 1, 0, 0, 0, 0]] * 5
