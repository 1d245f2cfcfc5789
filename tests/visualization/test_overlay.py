import numpy as np
import pytest

from mmseg_medical.visualization.overlay import (
    CLASS_COLOURS,
    FALSE_POSITIVE,
    HIT,
    MISS,
    WRONG_CLASS,
    class_colour,
    draw_classes,
    draw_overlay,
    legend_of,
    shrink,
    to_bgr,
)


def colour_of(out, y, x):
    return tuple(out[y, x, ::-1].tolist())


def test_colours_say_right_and_wrong():
    img = np.zeros((60, 60, 3), np.uint8)
    pred = np.zeros((1, 60, 60), np.uint8)
    gt = np.zeros((1, 60, 60), np.uint8)
    gt[:, 10:50, 10:50] = 1
    pred[:, 10:50, 20:60] = 1
    gt[:, 12:20, 22:30] = 2
    gt[:, 40:48, 40:48] = 255
    out = draw_overlay(img, pred, gt, alpha=1)
    assert colour_of(out, 30, 30) == HIT
    assert colour_of(out, 30, 15) == MISS
    assert colour_of(out, 30, 55) == FALSE_POSITIVE
    assert colour_of(out, 16, 26) == WRONG_CLASS
    assert colour_of(out, 44, 44) == (0, 0, 0)  # ignored
    assert colour_of(out, 5, 5) == (0, 0, 0)
    assert colour_of(out, 30, 10) == (255, 255, 255)  # outline
    assert not img.any()


def test_without_a_mask_the_prediction_is_shown():
    out = draw_overlay(
        np.zeros((4, 4, 3), np.uint8), np.ones((1, 2, 2), np.uint8), alpha=1
    )
    assert colour_of(out, 3, 3) == HIT


@pytest.mark.parametrize('kind', ['uint8', 'uint16', 'float32'])
@pytest.mark.parametrize('channels', [1, 3])
def test_images_of_every_type_become_8_bit_colour(kind, channels):
    img = np.linspace(0, 200, 8 * 8 * channels).reshape(8, 8, channels)
    out = draw_overlay(img.astype(kind), np.zeros((1, 8, 8), np.uint8))
    assert out.shape == (8, 8, 3)
    assert out.dtype == np.uint8
    assert out.max() >= 200


def test_classes_that_overlap():
    pred = np.array([[[1, 1, 0]], [[0, 0, 1]]], np.uint8)
    gt = np.array([[[1, 0, 0]], [[0, 0, 0]]], np.uint8)
    out = draw_overlay(np.zeros((1, 3, 3), np.uint8), pred, gt, alpha=1)
    assert colour_of(out, 0, 1) == FALSE_POSITIVE
    assert colour_of(out, 0, 2) == FALSE_POSITIVE


