import numpy as np
import pytest

from mmseg_medical.converters.map_masks import iter_masks
from mmseg_medical.converters.probability_maps import ProbabilityMaps
from mmseg_medical.errors import InputError
from mmseg_medical.postprocessing import Pipeline

SMOOTH = [
    dict(type='threshold', mask_thr=0.5),
    dict(type='smooth_presence', max_gap=1, min_run=2),
]


@pytest.fixture
def write(tmp_path):
    """Write slices of 3 x 3 pixels: name, volume, number, probability."""

    def start(*slices, **meta):
        maps = ProbabilityMaps(
            tmp_path / 'maps',
            ids=[name for name, *_ in slices],
            task='binary',
            classes=['bg', 'fg'],
            postprocess=dict(mask_thr=0.5),
            origin={},
        )
        for name, volume, number, prob in slices:
            meta = dict(case_day=volume, slice_index=number, age=[1])
            maps.write(name, np.full((1, 3, 3), prob), meta=meta)
        return maps

    return start


def pipeline(steps):
    return Pipeline(steps, task='binary', labels=['fg'])


def present(maps, steps):
    found = iter_masks(maps, pipeline(steps))
    return ''.join(
        name if masks.all() else '.' for name, masks in found if masks.shape
    )


def test_volumes_are_smoothed_in_their_own_order(write):
    maps = write(
        ('a', 'v', 2, 0.1),
        ('b', 'w', 1, 0.9),
        ('c', 'v', 1, 0.9),
        ('d', 'v', 3, 0.9),
        ('e', 'w', 2, 0.1),
        ('f', 'v', 10, 0.9),
    )
    assert present(maps, SMOOTH[:1]) == '.bcd.f'
    # v: 1, 2 and 3 are a run of three with its gap filled, then 10.
    assert present(maps, SMOOTH) == 'a.cd.f'
    assert maps.meta('a') == dict(case_day='v', slice_index=2)


def test_what_a_volume_needs_is_named(write):
    maps = write(('a', 'v', 1, 0.9), ('b', 'v', 1, 0.9))
    with pytest.raises(InputError, match="'v' has two slices 1: 'a' and 'b'"):
        list(iter_masks(maps, pipeline(SMOOTH)))
    other = dict(SMOOTH[1], slice_key='position')
    with pytest.raises(InputError, match=r"needs 'position' of .* 'a' in .*"):
        list(iter_masks(maps, pipeline([SMOOTH[0], other])))


def test_slices_of_one_volume_have_one_size(write):
    maps = write(('a', 'v', 1, 0.9), ('b', 'v', 2, 0.9))
    meta = dict(case_day='v', slice_index=2)
    maps.write('b', np.zeros((1, 3, 4)), meta=meta)
    with pytest.raises(InputError, match=r"'a' differ in size: \[\(3, 3\), "):
        list(iter_masks(maps, pipeline(SMOOTH)))
