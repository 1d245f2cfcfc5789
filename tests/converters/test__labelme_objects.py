import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mmseg_medical.converters._labelme_objects import (
    read_objects,
    write_objects,
)
from mmseg_medical.converters._labelme_shapes import encode_mask
from mmseg_medical.converters.polygon import rectangle
from mmseg_medical.converters.record import Annotation
from mmseg_medical.converters.runs import Runs
from mmseg_medical.errors import InputError

SHAPE = (30, 40)
SQUARE = [[2, 2], [20, 2], [20, 20], [2, 20]]
INSIDE = [[6, 6], [10, 6], [10, 10], [6, 10]]
masks = hnp.arrays(np.uint8, SHAPE, elements=st.sampled_from([0, 0, 1]))


def shape(points=SQUARE, label='gland', **more):
    return dict(label=label, points=points, **more)


def read(*shapes, painter='pil'):
    return read_objects(list(shapes), SHAPE, painter, 'a.json')


def write(annotations):
    entries, _ = write_objects(annotations, SHAPE)
    return entries


def masks_of(annotations):
    return [annotation.mask(SHAPE) for annotation in annotations]


def test_a_polygon_with_what_the_file_says_of_it():
    flags = {'occluded': True}
    (one,) = read(
        shape(group_id=3, flags=flags, description='x', shape_type=None)
    )
    assert (one.label, one.painter, one.runs) == ('gland', 'pil', None)
    assert one.polygons[0][0].tolist() == SQUARE
    assert one.properties == dict(group_id=3, flags=flags, description='x')
    (other,) = read(shape(group_id=None, flags={}), painter='opencv')
    assert (other.painter, other.properties) == ('opencv', {})


def test_rectangles_may_begin_at_any_corner():
    square = read(shape())[0].mask(SHAPE)
    for points in ([[2, 2], [20, 20]], [[20, 2], [2, 20]]):
        (one,) = read(shape(points, shape_type='rectangle'))
        np.testing.assert_array_equal(one.mask(SHAPE), square)


def test_shapes_of_a_group_and_label_are_one_object():
    far = [[25, 2], [30, 2], [30, 9]]
    one, other, third = read(
        shape(group_id=1),
        shape(group_id=1, label='vessel'),
        shape(far, group_id=1, description='b'),
        shape(far),
    )
    assert len(one.polygons) == 2
    assert one.properties == dict(group_id=1, description='b')
    assert (other.label, third.label) == ('vessel', 'gland')
    first, last = masks_of([one, third])
    assert first.sum() == 19 * 19 + last.sum()


def test_shapes_of_pixels_and_outlines_make_one_object():
    crop = np.array([[1, 0, 1]], np.uint8)
    (one,) = read(
        shape(INSIDE, group_id=0),
        shape([[15, 8]], group_id=0, shape_type='point'),
        shape(
            [[37, 29], [39, 29]],
            group_id=0,
            shape_type='mask',
            mask=encode_mask(crop),
        ),
    )
    mask = one.mask(SHAPE)
    assert mask[6:11, 6:10].all()
    assert mask[29, 37:].tolist() == [1, 0, 1]
    disc = read(shape([[15, 8]], shape_type='point'))[0].mask(SHAPE)
    assert mask.sum() == 25 + 2 + disc.sum() - (disc[6:11, 6:11]).sum()


def test_nothing_of_a_group_may_lie_in_the_image():
    outside = [[-20, 2]]
    (one,) = read(
        shape(outside, group_id=0, shape_type='point'),
        shape(outside, group_id=0, shape_type='point'),
    )
    assert one.mask(SHAPE).sum() == 0


def test_a_hole_is_taken_out_of_the_shape_around_it():
    far = [[25, 2], [38, 2], [38, 28], [25, 28]]
    (one,) = read(
        shape(far, group_id=2),
        shape(INSIDE, group_id=2, label='hole'),
        shape(group_id=2),
    )
    assert [len(area) for area in one.polygons] == [1, 2]
    mask = one.mask(SHAPE)
    assert not mask[6:11, 6:11].any()
    assert mask[5, 6] == mask[11, 6] == mask[2, 25] == 1
    (rim,) = read(
        shape(group_id=2),
        shape(INSIDE, group_id=2, label='hole'),
        painter='opencv',
    )
    assert rim.mask(SHAPE)[6, 6:11].all()
    assert not rim.mask(SHAPE)[7:10, 7:10].any()


def test_holes_alone_are_a_class():
    for group in (None, 4):
        objects = read(shape(label='hole', group_id=group), shape(group_id=5))
        assert [one.label for one in objects] == ['hole', 'gland']


