import numpy as np
import pytest

from mmseg_medical.converters.components import split_objects
from mmseg_medical.converters.record import Annotation, Record
from mmseg_medical.converters.runs import Runs
from mmseg_medical.errors import InputError

MASK = np.array(
    [
        [1, 0, 0, 1, 1],
        [0, 1, 0, 0, 0],
        [0, 0, 0, 0, 1],
    ],
    np.uint8,
)


@pytest.mark.parametrize('order', ['F', 'C'])
def test_each_part_becomes_an_object(order):
    gland = Annotation(
        'gland', Runs.from_mask(MASK, order), properties={'k': 1}
    )
    empty = Annotation('cell', Runs.from_mask(MASK * 0, order))
    record = split_objects(Record('x', (3, 5), (gland, empty)))
    assert [a.mask((3, 5)).tolist() for a in record.annotations] == [
        [[1, 0, 0, 0, 0], [0, 1, 0, 0, 0], [0, 0, 0, 0, 0]],
        [[0, 0, 0, 1, 1], [0, 0, 0, 0, 0], [0, 0, 0, 0, 0]],
        [[0, 0, 0, 0, 0], [0, 0, 0, 0, 0], [0, 0, 0, 0, 1]],
    ]
    assert {a.label for a in record.annotations} == {'gland'}
    assert record.annotations[2].properties == {'k': 1}


def test_outlines_are_split_too():
    rings = [np.array([[x, 0.0], [x + 1, 0], [x + 1, 2]]) for x in (0, 5)]
    both = Annotation('a', None, tuple((r,) for r in rings), 'corners')
    record = split_objects(Record('x', (3, 8), (both,)))
    assert [a.runs.area for a in record.annotations] == [1, 1]
    assert record.annotations[0].polygons == ()


def test_the_size_must_be_known():
    with pytest.raises(InputError, match='how large'):
        split_objects(Record('x', None, ()))
