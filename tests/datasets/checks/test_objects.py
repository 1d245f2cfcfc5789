import numpy as np

from mmseg_medical.converters.polygon import PolygonError
from mmseg_medical.converters.record import Annotation
from mmseg_medical.converters.rle import RLEError
from mmseg_medical.datasets.checks.objects import (
    as_problem,
    beyond,
    drawn,
    kind_of,
    known,
    parsed,
)


def annotation(label, *points):
    ring = np.array(points or [[1, 1], [5, 1], [5, 5]], float)
    return Annotation(label, polygons=((ring,),))


def test_objects_are_counted_by_class():
    sample = dict(
        annotations=[
            annotation('tumor'),
            annotation('Tumor'),
            annotation('x'),
        ],
        labels={'tumor': 'lesion', 'Tumor': 'lesion', 'x': None},
        classes=('background', 'lesion'),
    )
    assert drawn(sample) == {'lesion': 2, 'None': 1}
    assert known(sample)['labels'] == sample['labels']
    assert drawn({}) == {}


def test_labels_that_are_no_class_leave_their_objects_out():
    sample = dict(
        annotations=[annotation('lesion'), annotation('x')],
        classes=('background', 'lesion'),
    )
    assert drawn(sample) == {'lesion': 1, 'x': 1}
    assert known(sample)['labels'] == {'x': None}
    every = dict(sample, labels={'*': 'lesion'})
    assert known(every)['labels'] == {'*': 'lesion'}


def test_how_far_outlines_leave_the_image():
    inside = annotation('a', [0, 0], [20, 0], [20, 10])  # on the border
    out = annotation('a', [-3, 0], [20, 0], [20, 14])
    assert beyond(dict(annotations=[inside]), (10, 20)) == 0
    assert beyond(dict(annotations=[inside, out]), (10, 20)) == 4
    assert beyond(dict(annotations=[]), (10, 20)) is None
    assert beyond({}, (10, 20)) is None


def test_files_of_other_formats_are_left_to_the_loader():
    problems = []
    sample = dict(annotation_path='a.xyz', annotation_format='other')
    assert parsed(sample, problems) == sample
    assert parsed({}, problems) == {}
    assert not problems


def test_kinds_and_messages_of_errors():
    assert kind_of(FileNotFoundError()) == 'mask_missing'
    assert kind_of(RLEError()) == 'runs'
    assert kind_of(PolygonError()) == 'outlines'
    assert kind_of(KeyError()) == 'mask'
    assert as_problem('mask', ValueError('a\n  b')).text == 'a b'
    assert as_problem('mask', KeyError()).text == 'KeyError'
    assert len(as_problem('mask', ValueError('x' * 999)).text) == 300
