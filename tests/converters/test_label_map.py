import warnings

import numpy as np
import pytest

from mmseg_medical.converters import label_map
from mmseg_medical.converters.label_map import (
    OverlapError,
    OverlapWarning,
    class_map,
    object_map,
)
from mmseg_medical.converters.record import Annotation, Record
from mmseg_medical.converters.runs import Runs
from mmseg_medical.errors import InputError

LOW = np.zeros((4, 6), np.uint8)
LOW[2:, :3] = 1
HIGH = np.zeros((4, 6), np.uint8)
HIGH[1:3, 2:] = 1


def record(*annotations, shape=(4, 6)):
    return Record('img 7', shape, annotations)


def of(label, mask, order='F'):
    return Annotation(label, Runs.from_mask(mask, order))


def test_classes_by_hand():
    labels = class_map(
        record(of('b', LOW, 'C'), of('a', HIGH * (1 - LOW))), ['a', 'b']
    )
    assert labels.tolist() == [
        [0, 0, 0, 0, 0, 0],
        [0, 0, 1, 1, 1, 1],
        [2, 2, 2, 1, 1, 1],
        [2, 2, 2, 0, 0, 0],
    ]
    assert labels.dtype == np.uint8
    assert labels.flags.c_contiguous


def test_overlaps_are_refused_and_named():
    with pytest.raises(
        OverlapError,
        match=r"img 7: 'a' overlaps .* 1 pixels, first row 2 column 2",
    ):
        class_map(record(of('b', LOW), of('a', HIGH)), ['a', 'b'])
    with pytest.raises(OverlapError):
        object_map(record(of('a', LOW), of('a', HIGH)))


def test_one_class_may_overlap_itself():
    labels = class_map(record(of('a', LOW), of('a', HIGH)), ['a'])
    np.testing.assert_array_equal(labels, LOW | HIGH)


def test_the_later_one_lies_above_and_is_counted():
    several = record(of('b', LOW), of('a', HIGH))
    with pytest.warns(OverlapWarning, match='img 7: 1 pixels'):
        labels = class_map(several, ['a', 'b'], overlap='later')
    assert labels[2, 2] == 1
    with pytest.warns(OverlapWarning):
        ids, labels = object_map(several, overlap='later')
    assert ids[2, 2] == 2
    assert labels == ['b', 'a']
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        class_map(record(of('b', LOW)), ['a', 'b'], overlap='later')


def test_ignored_pixels_have_255():
    labels = class_map(record(of('ignore', LOW)), ['a', 'ignore', 'b'])
    assert set(labels.ravel().tolist()) == {0, 255}
    other = record(of('b', HIGH * (1 - LOW)), of('ignore', LOW))
    assert class_map(other, ['a', 'ignore', 'b']).max() == 255
    assert class_map(other, ['a', 'ignore', 'b'])[1, 2] == 2


def test_many_classes_have_16_bits():
    names = [str(k) for k in range(300)]
    labels = class_map(record(of('299', LOW)), names)
    assert (labels.dtype, labels.max()) == (np.uint16, 300)
    with pytest.raises(InputError, match='need the value 255'):
        class_map(record(of('ignore', LOW)), [*names, 'ignore'])


def test_what_is_wrong_is_named():
    with pytest.raises(InputError, match=r"'c' is none of .*\['a', 'b'\]"):
        class_map(record(of('c', LOW)), ['a', 'b'])
    with pytest.raises(InputError, match=r'img 7: .*how large.*--images'):
        class_map(record(of('a', LOW), shape=None), ['a'])
    with pytest.raises(
        InputError, match=r'img 7: a: a mask of \(4, 6\) .* \(6, 4\)'
    ):
        class_map(record(of('a', LOW), shape=(6, 4)), ['a'])
    with pytest.raises(InputError, match="'refuse' or 'later', got 'no'"):
        class_map(record(of('a', LOW)), ['a'], overlap='no')
    with pytest.raises(InputError, match='too many for a label image'):
        class_map(record(shape=(2**20, 2**20)), ['a'])


def test_outlines_are_painted_where_they_lie():
    square = np.array([[2.0, 1], [5, 1], [5, 3], [2, 3]])
    for painter, expected in (('corners', 6), ('coco', 6), ('opencv', 12)):
        runs = label_map.runs_of(
            *(
                record(shape=(9, 8)),
                Annotation('a', None, ((square,),), painter),
            ),
            order='C',
        )
        assert (runs.area, runs.order, runs.shape) == (expected, 'C', (9, 8))
        assert runs.to_mask()[1, 2] == 1
    beside = Annotation('a', None, ((square + 100,),), 'corners')
    assert label_map.runs_of(record(shape=(90, 90)), beside).area == 0
    for painter in ('corners', 'coco'):
        far = Annotation('a', None, ((square + 100,),), painter)
        with pytest.raises(
            InputError, match=r'img 7: a polygon 1: .* far outside'
        ):
            label_map.runs_of(record(shape=(9, 8)), far)


def test_1862_objects_keep_their_numbers():
    ids = np.zeros((600, 700), np.uint16)
    squares = ids[: 43 * 13, : 44 * 15].reshape(43, 13, 44, 15)
    numbers = np.arange(1, 43 * 44 + 1).reshape(43, 1, 44, 1)
    squares[:, 2:, :, 3:] = numbers  # one in the corner of each cell
    ids[ids > 1862] = 0
    found = label_map.annotations_of_objects(ids, ['cell'], where='x')
    assert len(found) == 1862
    again, labels = object_map(Record('x', ids.shape, found))
    np.testing.assert_array_equal(again, ids)
    assert labels == ['cell'] * 1862


def test_more_than_65535_objects_have_32_bits():
    pixel = Runs(np.array([0]), np.array([1]), (2, 2), 'F')
    cells = (Annotation('a', pixel),) * 65_536
    with pytest.warns(OverlapWarning, match='65535 pixels'):
        ids, _ = object_map(Record('x', (2, 2), cells), overlap='later')
    assert ids.dtype == np.uint32
    assert ids[0, 0] == 65_536
    few = Record('x', (2, 2), cells[:1])
    assert object_map(few)[0].dtype == np.uint16


def test_values_without_a_name_are_refused():
    labels = np.array([[0, 1, 255, 7]])
    with pytest.raises(InputError, match=r'm\.png holds the value 7 and 1'):
        label_map.annotations_of_classes(labels, {1: 'a'}, where='m.png')
    with pytest.raises(
        InputError, match='say what 255 stands for: a class, or ignore'
    ):
        label_map.annotations_of_classes(
            labels[:, :3], {1: 'a'}, where='m.png'
        )
    with pytest.raises(InputError, match='object 255, and labels of 2'):
        label_map.annotations_of_objects(labels, ['a', 'b'], where='m.png')
