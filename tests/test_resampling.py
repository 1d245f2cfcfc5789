import cv2
import numpy as np
import pytest

from mmseg_medical.resampling import resize_image, resize_labels

KINDS = [
    *('bool', 'int8', 'uint8', 'int16', 'uint16', 'int32', 'uint32'),
    *('int64', 'float16', 'float32', 'float64'),
]


@pytest.mark.parametrize('kind', KINDS)
@pytest.mark.parametrize('channels', [(), (1,), (3,), (4,), (5,), (9,)])
def test_every_type_and_number_of_channels(kind, channels):
    img = np.zeros((20, 30, *channels), kind)
    img[:, 10:20] = 1
    for size in ((10, 15), (40, 45), (20, 15), (40, 15)):
        for resize in (resize_image, resize_labels):
            out = resize(img, size)
            assert out.shape == (*size, *channels)
            assert out.dtype == kind
            share = out.astype(float).mean()
            assert abs(share - 1 / 3) < 0.02


def test_images_that_shrink_are_averaged():
    img = np.arange(36, dtype=np.float32).reshape(6, 6)
    out = resize_image(img, (3, 2))
    expected = img.reshape(3, 2, 2, 3).mean((1, 3))
    np.testing.assert_allclose(out, expected)
    deep = np.stack([img] * 7, 2).astype(np.int32) * 10**6
    np.testing.assert_allclose(
        resize_image(deep, (3, 2))[..., 6], expected * 10**6, rtol=1e-6
    )


def test_images_that_grow_are_interpolated():
    img = np.arange(12, dtype=np.uint8).reshape(3, 4) * 20
    np.testing.assert_array_equal(
        resize_image(img, (6, 4)),
        cv2.resize(img, (4, 6), interpolation=cv2.INTER_LINEAR),
    )


def test_labels_are_those_of_the_nearest_pixel():
    mask = np.arange(12).reshape(3, 4)
    np.testing.assert_array_equal(
        resize_labels(mask, (6, 8)), mask.repeat(2, 0).repeat(2, 1)
    )
    np.testing.assert_array_equal(resize_labels(mask, (1, 4)), mask[1:2])
    np.testing.assert_array_equal(resize_labels(mask, (3, 1)), mask[:, 2:3])


def test_the_same_size_costs_nothing():
    img = np.zeros((3, 4), np.uint8)
    assert resize_image(img, (3, 4)) is img
    assert resize_labels(img, (3, 4)) is img
