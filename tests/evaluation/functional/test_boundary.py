import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra import numpy as hnp
from scipy import ndimage
from scipy.spatial.distance import cdist

from mmseg_medical.evaluation.functional.boundary import (
    as_masks,
    boundary,
    crop_to_union,
    distances_to,
)

masks_2d = hnp.arrays(bool, (2, 5, 6))


def test_boundary_by_hand():
    mask = np.zeros((6, 6), bool)
    mask[1:5, 1:5] = True
    inner = np.zeros_like(mask)
    inner[2:4, 2:4] = True
    np.testing.assert_array_equal(boundary(mask), mask & ~inner)


@pytest.mark.parametrize('shape', [(1, 1), (7, 9), (1, 8), (4, 6, 5)])
def test_boundary_is_what_erosion_takes(shape):
    for seed in range(5):
        mask = np.random.default_rng(seed).random(shape) < 0.8
        expected = mask ^ ndimage.binary_erosion(mask)
        np.testing.assert_array_equal(boundary(mask), expected)


def test_boundary_is_closed_at_the_border_of_the_image():
    assert boundary(np.ones((3, 3), bool)).sum() == 8


@given(masks_2d)
def test_the_crop_keeps_all_foreground_and_no_margin(masks):
    pred, gt = crop_to_union(*masks)
    assert pred.shape == gt.shape
    assert pred.sum() == masks[0].sum()
    assert gt.sum() == masks[1].sum()
    union = pred | gt
    if not masks.any():
        assert union.size == 0
        return
    assert union[0].any()
    assert union[-1].any()
    assert union[:, 0].any()
    assert union[:, -1].any()


@given(masks_2d)
def test_distances_are_the_least_of_all_pairs(masks):
    one, other = masks
    step = np.array([2.0, 0.5])
    found = distances_to(one, other, step)
    if other.any():
        pairs = cdist(np.argwhere(one) * step, np.argwhere(other) * step)
        np.testing.assert_allclose(found, pairs.min(1, initial=np.inf))
    else:
        assert found.tolist() == [np.inf] * one.sum()


def test_masks_of_any_type_and_spacing():
    pred = np.array([[0, 255], [1, 0]], np.uint8)
    one, other, step = as_masks(pred, pred > 0, 2)
    assert one.tolist() == other.tolist() == [[False, True], [True, False]]
    assert step.tolist() == [2, 2]


@pytest.mark.parametrize(
    ('shapes', 'spacing', 'message'),
    [
        (((2, 3), (3, 2)), 1, 'must have the same shape'),
        (((4,), (4,)), 1, r'\(H, W\) or \(D, H, W\)'),
        (((2, 3), (2, 3)), 0, 'a positive length'),
        (((2, 3), (2, 3)), np.nan, 'a positive length'),
        (((2, 3), (2, 3)), (1, 1, 3), 'one per axis'),
        (((2, 3), (2, 3)), [[1, 2]], 'one per axis'),
    ],
)
def test_what_does_not_fit_is_named(shapes, spacing, message):
    with pytest.raises(ValueError, match=message):
        as_masks(*(np.zeros(shape) for shape in shapes), spacing)
