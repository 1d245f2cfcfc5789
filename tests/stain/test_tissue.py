import numpy as np

from mmseg_medical.stain import tissue_mask


def test_dark_pixels_are_tissue():
    img = np.array([[[250, 250, 250], [120, 60, 130]]], np.uint8)
    assert tissue_mask(img).tolist() == [[0, 255]]


def test_the_threshold_is_lightness():
    img = np.full((1, 1, 3), 190, np.uint8)  # L of 77
    assert tissue_mask(img).item() == 255
    assert tissue_mask(img, luminosity=0.7).item() == 0
