import numpy as np
import pytest

from mmseg_medical.stain import jitter_stains, separate_stains
from mmseg_medical.stain.separation import HED_VECTORS


def test_separation_equals_scikit_image(tissue):
    color = pytest.importorskip('skimage.color')
    img = tissue()
    img[0, 0] = 0
    out = separate_stains(img)
    assert out.dtype == np.float32
    np.testing.assert_allclose(out, color.rgb2hed(img), atol=1e-6)


def test_no_jitter_changes_nothing(tissue):
    img = tissue()
    np.testing.assert_array_equal(jitter_stains(img, [1, 1, 1], 0), img)


def test_gain_scales_one_stain_only():
    img = np.round(255 * np.exp(-0.8 * HED_VECTORS[0]) - 1).astype(np.uint8)
    out = jitter_stains(img[None, None], [1.5, 1, 1], [0, 0, 0])
    expected = 255 * np.exp(-1.2 * HED_VECTORS[0]) - 1
    np.testing.assert_allclose(out[0, 0], expected, atol=2.5)


def test_shift_adds_stain():
    img = np.full((1, 1, 3), 200, np.uint8)
    out = jitter_stains(img, [1, 1, 1], [0.2, 0, 0])
    expected = 201 * np.exp(-0.2 * HED_VECTORS[0]) - 1
    np.testing.assert_allclose(out[0, 0], expected, atol=1)
