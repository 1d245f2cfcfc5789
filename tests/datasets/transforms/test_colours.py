import cv2
import numpy as np
import pytest
from mmseg.registry import TRANSFORMS

from mmseg_medical.datasets.transforms import JitterColours
from mmseg_medical.datasets.transforms.colours import (
    colour_matrix,
    level_table,
)
from mmseg_medical.errors import InputError


def test_levels():
    levels = np.arange(256)
    np.testing.assert_array_equal(level_table(1, 1, 1), levels)
    np.testing.assert_array_equal(
        level_table(1.5, 1, 1), np.rint(np.minimum(levels * 1.5, 255))
    )
    contrast = level_table(1, 0.5, 1)
    assert contrast[[0, 255]].tolist() == [64, 191]
    assert level_table(1, 1, 0.5)[64] == 128


def test_grays_stay_gray():
    for saturation, hue in ((0.3, 0.5), (1.9, -1), (0, 2)):
        matrix = colour_matrix(saturation, hue)
        np.testing.assert_allclose(matrix @ [1, 1, 1], [1, 1, 1], atol=1e-6)
    np.testing.assert_allclose(colour_matrix(1, 0), np.eye(3), atol=1e-7)
    # nothing but gray is left of a colour
    np.testing.assert_allclose(
        colour_matrix(0, 0) @ [10, 20, 30], [21.85] * 3, rtol=1e-5
    )


def test_a_third_of_a_turn_swaps_the_channels():
    turned = colour_matrix(1, 2 * np.pi / 3) @ [10, 20, 30]
    assert np.round(turned).tolist() in ([30, 10, 20], [20, 30, 10])
    back = colour_matrix(1, -2 * np.pi / 3) @ turned
    np.testing.assert_allclose(back, [10, 20, 30], atol=1e-4)


def test_the_hue_is_turned(tissue):
    bgr = tissue(64)[..., ::-1].copy()
    np.random.seed(1)
    out = JitterColours(hue=30)(dict(img=bgr))['img']
    one, two = (cv2.cvtColor(i, cv2.COLOR_BGR2GRAY) for i in (bgr, out))
    assert np.abs(out.astype(int) - bgr).mean() > 3
    assert abs(one.astype(int) - two).mean() < 25
    assert abs(out.mean() - bgr.mean()) < 3


def test_each_image_is_changed_in_another_way(tissue):
    bgr = tissue(64)
    jitter = TRANSFORMS.build(
        dict(
            type='JitterColours',
            brightness=0.2,
            contrast=0.2,
            gamma=(0.5, 2),
            saturation=0.3,
            hue=10,
        )
    )
    images = [jitter(dict(img=bgr))['img'] for _ in range(20)]
    assert len({img.tobytes() for img in images}) == 20
    assert all(img.dtype == np.uint8 for img in images)
    assert np.std([img.mean() for img in images]) > 5
    np.random.seed(7)
    one = jitter(dict(img=bgr))['img']
    np.random.seed(7)
    np.testing.assert_array_equal(one, jitter(dict(img=bgr))['img'])


def test_nothing_to_do(tissue):
    bgr = tissue(32)
    np.testing.assert_array_equal(JitterColours()(dict(img=bgr))['img'], bgr)
    out = JitterColours(brightness=1, prob=0)(dict(img=bgr))
    assert out['img'] is bgr


@pytest.mark.parametrize('channels', [1, 2, 5])
def test_other_channels_have_no_colours(channels):
    img = np.full((4, 5, channels), 100, np.uint8)
    out = JitterColours(brightness=0.5, saturation=1, hue=90)(dict(img=img))
    assert out['img'].shape == img.shape
    assert len(np.unique(out['img'])) == 1


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(brightness=1.5), 'brightness is 0 to 1, got 1.5'),
        (dict(prob=-1), 'prob is 0 to 1'),
        (dict(gamma=(2, 1)), r'gamma \(2, 1\) must be rising and above 0'),
        (dict(hue=200), 'hue is 0 to 180 degrees, got 200'),
    ],
)
def test_arguments(arguments, message):
    with pytest.raises(InputError, match=message):
        JitterColours(**arguments)


def test_other_types_are_refused():
    with pytest.raises(InputError, match=r'a\.png: .* 8 bits, got uint16; pu'):
        JitterColours()(
            dict(img=np.zeros((2, 2), np.uint16), img_path='a.png')
        )
