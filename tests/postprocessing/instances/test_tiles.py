import numpy as np
import pytest
from scipy import ndimage

from mmseg_medical.errors import InputError
from mmseg_medical.instance_maps import distance_map, hv_map
from mmseg_medical.postprocessing.instances import (
    Instances,
    Tile,
    build_decoder,
    merge_tiles,
)


def nuclei(seed, shape=(90, 110), count=60, radius=7):
    """Discs of a Voronoi diagram, many of which touch."""
    rng = np.random.default_rng(seed)
    marks = np.zeros(shape, np.int32)
    places = tuple(rng.integers(0, side, count) for side in shape)
    marks[places] = np.arange(1, count + 1)
    far, nearest = ndimage.distance_transform_edt(
        marks == 0, return_indices=True
    )
    ids = marks[tuple(nearest)]
    ids[far > radius] = 0
    return ids


def tile(ids, top, left, bottom, right):
    """What a perfect decoder finds in a window."""
    part = ids[top:bottom, left:right]
    _, numbers = np.unique(np.append(part, 0), return_inverse=True)
    numbers = numbers[:-1].reshape(part.shape).astype(np.int32)
    scores = np.linspace(0.5, 1, numbers.max(initial=0), dtype=np.float32)
    return Tile(top, left, Instances(numbers, scores))


def tiles(ids, size, overlap):
    """Tiles in rows, the last ones smaller."""
    height, width = ids.shape
    return [
        tile(ids, top, left, min(top + size, height), min(left + size, width))
        for top in range(0, height - overlap, size - overlap)
        for left in range(0, width - overlap, size - overlap)
    ]


def assert_same(found, expected):
    """The same instances, whatever their numbers."""
    np.testing.assert_array_equal(found > 0, expected > 0)
    pairs = np.unique(np.stack([found, expected]).reshape(2, -1), axis=1)
    for ids in pairs:
        assert len(np.unique(ids)) == pairs.shape[1]


@pytest.mark.parametrize('seed', range(4))
@pytest.mark.parametrize(('size', 'overlap'), [(40, 16), (31, 16), (50, 20)])
def test_no_instance_is_double_or_cut(seed, size, overlap):
    ids = nuclei(seed)
    found = merge_tiles(tiles(ids, size, overlap), ids.shape)
    assert_same(found.inst_map, ids)
    assert len(found.scores) == found.inst_map.max() == len(np.unique(ids)) - 1
    assert 0.5 <= found.scores.min() <= found.scores.max() <= 1


def test_larger_than_the_overlap():
    ids = np.zeros((60, 200), np.int32)
    ids[10:50, 5:190] = 1
    ids[52:58, 20:120] = 2
    found = merge_tiles(tiles(ids, 40, 10), ids.shape)
    assert_same(found.inst_map, ids)


def test_of_two_decisions_the_first_whole_one_counts():
    first = np.zeros((20, 40), np.int32)
    first[5:15, 28:38] = 1
    second = np.zeros((20, 40), np.int32)
    second[5:10, 8:18] = 1  # the same nucleus, in two parts
    second[10:15, 8:18] = 2
    several = [
        Tile(0, 0, Instances(first, np.array([0.5], np.float32))),
        Tile(0, 20, Instances(second, np.array([0.9, 0.8], np.float32))),
    ]
    found = merge_tiles(several, (20, 60))
    assert found.inst_map.max() == 1
    assert found.scores.tolist() == [0.5]
    found = merge_tiles(several[::-1], (20, 60))
    np.testing.assert_allclose(found.scores, [0.9, 0.8])


def test_a_rest_that_the_neighbour_does_not_see_is_left_out():
    first = np.zeros((20, 40), np.int32)
    first[5:10, 38:] = 1  # at the end of its tile alone
    first[12:18, 10:] = 2  # begins where no other tile sees it
    second = np.zeros((20, 40), np.int32)
    scores = np.array([0.5, 0.75], np.float32)
    found = merge_tiles(
        [
            Tile(0, 0, Instances(first, scores)),
            Tile(0, 20, Instances(second, scores[:0])),
        ],
        (20, 60),
    )
    np.testing.assert_array_equal(
        found.inst_map[:, :40], (first == 2).astype(int)
    )
    assert found.scores.tolist() == [0.75]


def test_nothing_found_and_tiles_outside():
    empty = np.zeros((30, 30), np.int32)
    found = merge_tiles(tiles(empty, 20, 5), empty.shape)
    assert found.inst_map.max() == 0
    assert found.scores.size == 0
    with pytest.raises(ValueError, match=r'leaves the image of \(10, 30\)'):
        merge_tiles(tiles(empty, 20, 5), (10, 30))


@pytest.mark.parametrize(
    ('kind', 'make'),
    [
        (dict(type='HVDecoder', slope_size=5), hv_map),
        (dict(type='SeedDecoder', seed_thr=0.6), distance_map),
    ],
)
def test_decoders_find_the_same_in_tiles(kind, make):
    ids = np.zeros((120, 150), np.int32)
    for k, (y, x) in enumerate(np.ndindex(8, 10), 1):
        ids[15 * y + 1 : 15 * y + 12, 15 * x + 2 : 15 * x + 14] = k
    values = np.float32(make(ids))
    values = values[None] if values.ndim == 2 else values.transpose(2, 0, 1)
    prob = np.float32(ids > 0)
    cfg = dict(type='TileDecoder', decoder=kind, tile_size=(50, 60))
    decoder = build_decoder(dict(cfg, overlap=20))
    whole = build_decoder(kind)
    assert decoder.map_name == whole.map_name
    found = decoder(prob, prob[None], values)
    assert_same(found.inst_map, whole(prob, prob[None], values).inst_map)
    assert_same(found.inst_map, ids)
    np.testing.assert_allclose(found.scores, 1)


def test_a_small_image_is_one_tile():
    prob = np.zeros((20, 30), np.float32)
    prob[5:15, 5:15] = 1
    cfg = dict(type='SeedDecoder', source='mask')
    found = build_decoder(dict(type='TileDecoder', decoder=cfg))(
        prob, prob[None], None
    )
    assert found.inst_map.max() == 1


def test_tiles_that_share_too_much():
    with pytest.raises(InputError, match=r'\(64, 32\) .* share 32 pixels'):
        build_decoder(
            dict(
                type='TileDecoder',
                decoder=dict(type='HVDecoder'),
                tile_size=(64, 32),
                overlap=32,
            )
        )