@pytest.mark.parametrize('kind', ['uint8', 'uint16', 'int16', 'float32'])
@pytest.mark.parametrize('channels', [None, 1, 2, 3, 5])
def test_images_that_are_no_photographs(kind, channels):
    shape = (20, 30) if channels is None else (20, 30, channels)
    img = np.random.default_rng(0).integers(20, 120, shape).astype(kind)
    out = to_bgr(img)
    assert out.shape == (20, 30, 3)
    assert out.dtype == np.uint8
    planes = img.reshape(20, 30, -1)
    if channels == 3:
        shown = planes
    else:  # the middle slice, gray
        shown = planes[..., [planes.shape[2] // 2] * 3]
    if kind == 'uint8':
        np.testing.assert_array_equal(out, shown)
    else:
        low, high = np.percentile(shown, (0.5, 99.5))
        expected = np.clip((shown - low) / (high - low), 0, 1) * 255
        np.testing.assert_allclose(out, expected, atol=1.01)


def test_a_few_bright_pixels_do_not_make_all_black():
    img = np.full((100, 100), 40, np.uint16)
    img[:50] = 90
    img[0, 0] = 65535
    assert to_bgr(img)[60, 0].tolist() == [0, 0, 0]
    assert to_bgr(img)[20, 0].tolist() == [255, 255, 255]
    img[:] = 0
    img[3, 3] = 7  # all but one are the same
    assert to_bgr(img)[3, 3, 0] == 255
    assert not to_bgr(img * 0).any()
    img = np.array([[np.nan, 1, 2, np.inf]], np.float32)
    assert to_bgr(img)[0, :, 0].tolist() == [0, 0, 255, 255]
    assert not to_bgr(img * np.nan).any()


def test_each_class_has_its_colour_and_outline():
    mask = np.zeros((1, 90, 90), np.uint8)
    mask[:, 10:40, 10:40], mask[:, 10:40, 50:80] = 1, 2
    mask[:, 60:] = 255
    img = np.full((90, 90, 3), 100, np.uint8)
    out = draw_classes(img, mask, alpha=0.5)
    for x, rgb in ((25, CLASS_COLOURS[0]), (65, CLASS_COLOURS[1])):
        half = tuple(np.round(50 + np.array(rgb) / 2).astype(int).tolist())
        assert colour_of(out, 25, x) == half
        assert colour_of(out, 10, x) == rgb  # outline
    assert colour_of(out, 5, 5) == (100, 100, 100)
    stripes = out[60:, :, 0] != 100
    assert stripes.mean() == pytest.approx(0.25, abs=0.01)
    palette = [[0, 0, 0], [1, 2, 3], [4, 5, 6]]
    out = draw_classes(img, mask, palette=palette, alpha=1)
    assert colour_of(out, 25, 65) == (4, 5, 6)
    assert (img == 100).all()


def test_colours_of_classes_that_overlap_mix():
    mask = np.zeros((2, 90, 90), np.uint8)
    mask[0, 10:60, 10:60] = mask[1, 30:80, 30:80] = 1
    palette = [[200, 0, 0], [0, 0, 200]]
    img = np.zeros((90, 90, 3), np.uint8)
    out = draw_classes(img, mask, palette=palette, alpha=0.5)
    assert colour_of(out, 20, 20) == (100, 0, 0)
    assert colour_of(out, 70, 70) == (0, 0, 100)
    assert colour_of(out, 45, 45) == (50, 0, 100)
    assert colour_of(out, 59, 45) == (200, 0, 0)  # both outlines are seen
    assert colour_of(out, 30, 45) == (0, 0, 200)
    one = draw_classes(
        img, mask[:1], overlapping=True, palette=palette, alpha=1
    )
    assert colour_of(one, 20, 20) == (200, 0, 0)


def test_masks_are_brought_to_the_size_of_the_image():
    mask = np.zeros((1, 10, 10), np.int64)
    mask[:, 5:] = 1
    out = draw_classes(np.zeros((40, 60, 1), np.uint16), mask, alpha=1)
    assert out.shape == (40, 60, 3)
    assert colour_of(out, 30, 30) == CLASS_COLOURS[0]
    assert colour_of(out, 10, 30) == (0, 0, 0)


def test_colours_repeat_darker():
    assert class_colour(1) == class_colour(0, overlapping=True)
    again = class_colour(len(CLASS_COLOURS) + 1)
    assert again == tuple(round(c * 0.7) for c in CLASS_COLOURS[0])
    assert class_colour(1, [[0, 0, 0], [9, 8, 7]]) == (9, 8, 7)
    assert legend_of(('background', 'a', 'b'), [[0, 0, 0], [9, 8, 7]]) == {
        'a': (9, 8, 7),
        'b': CLASS_COLOURS[1],
    }
    assert list(legend_of(('a', 'b'), overlapping=True)) == ['a', 'b']


def test_small_pictures_of_large_images():
    img = np.zeros((4000, 1000, 1), np.uint16)
    img[:, 500:] = 60_000
    small = shrink(img, 200)
    assert (small.shape, small.dtype) == ((200, 50, 3), np.uint8)
    assert (small[:, :24] == 0).all()
    assert (small[:, 26:] == 255).all()


def test_few_pixels_of_a_large_image_are_read():
    seen = []

    class Watched(np.ndarray):
        def __getitem__(self, key):
            found = super().__getitem__(key)
            seen.append(np.shape(found))
            return found

    img = np.zeros((10_000, 8_000, 3), np.uint8).view(Watched)
    assert shrink(img, 500).shape == (500, 400, 3)
    assert seen[0] == (1000, 800, 3)


def test_small_images_keep_their_size_and_stay_as_they_are():
    img = np.arange(60, dtype=np.uint8).reshape(4, 5, 3)
    small = shrink(img, 16)
    np.testing.assert_array_equal(small, img)
    small[:] = 0
    assert img.any()
    assert shrink(np.zeros((1, 3000, 3), np.uint8), 100).shape == (1, 100, 3)
