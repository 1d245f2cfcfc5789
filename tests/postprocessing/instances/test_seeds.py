import numpy as np
import pytest

from mmseg_medical.instance_maps import border_pixels
from mmseg_medical.postprocessing.instances import SeedDecoder
from tests.postprocessing.instances.test_decoder import nuclei, overlaps


def test_borders_part_nuclei():
    inst_map = nuclei(1)
    border = border_pixels(inst_map) & (inst_map > 0)
    probs = np.stack([inst_map == 0, (inst_map > 0) & ~border, border])
    probs = probs.astype(np.float32)
    found = SeedDecoder('border')(1 - probs[0], probs, None)
    assert len(found.scores) == 24
    assert overlaps(inst_map, found.inst_map).min() > 0.8


def test_a_part_without_a_seed_is_an_instance():
    prob = np.zeros((20, 20), np.float32)
    prob[2:6, 2:6] = 1
    prob[10:18, 10:18] = 1
    depth = np.zeros((1, 20, 20), np.float32)
    depth[0, 12:16, 12:16] = 1
    found = SeedDecoder()(prob, prob[None], depth)
    assert np.unique(found.inst_map[2:6, 2:6]).size == 1
    assert len(found.scores) == 2
    assert (found.inst_map[10:18, 10:18] > 0).all()
    small = SeedDecoder(min_size=17)(prob, prob[None], depth)
    assert len(small.scores) == 1
    assert not small.inst_map[2:6, 2:6].any()


def test_a_mask_alone_is_divided_at_its_waists():
    y, x = np.mgrid[:30, :50]
    discs = [(y - 15) ** 2 + (x - c) ** 2 <= 100 for c in (14, 31)]
    prob = (discs[0] | discs[1]).astype(np.float32)
    found = SeedDecoder('mask')(prob, prob[None], None)
    assert len(found.scores) == 2
    assert found.inst_map[15, 8] != found.inst_map[15, 38]


def test_sources():
    assert SeedDecoder().map_name == 'distance'
    assert SeedDecoder('border').map_name == ''
    with pytest.raises(ValueError, match="'mask', got 'depth'"):
        SeedDecoder('depth')
