import base64

import cv2
import numpy as np
import pytest

from mmseg_medical.visualization.pictures import make_picture, write_gallery


def pixels(address):
    data = base64.b64decode(address.split(',')[1])
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)


@pytest.mark.parametrize(
    ('size', 'shown'),
    [
        ((960, 480), (480, 240)),
        ((300, 400), (300, 400)),
        ((60, 120), (120, 240)),
        ((1, 2000), (1, 480)),
    ],
)
def test_pictures_are_small_but_not_tiny(size, shown):
    one = make_picture('a', np.zeros((*size, 3), np.uint8), None)
    assert pixels(one.plain).shape == (*shown, 3)
    assert one.plain == one.drawn


@pytest.mark.parametrize('channels', [1, 3, 5])
@pytest.mark.parametrize('kind', ['uint8', 'uint16', 'int16', 'float32'])
def test_images_and_masks_of_every_kind(kind, channels):
    img = np.linspace(0, 99, 250 * 250 * channels).reshape(250, 250, channels)
    planes = np.zeros((250, 250, 2), np.uint8)
    planes[50:150, 50:150, 0] = planes[100:200, 100:200, 1] = 1
    one = make_picture('a', img.astype(kind), planes, caption='said')
    assert (one.name, one.caption) == ('a', 'said')
    plain, drawn = pixels(one.plain), pixels(one.drawn)
    assert plain.shape == drawn.shape == (250, 250, 3)
    changed = np.abs(plain.astype(int) - drawn).max(2) > 25
    assert changed[60:90, 60:90].mean() > 0.9
    assert changed[160:190, 160:190].mean() > 0.9
    assert not changed[:40].any()


def test_one_plane_is_a_class_too():
    img = np.zeros((300, 300, 3), np.uint8)
    plane = np.zeros((300, 300, 1), np.uint8)
    plane[100:200, 100:200] = 1
    one = make_picture('a', img, plane, palette=[[255, 0, 0]])
    blue, green, red = pixels(one.drawn)[150, 150].tolist()
    assert red > 70 > max(blue, green)


def test_a_gallery_shows_all(tmp_path):
    picture = make_picture('a<b', np.zeros((300, 300, 3), np.uint8), None)
    page = write_gallery(
        tmp_path / 'page.html',
        title='Title',
        note='Note.',
        pictures=[picture, picture],
        legend={'lung': [1, 2, 3]},
    ).read_text()
    assert page.count('<figure>') == 2
    assert 'rgb(1, 2, 3)' in page
    assert 'lung' in page
    assert 'a&lt;b' in page
