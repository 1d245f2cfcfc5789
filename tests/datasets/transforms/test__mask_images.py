import numpy as np

from mmseg_medical.datasets.transforms._mask_images import mapped


def test_values_that_are_not_named_stay():
    labels = np.array([[0, 1, 2, 255]], np.uint8)
    np.testing.assert_array_equal(
        mapped(labels, {1: 2, 2: 1}), [[0, 2, 1, 255]]
    )
