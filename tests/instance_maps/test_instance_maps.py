"""What all maps of instances have in common."""

import numpy as np
import pytest
import torch

from mmseg_medical.instance_maps import (
    border_pixels,
    distance_map,
    flow_map,
    hv_map,
    ray_map,
    touching_pixels,
)
from mmseg_medical.models.pixel_maps import kind_of
from mmseg_medical.models.views import (
    SYMMETRIES,
    apply_symmetry,
    undo_symmetry,
)
from tests.instance_maps.test_borders import blobs

PLAIN = (border_pixels, touching_pixels, distance_map)
ALL = (*PLAIN, hv_map, flow_map, ray_map)


def star_map(inst_map):
    rays = np.nan_to_num(ray_map(inst_map), nan=7)
    return np.concatenate([distance_map(inst_map)[..., None], rays], 2)


@pytest.mark.parametrize('shift', [0, 65530, 70000, 2**31 - 100])
@pytest.mark.parametrize('function', ALL)
def test_large_ids(function, shift):
    inst_map = blobs(1)
    moved = np.where(inst_map > 0, inst_map + shift, 0).astype(np.int32)
    np.testing.assert_array_equal(function(moved), function(inst_map))


@pytest.mark.parametrize('function', ALL[:-1])
def test_what_is_to_be_ignored_is_background(function):
    inst_map = blobs(1)
    unknown = np.where(inst_map > 0, inst_map, -1)
    np.testing.assert_array_equal(function(unknown), function(inst_map))


@pytest.mark.parametrize('function', PLAIN)
def test_what_is_turned_before_is_turned_afterwards(function):
    inst_map = blobs(0)
    for turns in range(4):
        for turned in (
            lambda x, k=turns: np.rot90(x, k),
            lambda x, k=turns: np.rot90(x, k)[::-1],
        ):
            found = function(np.ascontiguousarray(turned(inst_map)))
            np.testing.assert_array_equal(found, turned(function(inst_map)))


@pytest.mark.parametrize('symmetry', SYMMETRIES)
@pytest.mark.parametrize(
    ('name', 'function'),
    [('hv', hv_map), ('flow', flow_map), ('star', star_map)],
)
def test_directions_turn_with_the_image(name, function, symmetry):
    inst_map = blobs(0)
    turned = apply_symmetry(torch.from_numpy(inst_map), symmetry)
    values = function(np.ascontiguousarray(turned.numpy()))
    values = undo_symmetry(torch.from_numpy(values).permute(2, 0, 1), symmetry)
    found = kind_of(name).undo(values, symmetry).permute(1, 2, 0).numpy()
    expected = function(inst_map)
    # Of an even nucleus the pixel that heat comes from is one of several.
    same = np.isclose(found, expected, atol=1e-5).all(2)
    assert same.mean() > (0.8 if name == 'flow' else 0.999)


@pytest.mark.parametrize('function', ALL)
def test_nothing(function):
    found = function(np.zeros((4, 5), np.int32))
    assert found.shape[:2] == (4, 5)
    assert not found.any()


@pytest.mark.parametrize('function', [hv_map, flow_map])
def test_a_nucleus_of_one_pixel_has_no_direction(function):
    inst_map = np.zeros((3, 3), np.int32)
    inst_map[1, 1] = 9
    assert not function(inst_map).any()