@pytest.mark.parametrize(
    ('entry', 'message'),
    [
        ([], r'a\.json shape 2: expected {…}, got \[\]'),
        (shape(label=None), 'shape 2: label is a text'),
        (shape(group_id='7'), 'label is a text and group_id a number'),
        (shape(group_id=True), 'group_id a number'),
        (shape(shape_type='spline'), "shape_type is one of .*got 'spline'"),
        (shape(shape_type=5), "got '5'"),
        (shape([[1, 2], [3, 4]]), 'a polygon has 3 points or more'),
        (shape([[1, 2]] * 3, shape_type='rectangle'), 'rectangle has 2 poin'),
        (shape([[1, 2]], shape_type='circle'), 'a circle has 2 points, got'),
        (shape([], shape_type='point'), r'a point has 1 points, got \[\]'),
        (shape(None), 'a polygon has 3 points or more, got None'),
        (shape('abcd'), "a polygon has 3 points or more, got 'abcd'"),
        (shape([[1, 2], [3, 4], ['5', 6]]), r'expected 3 or more \[x, y'),
        (shape([[1, 2], [3, 4], [float('nan'), 6]]), 'is not finite'),
        (shape([[1, 2], [3, 4], [5000, 6]]), 'far outside of the image of 30'),
        (shape([[1, 2], [3, 1e5]], shape_type='line'), 'far outside'),
        (shape([[1, 2], [3, 4]], shape_type='mask'), 'mask is no PNG'),
    ],
)
def test_wrong_shapes_are_named(entry, message):
    with pytest.raises(InputError, match=message) as caught:
        read(shape(), entry)
    assert str(caught.value).startswith('a.json shape 2')


def test_wrong_holes_are_named():
    hole = shape([[30, 20], [31, 20], [31, 21]], label='hole', group_id=1)
    with pytest.raises(InputError, match=r'a.json group 1: hole 1 at .* none'):
        read(shape(group_id=1), hole)
    disc = shape([[9, 9]], label='hole', group_id=1, shape_type='point')
    with pytest.raises(InputError, match=r"hole is one of \('polygon', 'r"):
        read(shape(group_id=1), disc)


@given(drawn=st.lists(masks, min_size=1, max_size=4))
@settings(deadline=None, max_examples=40)
def test_pixels_come_back(drawn):
    known = [
        Annotation('gland', runs=Runs.from_mask(mask, 'F')) for mask in drawn
    ]
    entries, empty = write_objects(known, SHAPE)
    back = read(*entries)
    drawn = [mask for mask in drawn if mask.any()]
    assert len(back) == len(drawn) == len(known) - empty
    for mask, painted in zip(drawn, masks_of(back), strict=True):
        np.testing.assert_array_equal(painted, mask)


def test_pixels_are_polygons_where_labelme_paints_them_so():
    mask = np.zeros(SHAPE, np.uint8)
    mask[3:9, 4:20] = 1
    one = Annotation('gland', runs=Runs.from_mask(mask, 'C'))
    (entry,) = write([one])
    assert entry['shape_type'] == 'polygon'
    assert entry['points'] == [[4, 3], [4, 8], [19, 8], [19, 3]]
    assert (entry['group_id'], entry['mask']) == (None, None)
    mask[5, 6] = 0
    one = Annotation('gland', runs=Runs.from_mask(mask, 'C'))
    (entry,) = write([one])
    assert entry['shape_type'] == 'mask'
    assert entry['points'] == [[4, 3], [19, 8]]
    assert isinstance(entry['mask'], str)
    np.testing.assert_array_equal(read(entry)[0].mask(SHAPE), mask)


def test_outlines_stay_as_they_are():
    ring = np.array(SQUARE) + 0.25
    holes = (ring, np.array(INSIDE, float))
    objects = [
        Annotation('gland', polygons=(holes, (ring + 9,)), painter='pil'),
        Annotation('gland', polygons=((ring,),), painter='pil'),
        Annotation('vessel', polygons=((ring,),), painter='opencv'),
    ]
    entries = write(objects)
    assert [e['label'] for e in entries] == (
        ['gland', 'hole', 'gland', 'gland', 'vessel']
    )
    assert [e['group_id'] for e in entries] == [0, 0, 0, None, None]
    assert entries[0]['points'] == ring.tolist()
    back = read(*entries)
    for one, other in zip(masks_of(objects), masks_of(back), strict=True):
        np.testing.assert_array_equal(one, other)


def test_groups_are_kept_unless_they_would_mix_objects():
    ring, inside = rectangle((2, 2), (20, 20)), rectangle((6, 6), (9, 9))

    def gland(group, *rings, label='gland'):
        return Annotation(
            label,
            polygons=tuple((r,) for r in rings or (ring,)),
            painter='pil',
            properties=dict(group_id=group),
        )

    def groups(*objects):
        written = write(objects)
        back = read(*written)
        for one, other in zip(masks_of(objects), masks_of(back), strict=True):
            np.testing.assert_array_equal(one, other)
        return [entry['group_id'] for entry in written]

    assert groups(gland(7), gland(7, label='vessel')) == [7, 7]
    assert groups(gland(7), gland(7)) == [7, None]
    assert groups(gland(7), gland(7, ring, ring + 5)) == [7, 8, 8]
    hole = gland(7, inside, label='hole')
    assert groups(gland(7), hole) == [None, None]
    assert groups(gland('x')) == [None]
    cut = Annotation(
        'gland',
        polygons=((ring, inside),),
        painter='pil',
        properties=dict(group_id=7),
    )
    assert groups(cut, gland(3)) == [7, 7, 3]
    assert groups(gland(7), cut) == [None, 8, 8]
