import numpy as np
import pytest

from mmseg_medical.datasets.transforms import (
    MixUpWithinGroup,
    PackMedicalInputs,
)
from mmseg_medical.errors import InputError


def sample(value, kind=np.uint8):
    return dict(
        img=np.full((4, 5, 3), value, kind),
        gt_seg_map=np.full((4, 5), value % 2, np.uint8),
        seg_fields=['gt_seg_map'],
        img_path=f'{value}.png',
    )


@pytest.mark.parametrize('kind', ['uint8', 'int16', 'uint16', 'float32'])
def test_images_are_added_and_masks_kept(kind):
    one, other = sample(10, kind), sample(21, kind)
    out = MixUpWithinGroup().mix(dict(one), other, 0.75)
    assert out['img'].dtype == kind
    expected = 12.75 if kind == 'float32' else 13
    assert (out['img'] == expected).all()
    assert (out['gt_seg_map'] == 0).all()
    assert (out['mixed_seg_map'] == 1).all()
    assert out['seg_fields'] == ['gt_seg_map', 'mixed_seg_map']
    assert (one['img'] == 10).all()


def test_both_masks_are_packed():
    out = MixUpWithinGroup().mix(sample(10), sample(21), 0.75)
    packed = PackMedicalInputs()(out)['data_samples']
    assert packed.mix_share == 0.75
    assert (packed.mixed_sem_seg.data == 1).all()
    assert packed.mixed_sem_seg.data.shape == (1, 4, 5)


@pytest.mark.parametrize(
    ('change', 'found'),
    [
        (dict(seg_weight=np.ones((4, 5))), 'seg_weight'),
        (dict(seg_fields=['gt_seg_map', 'gt_edge_map']), 'gt_edge_map'),
        (dict(seg_fields=[]), r'\[\]'),
    ],
)
def test_what_else_lies_upon_the_pixels_is_refused(change, found):
    changed = dict(sample(10), **change)
    with pytest.raises(InputError, match=rf'10\.png has .*{found}.*; MixUp'):
        MixUpWithinGroup().mix(changed, sample(21), 0.5)
    with pytest.raises(InputError, match=rf'10\.png has .*{found}'):
        MixUpWithinGroup().mix(sample(21), changed, 0.5)


def test_nothing_is_mixed_twice():
    once = MixUpWithinGroup().mix(sample(10), sample(21), 0.5)
    with pytest.raises(InputError, match='mixed_seg_map'):
        MixUpWithinGroup().mix(once, sample(3), 0.5)
