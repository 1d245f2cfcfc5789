import numpy as np
import pytest

from mmseg_medical.converters.confidence import (
    confidence_of,
    decided_by,
    per_class,
    sure_labels,
)
from mmseg_medical.errors import InputError


def array(*planes):
    return np.array(planes, np.float32)


def test_binary_masks_with_a_band_to_ignore():
    probs = array([[0.1, 0.2, 0.5], [0.8, 0.9, 1.0]])
    labels = sure_labels(probs, 'binary', *np.array([[0.2], [0.8]]))
    assert labels.dtype == np.uint8
    assert labels.tolist() == [[0, 0, 255], [255, 1, 1]]
    found = confidence_of(probs, 'binary', labels)
    assert found == pytest.approx((0.95, 2 / 4, 2 / 6))
    hard = sure_labels(probs, 'binary', *np.array([[0.5], [0.5]]))
    assert hard.tolist() == [[0, 0, 0], [1, 1, 1]]
    assert confidence_of(probs, 'binary', hard) == pytest.approx((0.9, 1, 0.5))


def test_an_empty_mask_is_as_sure_as_its_least_sure_pixel():
    probs = array([[0.0, 0.1, 0.3]])
    empty = np.zeros((1, 3), np.uint8)
    assert confidence_of(probs, 'binary', empty) == pytest.approx((0.7, 1, 0))
    unsure = np.array([[0, 0, 255]], np.uint8)
    assert confidence_of(probs, 'binary', unsure).sure == 0
    exclusive = array([[1.0, 0.8]], [[0.0, 0.2]])
    found = confidence_of(exclusive, 'multiclass', empty[:, :2])
    assert found == pytest.approx((0.8, 1, 0))


def test_classes_that_exclude_each_other():
    """Columns: background, a, b, and a again, not above its threshold."""
    probs = array([[0.8, 0.1, 0.2, 0.3]], [[0.1, 0.7, 0.2, 0.5]])
    probs = np.concatenate([probs, 1 - probs.sum(0, keepdims=True)])
    high = np.array([0.5, 0.6, 0.4])
    labels = sure_labels(probs, 'multiclass', np.zeros(3), high)
    assert labels.tolist() == [[0, 1, 2, 255]]
    found = confidence_of(probs, 'multiclass', labels)
    assert found == pytest.approx(((0.7 + 0.6) / 2, 2 / 3, 1 / 2))


def test_classes_that_overlap():
    probs = array([[0.9, 0.5]], [[0.7, 0.1]])
    low, high = np.array([[0.2, 0.6], [0.8, 0.6]])
    labels = sure_labels(probs, 'multilabel', low, high)
    assert labels.tolist() == [[[1, 255]], [[1, 0]]]
    found = confidence_of(probs, 'multilabel', labels)
    assert found == pytest.approx((0.8, 2 / 3, 1 / 2))


def test_post_processing_decides_what_is_sure():
    labels = np.array([[0, 1, 255, 1]], np.uint8)
    masks = np.array([[[1, 0, 1, 1]]], np.int32)
    assert decided_by(masks, labels).tolist() == [[1, 0, 255, 1]]
    exclusive = array([[0.1, 0.2]], [[0.6, 0.5]], [[0.3, 0.3]])
    other = np.array([[2, 1]], np.uint8)  # not the most likely
    found = confidence_of(exclusive, 'multiclass', other)
    assert found.confidence == pytest.approx((0.3 + 0.5) / 2)


def test_thresholds_of_classes():
    names = ['lung', 'liver']
    for value in (0.3, [0.3], [0.3, 0.3], dict(liver=0.3, lung=0.3)):
        assert per_class(value, names, what='low').tolist() == [0.3, 0.3]
    by_name = per_class(dict(liver=0.1, lung=0.9), names, what='low')
    assert by_name.tolist() == [0.9, 0.1]


@pytest.mark.parametrize(
    ('value', 'message'),
    [
        (1.2, r'high is \[1.2\], expected probabilities in \[0, 1\]'),
        (float('nan'), 'expected probabilities'),
        ([0.1, 0.2, 0.3], 'high has 3 numbers, expected 1 or one for each of'),
        (dict(lung=0.3), 'high is of lung, expected one for each of lung, li'),
        (dict(lung=0.3, spleen=0.1), 'high is of lung, spleen'),
    ],
)
def test_what_is_no_threshold(value, message):
    with pytest.raises(InputError, match=message):
        per_class(value, ['lung', 'liver'], what='high')
