"""Maps of true nuclei give these nuclei."""

import numpy as np
import pytest

from mmseg_medical.instance_maps import (
    distance_map,
    flow_map,
    hv_map,
    ray_map,
)
from mmseg_medical.postprocessing.instances import (
    FlowDecoder,
    HVDecoder,
    Instances,
    SeedDecoder,
    StarDecoder,
    build_decoder,
)


def nuclei(seed, shape=(120, 96), count=24, radius=11):
    """Cells of a Voronoi diagram, cut to discs; some are at the border."""
    rng = np.random.default_rng(seed)
    seeds = []
    while len(seeds) < count:
        one = rng.uniform(0, 1, 2) * shape
        if all(np.linalg.norm(one - s) > radius for s in seeds):
            seeds.append(one)
    grid = np.stack(np.indices(shape), -1)[..., None, :]
    far = np.sqrt(((grid - np.array(seeds)) ** 2).sum(-1))
    ids = far.argmin(-1) + 1
    ids[far.min(-1) > radius] = 0
    return ids.astype(np.int32)


def star_map(inst_map):
    rays = np.nan_to_num(ray_map(inst_map), nan=6)
    return np.concatenate([distance_map(inst_map)[..., None], rays], 2)


def overlaps(inst_map, found):
    """Greatest IoU of each true nucleus."""
    best = []
    for number in np.unique(inst_map[inst_map > 0]):
        own = inst_map == number
        ids = np.unique(found[own])
        best.append(
            max(
                (own & (found == k)).sum() / (own | (found == k)).sum()
                for k in ids
                if k > 0
            )
        )
    return np.array(best)


DECODERS = [
    (HVDecoder(), hv_map, 0.8),
    (SeedDecoder(), lambda m: distance_map(m)[..., None], 0.9),
    (FlowDecoder(), flow_map, 0.8),
    (StarDecoder(), star_map, 0.8),
]


@pytest.mark.parametrize('seed', range(3))
@pytest.mark.parametrize(('decoder', 'target', 'least'), DECODERS)
def test_nuclei_that_touch_come_back(decoder, target, least, seed):
    inst_map = nuclei(seed)
    prob = (inst_map > 0).astype(np.float32)
    values = target(inst_map).transpose(2, 0, 1)
    found = decoder(prob, prob[None], values)
    assert found.inst_map.dtype == np.int32
    assert found.inst_map.max() == len(found.scores) == inst_map.max()
    assert overlaps(inst_map, found.inst_map).min() > least
    assert (np.unique(found.inst_map)[1:] == np.arange(1, 25)).all()


@pytest.mark.parametrize(('decoder', 'target', 'least'), DECODERS)
def test_nothing_and_a_single_nucleus(decoder, target, least):
    empty = np.zeros((40, 50), np.float32)
    values = target(np.zeros((40, 50), np.int32)).transpose(2, 0, 1)
    found = decoder(empty, empty[None], values)
    assert found.inst_map.shape == (40, 50)
    assert not found.inst_map.any()
    assert found.scores.shape == (0,)
    one = np.zeros((40, 50), np.int32)
    one[10:25, 20:38] = 1
    found = decoder(
        0.75 * one.astype(np.float32),
        empty[None],
        target(one).transpose(2, 0, 1),
    )
    assert found.scores.shape == (1,)
    assert overlaps(one, found.inst_map) > 0.7


@pytest.mark.parametrize(('decoder', 'target', 'least'), DECODERS)
def test_scores_are_the_certainty_of_each(decoder, target, least):
    inst_map = nuclei(0)
    sure = np.linspace(0.6, 1, 25, dtype=np.float32)
    prob = np.where(inst_map > 0, sure[inst_map], 0).astype(np.float32)
    values = target(inst_map).transpose(2, 0, 1)
    if isinstance(decoder, StarDecoder):
        values[0] *= prob
    found = decoder(prob, prob[None], values)
    for k, score in enumerate(found.scores, 1):
        ids = inst_map[(found.inst_map == k) & (inst_map > 0)]
        expected = sure[np.bincount(ids).argmax()]
        assert score == pytest.approx(expected, abs=0.05)


def test_configs():
    decoder = build_decoder(dict(type='HVDecoder', min_size=3))
    assert (decoder.map_name, decoder.min_size) == ('hv', 3)
    with pytest.raises(ValueError, match=r"'HVDecode', .* did you mean HVDe"):
        build_decoder(dict(type='HVDecode'))
    with pytest.raises(ValueError, match=r'instances\.size is no setting'):
        build_decoder(dict(type='HVDecoder', size=3))


def test_labels_are_numbered_anew():
    labels = np.array([[0, 7, 7, 2], [5, 5, 5, 2]], np.int32)
    certainty = np.array([[1, 0.5, 0.7, 1], [1, 0.2, 0.3, 0.8]], np.float32)
    found = Instances.of(labels, certainty, min_size=2)
    assert found.inst_map.tolist() == [[0, 3, 3, 1], [2, 2, 2, 1]]
    np.testing.assert_allclose(found.scores, [0.9, 0.5, 0.6])
    large = Instances.of(labels, certainty, min_size=3)
    assert large.inst_map.tolist() == [[0, 0, 0, 0], [1, 1, 1, 0]]
