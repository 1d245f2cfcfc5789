import numpy as np
import pytest
from mmseg.registry import TRANSFORMS

from mmseg_medical.datasets.transforms import LoadInstancesRegion


def test_samples_without_objects(sample):
    with pytest.raises(ValueError, match=r'a\.tiff has no objects one by one'):
        LoadInstancesRegion()(dict(sample))
    optional = LoadInstancesRegion(required=False)
    assert 'gt_inst_map' not in optional(dict(sample))
    listed = dict(sample, seg_map_path=['a.png', None])
    with pytest.raises(ValueError, match='has no objects one by one'):
        LoadInstancesRegion()(listed)
    with pytest.raises(ValueError, match=r"painter is one of .* got 'hand'"):
        LoadInstancesRegion(painter='hand')


def test_ids_move_with_the_image(nuclei_sample):
    out = LoadInstancesRegion()(nuclei_sample(seg_fields=[]))
    assert out['seg_fields'] == ['gt_inst_map']
    before = out['gt_inst_map'].copy()
    turn = TRANSFORMS.build(dict(type='ApplySymmetry'))
    for _ in range(5):
        out = turn(out)
    ids, counts = np.unique(before, return_counts=True)
    found, others = np.unique(out['gt_inst_map'], return_counts=True)
    assert ids.tolist() == found.tolist() == [0, 1, 2, 3]
    assert counts.tolist() == others.tolist()
    assert out['gt_inst_map'].dtype == np.int32


def test_ids_are_warped_exactly(nuclei_sample):
    pytest.importorskip('albumentations')
    warp = TRANSFORMS.build(
        dict(
            type='ApplyAlbumentations',
            transforms=[
                dict(type='Affine', rotate=(30, 30), p=1),
                dict(type='ElasticTransform', sigma=8, alpha=40, p=1),
            ],
        )
    )
    out = LoadInstancesRegion()(nuclei_sample(seg_fields=[]))
    ids = out['gt_inst_map']
    found = {}
    for kind in (np.int32, np.float32):
        np.random.seed(0)
        large = np.where(ids > 0, ids + 100000, 0).astype(kind)
        moved = warp(dict(out, img=out['img'].copy(), gt_inst_map=large))
        found[kind] = moved['gt_inst_map']
        assert found[kind].dtype == kind
    assert set(np.unique(found[np.int32])) == {0, 100001, 100002, 100003}
    np.testing.assert_array_equal(found[np.int32], found[np.float32])
