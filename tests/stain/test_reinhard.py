import cv2
import numpy as np

from mmseg_medical.stain import ReinhardNormalizer


def lab(img):
    return cv2.cvtColor(img, cv2.COLOR_RGB2LAB).reshape(-1, 3).astype(float)


def test_moments_become_those_of_the_target(tissue):
    target = np.clip(tissue(128, 1) * 0.7 + 20, 0, 255).astype(np.uint8)
    img = tissue(128, 2)
    normalizer = ReinhardNormalizer(tissue_only=False).fit(target)
    out = lab(normalizer.normalize(img))
    np.testing.assert_allclose(out.mean(0), lab(target).mean(0), atol=1.5)
    np.testing.assert_allclose(out.std(0), lab(target).std(0), atol=1.5)


def test_equals_its_formula(tissue):
    target, img = tissue(96, 1), tissue(96, 2)
    normalizer = ReinhardNormalizer(tissue_only=False).fit(target)
    a, b = lab(img), lab(target)
    expected = (a - a.mean(0)) / a.std(0) * b.std(0) + b.mean(0)
    expected = np.round(np.clip(expected, 0, 255)).astype(np.uint8)
    expected = cv2.cvtColor(expected.reshape(img.shape), cv2.COLOR_LAB2RGB)
    np.testing.assert_array_equal(normalizer.normalize(img), expected)


def test_background_does_not_shift_the_statistics(tissue):
    img = tissue(96)
    slide = np.full((480, 96, 3), 250, np.uint8)
    slide[:96] = img
    alone = ReinhardNormalizer().statistics(img)
    masked = ReinhardNormalizer().statistics(slide)
    whole = ReinhardNormalizer(tissue_only=False).statistics(slide)
    np.testing.assert_allclose(masked.mean, alone.mean, atol=0.5)
    assert abs(whole.mean[0] - alone.mean[0]) > 10
