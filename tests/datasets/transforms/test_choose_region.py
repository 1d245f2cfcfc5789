import numpy as np
import pytest
from mmseg.registry import TRANSFORMS

from mmseg_medical.datasets.transforms import (
    ChooseRandomRegion,
    LoadMaskRegion,
)


def test_regions_have_the_size_that_was_asked_for(sample):
    choose = TRANSFORMS.build(
        dict(type='ChooseRandomRegion', scale=(0.3, 0.6), ratio=(0.5, 2))
    )
    sides = np.array([choose(dict(sample))['region'] for _ in range(300)])
    assert (sides[:, :2] >= 0).all()
    assert (sides[:, :2] + sides[:, 2:] <= (90, 120)).all()
    area = sides[:, 2] * sides[:, 3] / (90 * 120)
    assert 0.08 < area.min() < 0.12
    assert 0.3 < area.max() < 0.38
    ratio = sides[:, 3] / sides[:, 2] / (120 / 90)
    assert 0.48 < ratio.min() < 0.6
    assert 1.7 < ratio.max() < 2.1


def test_regions_can_be_sure_to_hold_foreground(sample):
    choose = ChooseRandomRegion(scale=(0.1, 0.2), foreground=1.0)
    hits = set()
    for _ in range(60):
        region = choose(dict(sample))['region']
        part = LoadMaskRegion()(dict(sample, region=region))['gt_seg_map']
        assert part.any()
        hits.add((region.top, region.left))
    assert len(hits) > 30
    empty = dict(sample, rle='')
    assert 'region' in choose(empty)


def test_a_probability_of_zero_reads_the_whole_image(sample):
    assert 'region' not in ChooseRandomRegion(prob=0)(dict(sample))


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(scale=(0, 1)), r'rising within \(0, 1\]'),
        (dict(scale=(0.8, 0.5)), 'rising within'),
        (dict(ratio=(2, 1)), 'rising and above 0'),
    ],
)
def test_ranges_are_checked(arguments, message):
    with pytest.raises(ValueError, match=message):
        ChooseRandomRegion(**arguments)
