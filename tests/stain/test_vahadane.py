import numpy as np
import pytest
from scipy.optimize import nnls

from mmseg_medical.stain import VahadaneNormalizer
from mmseg_medical.stain import vahadane as module


def cost(density, atoms, penalty):
    amount = module._concentrations(density, atoms, penalty)
    rest = density - atoms.T @ amount
    return ((rest**2).sum(0) / 2 + penalty * amount.sum(0)).mean()


def test_sparse_code_is_the_optimum():
    rng = np.random.default_rng(0)
    atoms = rng.uniform(0.1, 1, (2, 3))
    atoms /= np.linalg.norm(atoms, axis=1, keepdims=True)
    density = rng.uniform(0, 2, (3, 200))
    penalty = 0.1
    amount = module._concentrations(density, atoms, penalty)
    assert (amount >= 0).all()
    # A lasso with a >= 0 is a least-squares problem with shifted data.
    shifted = density - (penalty * np.linalg.pinv(atoms).sum(1))[:, None]
    for k in range(200):
        best, _ = nnls(atoms.T, shifted[:, k])
        np.testing.assert_allclose(amount[:, k], best, atol=1e-6)


def test_compiled_and_numpy_agree():
    inner = np.random.default_rng(0).normal(0.5, 1, (2, 500))
    gram = np.array([[1, 0.8], [0.8, 1]])
    np.testing.assert_allclose(
        module._sparse_code(inner, gram, 0.1),
        module._sparse_code.fallback(inner, gram, 0.1),
    )


def test_the_stains_are_a_local_optimum(tissue):
    img = tissue(160)
    normalizer = VahadaneNormalizer()
    atoms = np.array(normalizer.statistics(img).matrix)
    table = normalizer.density.table()
    density = table[img.reshape(-1, 3).T]
    best = cost(density, atoms, 0.1)
    rng = np.random.default_rng(0)
    for _ in range(30):
        other = np.abs(atoms + rng.normal(0, 0.05, (2, 3)))
        other /= np.linalg.norm(other, axis=1, keepdims=True)
        assert cost(density, other, 0.1) > best - 1e-4


def test_finds_the_stains_that_were_mixed(tissue):
    stains = VahadaneNormalizer().statistics(tissue(256))
    for found, mixed in zip(
        stains.matrix, ([0.65, 0.70, 0.29], [0.07, 0.99, 0.11]), strict=True
    ):
        assert np.dot(found, mixed / np.linalg.norm(mixed)) > 0.95


def test_no_seed_and_no_chance(tissue):
    img = tissue(96)
    normalizer = VahadaneNormalizer().fit(tissue(96, 1))
    np.testing.assert_array_equal(
        normalizer.normalize(img), normalizer.normalize(img)
    )


def test_an_image_is_its_own_target(tissue):
    img = tissue(128)
    out = VahadaneNormalizer().fit(img).normalize(img).astype(int)
    assert np.abs(out - img).mean() < 4


@pytest.mark.slow
def test_close_to_staintools_on_real_tissue():
    staintools = pytest.importorskip('staintools')
    skimage_data = pytest.importorskip('skimage.data')
    img = skimage_data.immunohistochemistry()
    theirs = staintools.StainNormalizer('vahadane')
    theirs.fit(img.copy())
    expected = theirs.transform(img.copy()).astype(int)
    ours = VahadaneNormalizer().fit(img).normalize(img).astype(int)
    assert np.abs(ours - expected).mean() < 3
