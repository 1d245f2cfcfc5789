import numpy as np
import pytest

from mmseg_medical.visualization.overlay import (
    FALSE_POSITIVE,
    HIT,
    MISS,
    WRONG_CLASS,
    draw_overlay,
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
