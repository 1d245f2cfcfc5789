import numpy as np
import pytest

from mmseg_medical.converters.record import Annotation, Record, Skipped
from mmseg_medical.converters.runs import Runs
from mmseg_medical.converters.tiff import Region

RING = np.array([[2.0, 1], [5, 1], [5, 4], [2, 4]])


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


def test_pixels_of_another_size_are_refused():
    known = Annotation('gland', runs=Runs.from_mask(np.ones((3, 4), int), 'C'))
    with pytest.raises(ValueError, match=r'gland: .* \(3, 4\) .* \(4, 3\)'):
        known.mask((4, 3))


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
