import numpy as np
import pytest

from mmseg_medical.stain import density as module
from mmseg_medical.stain.density import Density

SCALE = Density(240, 1)


def densities(img):
    return -np.log((img.reshape(-1, 3).astype(float) + 1) / 240)


def test_intensity_undoes_the_table():
    for scale in (SCALE, Density(255, 1), Density(255, 0)):
        level = scale.intensity(scale.table())
        np.testing.assert_allclose(level[1:], np.arange(1, 256))


def test_the_identity_changes_nothing(tissue):
    img = tissue()
    out = module.recolor(img, np.eye(3), np.zeros(3), SCALE)
    np.testing.assert_array_equal(out, img)
    assert out is not img


def test_recolor_equals_its_formula(tissue):
    img = tissue()
    rng = np.random.default_rng(0)
    for _ in range(5):
        matrix = np.eye(3) + rng.normal(0, 0.3, (3, 3))
        shift = rng.normal(0, 0.05, 3)
        exact = 240 * np.exp(-(densities(img) @ matrix.T + shift)) - 1
        out = module.recolor(img, matrix, shift, SCALE).reshape(-1, 3)
        off = np.abs(out - np.clip(exact, 0, 255))
        assert off.max() < 0.65  # 0.5 is rounding


def test_every_intensity_and_extreme_maps_stay_in_range():
    img = np.zeros((256, 1, 3), np.uint8)
    img[:, 0, 0] = img[::-1, 0, 1] = np.arange(256)
    for matrix in (-5 * np.eye(3), 9 * np.ones((3, 3)), np.zeros((3, 3))):
        exact = 240 * np.exp(-(densities(img) @ matrix.T)) - 1
        out = module.recolor(img, matrix, np.zeros(3), SCALE)
        off = np.abs(out.reshape(-1, 3) - np.clip(exact, 0, 255))
        assert off.max() < 3


def test_moments_equal_numpy(tissue):
    img = tissue()
    pixels = img.reshape(-1, 3)
    table = SCALE.table()
    count, mean, covariance = module.moments(pixels, table, 200)
    kept = densities(img)[(pixels <= 200).all(1)]
    assert count == len(kept)
    np.testing.assert_allclose(mean, kept.mean(0), atol=1e-3)
    np.testing.assert_allclose(covariance, np.cov(kept.T), atol=1e-3)


def test_percentiles_equal_numpy(tissue):
    img = tissue()
    pixels = img.reshape(-1, 3)
    rng = np.random.default_rng(0)
    part = rng.uniform(0.2, 1, (2, 3, 1)) * SCALE.table()
    u, v = (sum(p[c][pixels[:, c]] for c in range(3)) for p in part)
    kept = (pixels <= 220).all(1)
    np.testing.assert_allclose(
        module.ratio_percentiles(pixels, part[0], part[1], 220, [1, 99]),
        np.percentile((u / v)[kept], [1, 99]),
        atol=5e-4,
    )
    np.testing.assert_allclose(
        module.sum_percentiles(pixels, part, 255, 99),
        [np.percentile(u, 99), np.percentile(v, 99)],
        atol=5e-3,
    )
    kept = (pixels <= 90).any(1)
    np.testing.assert_allclose(
        module.sum_percentiles(pixels, part, 90, 50),
        [np.percentile(u[kept], 50), np.percentile(v[kept], 50)],
        atol=5e-3,
    )


def test_compiled_and_numpy_agree(tissue, monkeypatch):
    img = tissue()
    pixels = img.reshape(-1, 3)
    table = SCALE.table()
    part = np.random.default_rng(0).uniform(0.2, 1, (2, 3, 1)) * table
    matrix = np.array([[1, 0.2, 0], [0, 0.8, 0.1], [0.1, 0, 1.2]])

    def results():
        yield module.recolor(img, matrix, np.full(3, 0.02), SCALE)
        yield module.project(img, matrix, table)
        yield module.moments(pixels, table, 200)[2]
        yield module.ratio_percentiles(pixels, *part, 220, [1, 50, 99])
        yield module.sum_percentiles(pixels, part, 220, 99)

    compiled = list(results())
    for name in ('_recolor', '_project', '_moments', '_ratios', '_sums'):
        monkeypatch.setattr(module, name, getattr(module, name).fallback)
    for one, other in zip(compiled, results(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    'img',
    [
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((4, 4, 3), np.uint16),
    ],
)
def test_what_is_no_rgb_image_is_refused(img):
    with pytest.raises(ValueError, match=r'take \(H, W, 3\) uint8 RGB'):
        module.as_pixels(img)
