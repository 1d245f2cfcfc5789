import numpy as np
import pytest

from mmseg_medical.converters import predictions
from mmseg_medical.converters.probability_maps import ProbabilityMaps
from mmseg_medical.converters.record import Skipped
from mmseg_medical.errors import InputError

PROBS = np.array([[[0.2, 0.9, 0.5, 0.1], [0.2, 0.2, 0.2, 0.2]]])


@pytest.fixture
def maps(tmp_path):
    def write(task, classes, probs, ids=('p',)):
        folder = ProbabilityMaps(
            tmp_path / 'maps',
            ids=ids,
            task=task,
            classes=classes,
            postprocess=dict(mask_thr=0.5),
            origin={},
        )
        folder.start()
        folder.write(ids[0], probs)
        return tmp_path / 'maps'

    return write


def test_one_class(maps):
    path = maps('binary', ['background', 'gland'], PROBS)
    (record,) = predictions.read(path)
    assert (record.img_id, record.shape) == ('p', (2, 4))
    (gland,) = record.annotations
    assert gland.label == 'gland'
    assert gland.mask((2, 4)).tolist() == [[0, 1, 0, 0], [0, 0, 0, 0]]
    assert record.properties['channels'] == ['gland']
    assert record.properties['seg_probs'].shape == (1, 2, 4)
    (lower,) = predictions.read(path, mask_thr=0.15)
    assert lower.annotations[0].runs.area == 7


def test_classes_that_overlap(maps):
    probs = np.concatenate([PROBS, PROBS, 0 * PROBS])
    path = maps('multilabel', ['a', 'b', 'c'], probs)
    (record,) = predictions.read(path)
    assert [a.label for a in record.annotations] == ['a', 'b']
    assert record.properties['channels'] == ['a', 'b', 'c']


def test_classes_that_exclude_each_other(maps):
    path = maps(
        'multiclass', ['background', 'a'], np.concatenate([1 - PROBS, PROBS])
    )
    (record,) = predictions.read(path)
    assert record.annotations[0].mask((2, 4))[0, 1] == 1
    assert record.properties['channels'] == ['background', 'a']


def test_maps_that_are_missing(maps, tmp_path):
    path = maps('binary', ['background', 'gland'], PROBS, ('p', 'q'))
    with pytest.raises(InputError, match="lacks the map of 'q'"):
        list(predictions.read(path))
    skipped = Skipped(strict=False)
    assert len(list(predictions.read(path, skipped=skipped))) == 1
    assert len(skipped) == 1
    with pytest.raises(InputError, match='has no probability maps'):
        list(predictions.read(tmp_path))
