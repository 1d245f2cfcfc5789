import json

import numpy as np
import pytest

from mmseg_medical.stain import StainNormalizer, build_normalizer

METHODS = sorted(StainNormalizer.methods)
RNG = np.random.default_rng(0)
FLAT = {
    'white': np.full((64, 64, 3), 255, np.uint8),
    'black': np.zeros((64, 64, 3), np.uint8),
    'gray': RNG.integers(0, 255, (64, 64, 1), np.uint8).repeat(3, 2),
    'one colour': np.full((64, 64, 3), (180, 90, 160), np.uint8),
    'one colour and noise': np.clip(
        RNG.normal((180, 90, 160), 1.0, (64, 64, 3)), 0, 255
    ).astype(np.uint8),
    'one pixel': np.full((1, 1, 3), 90, np.uint8),
    'a speck of tissue': np.full((640, 640, 3), 250, np.uint8),
}
FLAT['a speck of tissue'][:5, :5] = RNG.integers(60, 200, (5, 5, 3))


def test_three_methods():
    assert METHODS == ['macenko', 'reinhard', 'vahadane']


@pytest.mark.parametrize('method', METHODS)
@pytest.mark.parametrize('kind', FLAT)
def test_tiles_without_two_stains_pass_unchanged_and_are_counted(
    method, kind, tissue
):
    normalizer = build_normalizer(method).fit(tissue())
    img = FLAT[kind]
    assert normalizer.normalize(img) is img
    assert normalizer.unchanged == 1
    normalizer.normalize(tissue(64, 3))
    assert normalizer.unchanged == 1


@pytest.mark.parametrize('method', METHODS)
def test_flat_targets_are_refused(method):
    with pytest.raises(ValueError, match=f'cannot fit {method}'):
        build_normalizer(method).fit(FLAT['white'])


@pytest.mark.parametrize('method', METHODS)
def test_the_image_is_not_changed(method, tissue):
    img = tissue()
    before = img.copy()
    out = build_normalizer(method).fit(tissue(96, 1)).normalize(img)
    np.testing.assert_array_equal(img, before)
    assert out.dtype == np.uint8
    assert out.shape == img.shape


@pytest.mark.parametrize('method', METHODS)
def test_a_saved_target_gives_the_same_result(method, tissue, tmp_path):
    normalizer = build_normalizer(method, min_tissue=0.01).fit(tissue(96, 1))
    normalizer.save(tmp_path / 'target.json')
    loaded = build_normalizer(tmp_path / 'target.json')
    assert loaded.options() == normalizer.options()
    np.testing.assert_array_equal(
        loaded.normalize(tissue()), normalizer.normalize(tissue())
    )


@pytest.mark.parametrize('method', METHODS)
def test_not_contiguous_images_work(method, tissue):
    img = tissue()
    normalizer = build_normalizer(method).fit(img)
    flipped = np.ascontiguousarray(img[:, ::-1])
    np.testing.assert_array_equal(
        normalizer.normalize(img[:, ::-1]), normalizer.normalize(flipped)
    )


def test_without_a_target_there_is_no_result(tissue):
    with pytest.raises(RuntimeError, match=r'call fit\(image\)'):
        build_normalizer('reinhard').normalize(tissue())
    with pytest.raises(RuntimeError, match='no target to save'):
        build_normalizer('vahadane').save('x.json')


def test_unknown_methods_and_files_are_named(tmp_path):
    with pytest.raises(ValueError, match="unknown stain normalisation 'he'"):
        build_normalizer('he')
    with pytest.raises(FileNotFoundError):
        build_normalizer(tmp_path / 'none.json')
    (tmp_path / 'a.json').write_text(json.dumps(dict(method='macenko')))
    with pytest.raises(ValueError, match=r'a\.json is no saved stain target'):
        build_normalizer(tmp_path / 'a.json')
