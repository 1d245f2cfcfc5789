import cv2
import numpy as np
import pytest
from mmseg.registry import TRANSFORMS

from mmseg_medical.datasets.transforms import StainJitter, StainNormalize
from mmseg_medical.stain import MacenkoNormalizer, build_normalizer


def test_normalize_takes_and_gives_bgr(tissue):
    rgb = tissue()
    transform = TRANSFORMS.build(dict(type='StainNormalize'))
    out = transform(dict(img=rgb[..., ::-1].copy()))
    expected = MacenkoNormalizer().normalize(rgb)
    np.testing.assert_array_equal(out['img'][..., ::-1], expected)
    assert out['stain_normalized'] is True


def test_targets_from_images_and_from_files(tissue, tmp_path):
    target, img = tissue(96, 1), tissue()
    cv2.imwrite(str(tmp_path / 'target.png'), target[..., ::-1])
    fitted = StainNormalize('reinhard', str(tmp_path / 'target.png'))
    build_normalizer('reinhard').fit(target).save(tmp_path / 'target.json')
    loaded = StainNormalize(str(tmp_path / 'target.json'))
    results = [t(dict(img=img.copy()))['img'] for t in (fitted, loaded)]
    np.testing.assert_array_equal(*results)
    with pytest.raises(ValueError, match='reinhard needs a target'):
        StainNormalize('reinhard')


def test_blank_tiles_pass_and_say_so():
    img = np.full((32, 32, 3), 250, np.uint8)
    out = StainNormalize()(dict(img=img))
    assert out['img'] is img
    assert out['stain_normalized'] is False


def test_probability_keeps_some_images(tissue):
    transform = StainNormalize(prob=0.5)
    img = tissue(64)
    changed = [
        'stain_normalized' in transform(dict(img=img)) for _ in range(40)
    ]
    assert 8 < sum(changed) < 32


def test_jitter_varies_within_its_range(tissue):
    img = tissue(64)
    jitter = StainJitter(gain=0.2, shift=0.05, prob=1)
    means = [jitter(dict(img=img))['img'].mean() for _ in range(20)]
    assert np.std(means) > 1
    assert abs(np.mean(means) - img.mean()) < 15
    none = StainJitter(gain=0, shift=0, prob=1)(dict(img=img))['img']
    np.testing.assert_array_equal(none, img)
    assert StainJitter(prob=0)(dict(img=img))['img'] is img


@pytest.mark.parametrize('arguments', [dict(gain=1), dict(shift=-0.1)])
def test_jitter_ranges_are_checked(arguments):
    with pytest.raises(ValueError, match='must lie in'):
        StainJitter(**arguments)


@pytest.mark.parametrize('transform', [StainJitter(prob=1), StainNormalize()])
@pytest.mark.parametrize(
    'img', [np.zeros((4, 5, 1), np.uint8), np.zeros((4, 5, 3), np.uint16)]
)
def test_stains_are_those_of_8_bit_colour(transform, img):
    with pytest.raises(ValueError, match=r'a\.tif: stains are those of 8-bit'):
        transform(dict(img=img, img_path='a.tif'))
