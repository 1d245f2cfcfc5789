import warnings
from collections import Counter

import numpy as np

from mmseg_medical.apis.conversion import Conversion
from mmseg_medical.converters.record import Annotation, Record
from mmseg_medical.converters.runs import Runs
from mmseg_medical.errors import ToleratedWarning

MASK = Runs.from_mask(np.ones((2, 2), np.uint8), 'F')


def test_what_is_counted():
    done = Conversion('coco')
    done.count(Record('a', (2, 2), (Annotation('x', MASK),) * 2))
    done.count(Record('b', (2, 2), (), properties=dict(without_area=3)))
    assert (done.images, done.empty, done.objects) == (2, 1, {'x': 2})
    assert done.summary('out.json') == (
        'read: 2 images, 1 of them empty; objects: x 2\n'
        'left out, without an area: 3\n'
        'wrote 0 images to out.json (coco)'
    )


def test_everything_that_is_told():
    done = Conversion(
        'coco',
        asked=['b', 'a'],
        written=3,
        objects=Counter(a=4),
        classes=['b', 'a'],
        skipped=[ValueError(f'row {k}') for k in range(25)],
        tolerated=['q lacks 2'],
    )
    done.left_out['c'] = 7
    lines = done.summary('out').splitlines()
    assert lines[:3] == ['tolerated: 1', '  q lacks 2', 'skipped: 25']
    assert lines[3:5] == ['  row 0', '  row 1']
    assert lines[-6:] == [
        '  … and 5 more',
        'read: 0 images, 0 of them empty; objects: a 4',
        'left out, of other classes: c 7',
        'without an object: b',
        'classes: 1 b, 2 a',
        'wrote 3 images to out (coco)',
    ]


def test_warnings_of_what_is_tolerated_are_kept(recwarn):
    done = Conversion('coco')
    with done.tolerating():
        for _ in range(2):
            warnings.warn('mended', ToleratedWarning, stacklevel=1)
        warnings.warn('of somebody else', UserWarning, stacklevel=1)
    assert done.tolerated == ['mended', 'mended']
    assert [str(w.message) for w in recwarn] == ['of somebody else']
