import numpy as np

from mmseg_medical.postprocessing.instances import instance_types

IDS = np.array([[1, 1, 1, 0, 2, 2, 3]])


def test_most_pixels_decide():
    labels = np.array([[[1, 2, 2, 4, 4, 2, 4]]])
    assert instance_types(IDS, labels, [1, 2]).tolist() == [2, 2, 1]
    assert instance_types(IDS, labels, [1, 2, 4]).tolist() == [2, 2, 4]
    assert instance_types(IDS, labels, [1]).tolist() == [1, 1, 1]


def test_classes_that_overlap():
    planes = np.array([[[1, 1, 1, 1, 0, 0, 0]], [[1, 0, 0, 0, 1, 0, 1]]])
    assert instance_types(IDS, planes, [0, 1]).tolist() == [0, 1, 1]


def test_no_instance():
    empty = np.zeros((2, 3), np.int32)
    assert instance_types(empty, empty[None], [1, 2]).tolist() == []
