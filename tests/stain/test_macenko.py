import numpy as np
import pytest

from mmseg_medical.stain import MacenkoNormalizer
from mmseg_medical.stain.macenko import REFERENCE


def by_the_paper(img, target=REFERENCE, alpha=1, beta=0.15):
    """Macenko's algorithm written down directly, in floats."""
    density = -np.log((img.reshape(-1, 3).astype(float) + 1) / 240)
    tissue = density[(density >= beta).all(1)]
    _, vectors = np.linalg.eigh(np.cov(tissue.T))
    plane = vectors[:, 1:]
    projected = tissue @ plane
    angle = np.arctan2(projected[:, 1], projected[:, 0])
    pure = [
        plane @ [np.cos(a), np.sin(a)]
        for a in np.percentile(angle, [alpha, 100 - alpha])
    ]
    pure = sorted((v * np.sign(v.sum()) for v in pure), key=lambda v: -v[0])
    matrix = np.stack(pure, 1)
    amount = np.linalg.lstsq(matrix, density.T, rcond=None)[0]
    maxima = np.percentile(amount, 99, axis=1)
    amount *= (np.array(target.maxima) / maxima)[:, None]
    out = 240 * np.exp(-np.transpose(target.matrix) @ amount).T - 1
    return matrix.T, maxima, np.clip(out, 0, 255).reshape(img.shape)


def test_equals_the_paper(tissue):
    img = tissue(160)
    matrix, maxima, expected = by_the_paper(img)
    normalizer = MacenkoNormalizer()
    stains = normalizer.statistics(img)
    np.testing.assert_allclose(stains.matrix, matrix, atol=1e-3)
    np.testing.assert_allclose(stains.maxima, maxima, rtol=2e-3)
    assert np.abs(normalizer.normalize(img) - expected).max() < 1


def test_finds_the_stains_that_were_mixed(tissue):
    stains = MacenkoNormalizer().statistics(tissue(256))
    haematoxylin = np.array([0.65, 0.70, 0.29])
    eosin = np.array([0.07, 0.99, 0.11])
    for found, mixed in zip(stains.matrix, (haematoxylin, eosin), strict=True):
        assert np.dot(found, mixed / np.linalg.norm(mixed)) > 0.96


def test_an_image_is_its_own_target(tissue):
    img = tissue(128)
    out = MacenkoNormalizer().fit(img).normalize(img).astype(int)
    # What lies outside of the plane of the two stains is lost.
    assert np.abs(out - img).mean() < 4


def test_large_images_use_every_nth_row_for_the_axes(tissue):
    img = tissue(300)
    exact = MacenkoNormalizer().normalize(img).astype(int)
    some = MacenkoNormalizer(sample=10_000).normalize(img).astype(int)
    assert np.abs(exact - some).mean() < 1


def test_the_maxima_can_be_of_the_tissue(tissue):
    img = tissue(128)
    slide = np.full((512, 128, 3), 245, np.uint8)
    slide[:128] = img
    of_tissue = MacenkoNormalizer(tissue_only=True)
    alone = of_tissue.statistics(img).maxima
    np.testing.assert_allclose(
        of_tissue.statistics(slide).maxima, alone, rtol=1e-3
    )
    whole = MacenkoNormalizer().statistics(slide).maxima
    assert (np.array(whole) < alone).all()


def test_equals_torchstain_on_real_tissue():
    torchstain = pytest.importorskip('torchstain')
    skimage_data = pytest.importorskip('skimage.data')
    img = skimage_data.immunohistochemistry()
    theirs = torchstain.normalizers.MacenkoNormalizer('numpy')
    expected = theirs.normalize(img, stains=False)[0].astype(int)
    ours = MacenkoNormalizer().normalize(img).astype(int)
    assert np.abs(ours - expected).max() <= 1
