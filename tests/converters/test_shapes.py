import numpy as np
import pytest
from skimage.measure import regionprops

from mmseg_medical.converters.runs import Runs
from mmseg_medical.converters.runs_geometry import runs_of_labels
from mmseg_medical.converters.shapes import Pixels


def test_a_rectangle_by_hand():
    mask = np.zeros((9, 8), np.uint8)
    mask[2:5, 1:6] = 1
    shapes = Pixels([Runs.from_mask(mask, 'C')]).shapes()
    assert shapes.areas.tolist() == [15]
    assert shapes.centroids.tolist() == [[3, 3]]
    # Through the middles of its border pixels, 2 x (4 + 2).
    assert shapes.perimeters[0] == pytest.approx(12)
    # Of n pixels in a line the variance is (n² - 1) / 12: 2 / 3 and 2.
    assert shapes.eccentricities[0] == pytest.approx((2 / 3) ** 0.5)


@pytest.mark.parametrize('seed', range(3))
def test_as_scikit_image(seed):
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 5, (6, 7))
    labels = np.kron(coarse, np.ones((5, 4), int))
    labels[rng.random(labels.shape) < 0.1] = 0
    labels[0, 0] = 9
    found = Pixels([*runs_of_labels(labels).values()]).shapes()
    expected = regionprops(labels)
    for values, name in zip(
        found,
        ('area', 'centroid', 'perimeter', 'eccentricity'),
        strict=True,
    ):
        wanted = [getattr(region, name) for region in expected]
        np.testing.assert_allclose(values, wanted, atol=1e-7)


def test_a_pixel_alone_and_none():
    one = Runs.from_mask(np.eye(1, 5, 4, np.uint8), 'F')
    shapes = Pixels([one]).shapes()
    assert [part.tolist() for part in shapes] == [[1], [[0, 4]], [0], [0]]
    assert [part.size for part in Pixels([]).shapes()] == [0] * 4


def test_objects_that_overlap_are_measured_each():
    mask = np.ones((3, 3), np.uint8)
    one, two = Runs.from_mask(mask, 'F'), Runs.from_mask(np.tril(mask), 'F')
    pixels = Pixels([one, two])
    assert pixels.shapes().areas.tolist() == [9, 6]
    values = pixels.rows * 3 + pixels.columns
    np.testing.assert_allclose(pixels.mean(values), [4, 28 / 6])
