import numpy as np
import pytest

from mmseg_medical.instance_maps import flow
from mmseg_medical.instance_maps.flow import flow_map
from tests.instance_maps.test_borders import blobs


def test_all_ways_of_a_disc_lead_to_its_middle():
    y, x = np.mgrid[-9:10, -9:10]
    disc = (y**2 + x**2 <= 64).astype(np.int32)
    found = flow_map(disc)
    inside = (disc > 0) & (y**2 + x**2 > 1)
    length = np.linalg.norm(found[inside], axis=1)
    np.testing.assert_allclose(length, 1, atol=1e-6)
    inwards = -np.stack([x, y], 2) / np.hypot(x, y).clip(1)[..., None]
    assert (found * inwards).sum(2)[inside].min() > 0.9
    assert not found[disc == 0].any()


def test_a_way_leads_around_a_corner():
    hook = np.zeros((12, 12), np.int32)
    hook[1:11, 1:4] = 1
    hook[8:11, 1:11] = 1
    found = flow_map(hook)
    assert found[2, 2, 1] > 0.9  # down, where the straight way is outside
    assert found[9, 9, 0] < -0.9


@pytest.mark.parametrize('seed', range(2))
def test_compiled_or_not(seed, monkeypatch):
    inst_map = blobs(seed)
    found = flow_map(inst_map)
    monkeypatch.setattr(flow, '_spread', flow._spread.fallback)
    np.testing.assert_allclose(flow_map(inst_map), found, atol=1e-5)
