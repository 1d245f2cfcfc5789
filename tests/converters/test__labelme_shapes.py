import base64
import io

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw

from mmseg_medical.converters import _labelme_shapes as module
from mmseg_medical.converters.record import AnnotationError

SHAPE = (40, 50)
KINDS = {
    'circle': [[20.4, 15.6], [26, 19]],
    'line': [[3.5, 4.2], [44, 30]],
    'linestrip': [[5, 30.7], [20, 5], [45.2, 33]],
    'point': [[47.9, 38]],
}


def paint_as_labelme(kind, points):
    canvas = Image.new('L', SHAPE[::-1])
    draw = ImageDraw.Draw(canvas)
    if kind in ('circle', 'point'):
        x, y = points[0]
        r = 5 if kind == 'point' else np.hypot(*np.subtract(*points))
        draw.ellipse([x - r, y - r, x + r, y + r], fill=1, outline=1)
    else:
        joint = 'curve' if kind == 'linestrip' else None
        draw.line([tuple(p) for p in points], 1, 10, joint)
    return np.asarray(canvas)


@pytest.mark.parametrize('shift', [(0, 0), (-25, 3), (20, 30)])
@pytest.mark.parametrize('kind', KINDS)
def test_shapes_are_painted_as_labelme_paints_them(kind, shift):
    points = np.add(KINDS[kind], shift)
    runs = module.paint_shape(kind, points, SHAPE, 'pil', 'x')
    expected = paint_as_labelme(kind, points.tolist())
    np.testing.assert_array_equal(runs.to_mask(), expected)


@pytest.mark.parametrize('shift', [(0, 0), (-25, 3), (20, 30)])
@pytest.mark.parametrize('kind', KINDS)
def test_or_as_opencv_paints_them(kind, shift):
    points = np.add(KINDS[kind], shift)
    mask = module.paint_shape(kind, points, SHAPE, 'opencv', 'x').to_mask()
    expected = np.zeros((120, 150), np.uint8)
    whole = np.rint(np.add(points, (50, 40))).astype(int)
    if kind in ('circle', 'point'):
        r = 5 if kind == 'point' else np.hypot(*np.subtract(*points))
        cv2.circle(expected, whole[0].tolist(), round(r), 1, -1)
    else:
        cv2.polylines(expected, [whole], False, 1, 10)
    np.testing.assert_array_equal(mask, expected[40:80, 50:100])


def test_shapes_outside_hold_no_pixels():
    points = np.array([[-40.0, -30], [-35, -30]])
    for kind in ('circle', 'line'):
        runs = module.paint_shape(kind, points, SHAPE, 'pil', 'x')
        assert (runs.area, runs.shape) == (0, SHAPE)


def test_a_shape_that_would_fill_the_memory_is_refused():
    points = np.array([[5e5, 5e5], [5e5, 9e5]])
    with pytest.raises(AnnotationError, match=r'x: a circle .*too large'):
        module.paint_shape('circle', points, (10**6, 10**6), 'pil', 'x')


def png(array, mode=None):
    with io.BytesIO() as file:
        Image.fromarray(array, mode).save(file, 'PNG')
        return base64.b64encode(file.getvalue()).decode()


CROP = np.array([[0, 1, 1], [1, 0, 1]], np.uint8)


@pytest.mark.parametrize(
    'text', [png(CROP), png(CROP > 0), png(CROP * 255), None]
)
def test_a_mask_is_a_crop_between_two_points(text):
    text = text or module.encode_mask(CROP)
    points = np.array([[4.0, 7], [6, 8]])  # the last pixel counts
    mask = module.decode_mask(text, points, SHAPE, 'x').to_mask()
    np.testing.assert_array_equal(mask[7:9, 4:7], CROP)
    assert mask.sum() == 4
    moved = module.decode_mask(text, points + 0.4, SHAPE, 'x').to_mask()
    np.testing.assert_array_equal(moved, mask)


def test_corners_that_are_no_whole_numbers_do_not_say_the_size():
    points = np.array([[4.4, 7.0], [6.6, 8.0]])  # 4 to 7, as rounded
    mask = module.decode_mask(png(CROP), points, SHAPE, 'x').to_mask()
    np.testing.assert_array_equal(mask[7:9, 4:7], CROP)


def test_a_mask_is_cut_at_the_image():
    points = np.array([[-1.0, 39], [1, 40]])
    mask = module.decode_mask(png(CROP), points, SHAPE, 'x').to_mask()
    assert mask[39, :3].tolist() == [1, 1, 0]
    assert mask.sum() == 2


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        (png(CROP)[:-30], 'x: its mask is no PNG in base64 .*cut short'),
        ('***', 'no PNG in base64'),
        (base64.b64encode(b'no image').decode(), 'no PNG in base64'),
        (None, 'no PNG in base64 .it is NoneType'),
        (7, 'it is int'),
        (png(np.zeros((2, 3, 3), np.uint8)), 'its mask has 3 channels'),
        (png(np.zeros((3, 2), np.uint8)), '3 x 2 pixels .* span 2 x 3'),
        (png(np.zeros((99, 99), np.uint8)), 'it has 99 x 99 pixels'),
    ],
)
def test_broken_masks_are_named(text, message):
    points = np.array([[4.0, 7], [6, 8]])
    with pytest.raises(AnnotationError, match=message):
        module.decode_mask(text, points, SHAPE, 'x')


def test_a_mask_outside_of_the_image_is_refused():
    points = np.array([[60.0, 7], [62, 8]])
    with pytest.raises(AnnotationError, match='outside of the image of 40 x'):
        module.decode_mask(png(CROP), points, SHAPE, 'x')
