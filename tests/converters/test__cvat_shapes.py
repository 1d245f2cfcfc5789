from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mmseg_medical.converters._cvat_shapes import read_shape, write_shape
from mmseg_medical.converters.record import Annotation, Record
from mmseg_medical.converters.runs import Runs
from mmseg_medical.errors import InputError

SHAPE = (30, 40)
IMAGE = Record('x', SHAPE, ())
SQUARE = '2,2;20,2;20,20;2,20'
MASK = '<mask label="a" rle="{}" left="{}" top="7" width="3" height="2"/>'
masks = hnp.arrays(np.uint8, SHAPE, elements=st.integers(0, 1))


def polygon(points=SQUARE, more=''):
    return f'<polygon label="gland" points="{points}" {more}/>'


def read(text):
    return read_shape(ElementTree.fromstring(text), SHAPE, 'here')


def test_boxes_and_ellipses():
    box = '<box label="a" xtl="2" ytl="3" xbr="12" ybr="7" {}/>'
    flat = read(box.format('')).mask(SHAPE)
    turned = read(box.format('rotation="90.0"')).mask(SHAPE)
    assert np.argwhere(flat).min(0).tolist() == [3, 2]
    assert flat.sum() == turned.sum() == 40
    assert np.argwhere(turned).min(0).tolist() == [0, 5]
    disc = read('<ellipse label="a" cx="20" cy="15" rx="9" ry="6"/>')
    y, x = np.mgrid[:30, :40] + 0.5
    inside = ((x - 20) / 9) ** 2 + ((y - 15) / 6) ** 2 < 1
    assert (disc.mask(SHAPE) != inside).sum() <= 2
    assert inside.sum() > 160


def test_masks_are_counts_along_the_rows():
    mask = read(MASK.format('1, 2, 1, 1', 5)).mask(SHAPE)
    assert mask[7:9, 5:8].tolist() == [[0, 1, 1], [0, 1, 0]]
    assert mask.sum() == 3


@pytest.mark.parametrize(
    ('shape', 'message'),
    [
        (polygon('1,2;3,4'), 'expected 3'),
        (polygon('1,2;3,4;x,5'), 'points are x,y;x,y;…, got'),
        (polygon('1,2;3,4;5'), 'points are x,y;x,y;…, got'),
        (polygon(''), 'points are x,y'),
        (polygon('1,2;3,4;nan,5'), 'is not finite'),
        (polygon('1,2;3,4;500,5'), 'far outside of the image of 30 x 40'),
        (polygon(more='group_id="1.5"'), "group_id is '1.5', no whole"),
        ('<box label="a" xtl="1" ytl="2" xbr="3"/>', 'ybr is None, no num'),
        ('<polygon points="1,2;3,4;5,5"/>', 'it has no label'),
        ('<spline label="a"/>', '<spline> is none of the shapes of CVAT'),
        (MASK.format('1, x', 5), "word 2 is 'x'"),
        (MASK.format('1, 9', 5), 'its counts leave the window of 2 x 3'),
        (MASK.format(f'{9 * 10**17},' * 21 + '3', 5), 'its counts leave'),
        (MASK.format('-1, 3', 5), 'its counts leave the window'),
        (MASK.format('1, 2', 39), 'column 39 leaves one of 30 x 40'),
        ('<ellipse label="a" cx="1" cy="1" rx="1e8" ry="1"/>', 'a million'),
    ],
)
def test_what_is_wrong_is_named(shape, message):
    with pytest.raises(InputError, match=message) as caught:
        read(shape)
    assert str(caught.value).startswith('here')


def test_only_outlines_without_holes_stay_outlines():
    square = read(polygon('2.25,2;9,2;9,9.125', 'z_order="1" group_id="2"'))
    tag, written = write_shape(IMAGE, square)
    assert tag == 'polygon'
    assert written == dict(
        label='gland',
        occluded=0,
        z_order='1',
        group_id=2,
        points='2.25,2.0;9.0,2.0;9.0,9.125',
    )
    ((ring,),) = square.polygons
    hole = Annotation('a', polygons=((ring, ring / 2 + 3),), painter='corners')
    tag, written = write_shape(IMAGE, hole)
    assert tag == 'mask'
    assert written['label'] == 'a'


@given(mask=masks)
@settings(deadline=None, max_examples=30)
def test_pixels_come_back(mask):
    written = write_shape(IMAGE, Annotation('a', Runs.from_mask(mask, 'F')))
    if not mask.any():
        assert written is None
        return
    tag, attributes = written
    element = ElementTree.Element(
        tag, {key: str(value) for key, value in attributes.items()}
    )
    back = read_shape(element, SHAPE, 'here')
    np.testing.assert_array_equal(back.mask(SHAPE), mask)
