import cv2
import numpy as np
import pytest

from mmseg_medical.contrast import clahe

RNG = np.random.default_rng(0)
GRAY = cv2.GaussianBlur(RNG.integers(0, 255, (90, 70), np.uint8), (0, 0), 3)


@pytest.mark.parametrize('kind', ['uint8', 'uint16'])
def test_gray_equals_opencv(kind):
    img = GRAY.astype(kind) * (257 if kind == 'uint16' else 1)
    expected = cv2.createCLAHE(3.0, (4, 8)).apply(img)
    out = clahe(img, 3.0, (8, 4))  # rows, columns; OpenCV takes x, y
    np.testing.assert_array_equal(out, expected)
    assert out.dtype == img.dtype
    np.testing.assert_array_equal(
        clahe(img[..., None], 3.0, (8, 4))[..., 0], out
    )


@pytest.mark.parametrize('kind', ['uint8', 'uint16'])
def test_colour_keeps_its_hue(kind, tissue):
    img = tissue(96).astype(kind) * (257 if kind == 'uint16' else 1)
    out = clahe(img)
    assert out.dtype == img.dtype
    assert out.shape == img.shape
    assert not np.array_equal(out, img)
    np.testing.assert_array_equal(
        clahe(img[..., ::-1].copy(), bgr=True)[..., ::-1], out
    )


def test_narrow_ranges_can_have_their_own_bins():
    """A 12-bit image in 16 bits, as scanners write it."""
    img = GRAY.astype(np.uint16) * 8 + 100
    own = clahe(img, occupied_range=True)
    assert own.dtype == np.uint16
    assert own.min() >= img.min()
    assert own.max() <= img.max()
    assert own.std() > 1.2 * img.std()
    assert np.corrcoef(own.ravel(), img.ravel())[0, 1] > 0.9
    assert clahe(img).max() > 2 * img.max()  # what OpenCV alone does


def test_a_constant_image_stays():
    img = np.full((20, 20), 7, np.uint16)
    np.testing.assert_array_equal(clahe(img, occupied_range=True), img)


@pytest.mark.parametrize(
    ('img', 'options', 'message'),
    [
        (np.zeros((4, 4), np.float32), {}, 'uint8 or uint16, got float32'),
        (np.zeros((4, 4, 2), np.uint8), {}, r'got \(4, 4, 2\)'),
        (GRAY, dict(clip_limit=0), 'must be above 0'),
        (GRAY, dict(tile_grid=(0, 8)), 'at least'),
    ],
)
def test_what_is_wrong_is_named(img, options, message):
    with pytest.raises(ValueError, match=message):
        clahe(img, **options)
