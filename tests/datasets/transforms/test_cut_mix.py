import numpy as np

from mmseg_medical.datasets.transforms import CutMixWithinGroup


def sample(value, shape=(40, 60)):
    return dict(
        img=np.full((*shape, 3), value, np.uint16),
        gt_seg_map=np.full(shape, value, np.uint8),
        gt_planes=np.full((*shape, 2), value, np.uint8),
        seg_fields=['gt_seg_map', 'gt_planes'],
        seg_weight=np.full(shape, value, np.float32),
    )


def test_image_and_masks_change_together():
    transform = CutMixWithinGroup()
    areas = []
    for _ in range(100):
        one, other = sample(1), sample(2)
        share = np.random.random()
        out = transform.mix(dict(one), other, share)
        pasted = out['gt_seg_map'] == 2
        areas.append((pasted.mean(), 1 - share))
        rows, columns = pasted.any(1), pasted.any(0)
        assert pasted.sum() == rows.sum() * columns.sum()  # a rectangle
        for field in ('gt_planes', 'img'):
            for k in range(out[field].shape[2]):
                np.testing.assert_array_equal(out[field][..., k] == 2, pasted)
        np.testing.assert_array_equal(out['seg_weight'] == 2, pasted)
        assert out['img'].dtype == np.uint16
        assert (one['img'] == 1).all()  # what was passed stays
        assert (other['img'] == 2).all()
    areas = np.array(areas)
    assert (areas[:, 0] <= areas[:, 1] + 0.05).all()
    assert np.corrcoef(areas.T)[0, 1] > 0.7


def test_a_share_of_all_changes_nothing():
    out = CutMixWithinGroup().mix(sample(1), sample(2), 1.0)
    assert (out['img'] == 1).all()


def test_objects_that_are_pasted_have_ids_of_their_own():
    one, other = sample(1), sample(2)
    for number, mixed in enumerate((one, other), 1):
        mixed['seg_fields'] = [*mixed['seg_fields'], 'gt_inst_map']
        ids = np.full((40, 60), 5, np.int32)
        ids[:, ::2] = 0
        ids[::2, ::2] = -number
        mixed['gt_inst_map'] = ids
    out = CutMixWithinGroup().mix(one, other, 0.3)
    pasted = out['gt_seg_map'] == 2
    assert pasted.any()
    for ids, own, ignored in ((pasted, 10, -2), (~pasted, 5, -1)):
        assert set(np.unique(out['gt_inst_map'][ids])) == {ignored, 0, own}
