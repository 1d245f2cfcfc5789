import numpy as np

from mmseg_medical.instance_maps import flow_map
from mmseg_medical.postprocessing.instances import flow
from mmseg_medical.postprocessing.instances.flow import flow_labels
from tests.postprocessing.instances.test_decoder import nuclei


def test_pixels_get_the_label_of_where_they_get_to():
    field = np.zeros((2, 5, 20), np.float32)
    field[0, :, :10] = np.where(np.arange(10) < 4, 1, -1)
    field[0, :, 10:] = np.where(np.arange(10) < 6, 1, -1)
    mask = np.zeros((5, 20), bool)
    mask[2, 1:19] = True
    labels = flow_labels(mask, field)
    assert len(np.unique(labels[2, 1:10])) == 1
    assert len(np.unique(labels[2, 10:19])) == 1
    assert labels[2, 5] != labels[2, 15]
    assert not labels[1].any()


def test_points_in_several_parts(monkeypatch):
    inst_map = nuclei(0)
    field = flow_map(inst_map).transpose(2, 0, 1)
    whole = flow_labels(inst_map > 0, field)
    monkeypatch.setattr(flow, 'SEVERAL', 1000)
    monkeypatch.setattr(flow, 'COLUMNS', 64)
    np.testing.assert_array_equal(flow_labels(inst_map > 0, field), whole)


def test_too_few_steps_leave_pixels_behind():
    inst_map = nuclei(0)
    field = flow_map(inst_map).transpose(2, 0, 1)
    few = flow_labels(inst_map > 0, field, steps=1)
    assert few.max() > 24
