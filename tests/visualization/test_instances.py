import numpy as np
import pytest

from mmseg_medical.visualization.instances import draw_instances
from mmseg_medical.visualization.overlay import (
    CLASS_COLOURS,
    FALSE_POSITIVE,
    HIT,
    MISS,
)

BLACK = np.zeros((12, 30, 3), np.uint8)


def square(*lefts):
    ids = np.zeros(BLACK.shape[:2], np.int32)
    for k, left in enumerate(lefts, 1):
        ids[2:9, left : left + 6] = k
    return ids


def colour_of(out, x):
    return tuple(out[4, x, ::-1].tolist())


def test_neighbours_differ():
    out = draw_instances(BLACK, square(2, 8))
    assert colour_of(out, 2) == colour_of(out, 7) == CLASS_COLOURS[0]
    assert colour_of(out, 8) == CLASS_COLOURS[1]
    assert colour_of(out, 4) == (0, 0, 0)
    assert not BLACK.any()


def test_what_is_found_missed_and_wrong():
    gt = square(1, 10)
    pred = square(2, 20)
    out = draw_instances(BLACK, pred, gt)
    assert colour_of(out, 2) == HIT
    assert colour_of(out, 1) == (0, 0, 0)  # of the mask, drawn as found
    assert colour_of(out, 10) == MISS
    assert colour_of(out, 20) == FALSE_POSITIVE
    out = draw_instances(BLACK, np.zeros_like(gt), gt)
    assert colour_of(out, 1) == MISS


def test_ignored_pixels_are_not_judged():
    gt = np.full(BLACK.shape[:2], -1, np.int32)
    gt[:, :10] = square(1)[:, :10]
    out = draw_instances(BLACK, square(1, 20), gt)
    assert colour_of(out, 1) == HIT
    assert colour_of(out, 20) == (0, 0, 0)


def test_an_image_of_another_size():
    with pytest.raises(ValueError, match=r'\(12, 30\) pixels .* \(5, 30\)'):
        draw_instances(BLACK[:5], square(2))
