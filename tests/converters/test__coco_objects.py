import numpy as np
import pytest

from mmseg_medical.converters._coco_objects import (
    COCOError,
    read_object,
    write_object,
)
from mmseg_medical.converters.record import Annotation, Record
from mmseg_medical.converters.runs import Runs

IMAGE = Record('x', (4, 5), ())
SQUARE = [1, 1, 3, 1, 3, 3, 1, 3]


def test_objects_come_back():
    read = read_object(
        'here',
        dict(category_id='7', segmentation=[SQUARE]),
        (4, 5),
        {'7': 'a'},
    )
    assert (read.label, read.painter, read.score) == ('a', 'coco', None)
    outlined = write_object(IMAGE, read, polygons=True)
    assert outlined == dict(
        iscrowd=0, area=4, bbox=[1, 1, 2, 2], segmentation=[SQUARE]
    )
    packed = write_object(IMAGE, read, polygons=False)
    assert packed['segmentation']['size'] == [4, 5]
    again = read_object('here', packed | dict(category_id=1), (4, 5), {1: 'a'})
    assert again.mask((4, 5)).sum() == 4


def test_nothing_is_said_of_objects_without_a_pixel():
    empty = Annotation('a', Runs.from_mask(np.zeros((4, 5), int), 'F'))
    assert write_object(IMAGE, empty, polygons=False) is None


def test_what_is_wrong_names_the_place():
    for entry, message in (
        (dict(category_id=2), r'here: category_id 2 is none of'),
        (dict(category_id=1, bbox=[0, 0, 1, 1]), 'here: it has a box and no'),
        (dict(category_id=1, segmentation='x'), 'here: segmentation is a'),
    ):
        with pytest.raises(COCOError, match=message):
            read_object('here', entry, (4, 5), {1: 'a'})
