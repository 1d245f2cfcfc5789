import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mmseg_medical.converters.polygon import PAINTERS
from mmseg_medical.converters.record import Annotation, Record, Skipped
from mmseg_medical.converters.runs import Runs
from mmseg_medical.converters.tiff import Region

RING = np.array([[2.0, 1], [5, 1], [5, 4], [2, 4]])
masks = hnp.arrays(np.uint8, (9, 11), elements=st.integers(0, 1))


def test_outlines_and_pixels_paint_the_same():
    outlined = Annotation('gland', polygons=((RING,),))
    mask = outlined.mask((6, 8))
    expected = np.zeros((6, 8), np.uint8)
    expected[1:5, 2:6] = 1
    np.testing.assert_array_equal(mask, expected)
    known = Annotation('gland', runs=Runs.from_mask(mask, 'F'))
    region = Region(2, 3, 3, 5)
    for annotation in (outlined, known):
        np.testing.assert_array_equal(
            annotation.mask((6, 8), region), expected[region.slices]
        )


def test_outlines_are_painted_as_their_file_means_them():
    areas = {
        painter: Annotation(
            'gland', polygons=((RING,),), painter=painter
        ).mask((6, 8))
        for painter in PAINTERS
    }
    assert {p: int(m.sum()) for p, m in areas.items()} == {
        'opencv': 16,
        'pil': 16,
        'corners': 9,
        'coco': 9,
    }
    assert areas['corners'][1:4, 2:5].all()


def test_holes_are_left_out():
    hole = RING / 3 + 2  # around the centre of one pixel
    area = Annotation('gland', polygons=((RING, hole),), painter='corners')
    assert area.mask((6, 8)).sum() == 9 - 1


def test_pixels_of_another_size_are_refused():
    known = Annotation('gland', runs=Runs.from_mask(np.ones((3, 4), int), 'C'))
    with pytest.raises(ValueError, match=r'gland: .* \(3, 4\) .* \(4, 3\)'):
        known.mask((4, 3))


@pytest.mark.parametrize('painter', PAINTERS)
@given(seed=st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=40)
def test_the_box_holds_the_object(painter, seed):
    rng = np.random.default_rng(seed)
    ring = rng.uniform(-9, 25, (rng.integers(3, 6), 2))
    annotation = Annotation('a', polygons=((ring,),), painter=painter)
    mask = annotation.mask((16, 15))
    box = annotation.box((16, 15))
    if box is None:
        assert not mask.any()
        return
    assert box.check((16, 15), 'mask') == box
    assert annotation.mask((16, 15), box).sum() == mask.sum()


def test_the_box_of_what_is_not_there():
    far = Annotation('a', polygons=((np.add(RING, (8, 0)),),))
    assert far.box((6, 8)) is None
    assert far.outlines((6, 8), 'corners') == ()
    assert Annotation('a').box((6, 8)) is None
    assert Annotation('a').mask((6, 8)).sum() == 0


@pytest.mark.parametrize('painter', ['opencv', 'corners'])
@given(mask=masks)
@settings(deadline=None, max_examples=40)
def test_outlines_of_pixels_hold_the_same_pixels(painter, mask):
    known = Annotation('a', runs=Runs.from_mask(mask, 'F'))
    traced = dataclasses.replace(
        known,
        runs=None,
        polygons=known.outlines(mask.shape, painter),
        painter=painter,
    )
    np.testing.assert_array_equal(traced.mask(mask.shape), mask)


def test_outlines_stay_as_they_are_where_the_painters_agree():
    annotation = Annotation('a', polygons=((RING + 0.3,),), painter='corners')
    assert annotation.outlines(None, 'corners') is annotation.polygons
    with pytest.raises(ValueError, match=r"outlines of 'a' for 'corners' bec"):
        annotation.outlines(None, 'opencv')
    record = Record('x', None, (annotation,))
    with pytest.raises(ValueError, match=r"x: outlines of 'a' .*--images"):
        list(record.outlines('opencv'))
    (area,) = annotation.outlines((6, 8), 'opencv')
    assert area[0].tolist() == [[2, 1], [2, 3], [4, 3], [4, 1]]
    with pytest.raises(ValueError, match="'opencv' or 'corners', got 'pil'"):
        annotation.outlines((6, 8), 'pil')


def test_errors_stop_or_are_kept():
    error = ValueError('a.json is no JSON')
    with pytest.raises(ValueError, match='no JSON'):
        Skipped().add(error)
    skipped = Skipped(strict=False, limit=2)
    skipped.add(error)
    skipped.add(error)
    assert len(skipped) == 2
    with pytest.raises(ValueError, match='no JSON'):
        skipped.add(error)


def test_a_record_is_of_one_image():
    record = Record('a', (6, 8), (Annotation('gland', polygons=((RING,),)),))
    assert record.img_path is None
    assert record.annotations[0].mask(record.shape).sum() == 16


@pytest.mark.parametrize(
    ('properties', 'size'),
    [
        ({}, None),
        (dict(pixel_size=0.4), (0.4, 0.4)),
        (dict(pixel_size=(0.5, 0.4)), (0.5, 0.4)),
        (dict(spacing=(1.5, 2)), (1500, 2000)),
        (dict(spacing=(3, 1.5, 2)), (1500, 2000)),
        (dict(pixel_size=0), None),
        (dict(pixel_size='unknown'), None),
    ],
)
def test_sizes_of_pixels(properties, size):
    record = Record('a', None, (), properties=properties)
    assert record.pixel_size == size
