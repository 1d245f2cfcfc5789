import sys

import numpy as np
import pytest
from mmseg.registry import TRANSFORMS

pytest.importorskip('albumentations')


def build(*transforms):
    return TRANSFORMS.build(
        dict(type='ApplyAlbumentations', transforms=list(transforms))
    )


def sample(tissue, **more):
    mask = np.zeros((48, 64), np.uint8)
    mask[10:20, 5:30] = 7
    img = np.ascontiguousarray(tissue(64)[:48])
    return dict(img=img, gt_seg_map=mask, seg_fields=['gt_seg_map'], **more)


def test_masks_follow_the_image(tissue):
    out = build(dict(type='Transpose', p=1))(sample(tissue, ori_shape=(9, 9)))
    before = sample(tissue)
    np.testing.assert_array_equal(out['img'], before['img'].swapaxes(0, 1))
    np.testing.assert_array_equal(out['gt_seg_map'], before['gt_seg_map'].T)
    assert out['img_shape'] == (64, 48)
    assert out['ori_shape'] == (9, 9)  # nothing else is touched


def test_weights_of_pixels_follow_the_image(tissue):
    loaded = sample(tissue)
    weight = loaded['gt_seg_map'] / np.float32(2)
    flip = build(dict(type='HorizontalFlip', p=1))
    mask = loaded['gt_seg_map']
    for masks in (mask, np.dstack([mask, mask.T.reshape(mask.shape)])):
        out = flip(dict(loaded, gt_seg_map=masks, seg_weight=weight))
        assert out['seg_weight'].dtype == np.float32
        np.testing.assert_array_equal(out['seg_weight'], weight[:, ::-1])
        assert out['gt_seg_map'].dtype == np.uint8
        np.testing.assert_array_equal(out['gt_seg_map'], masks[:, ::-1])
        assert out['seg_fields'] == ['gt_seg_map']


def test_labels_stay_labels(tissue):
    out = build(dict(type='Rotate', limit=45, p=1))(sample(tissue))
    assert set(np.unique(out['gt_seg_map'])) <= {0, 7}
    assert out['gt_seg_map'].dtype == np.uint8


def test_colour_transforms_see_rgb(tissue):
    """A shift of red alone must move the last channel of BGR."""
    shift = dict(
        type='RGBShift',
        r_shift_limit=(30, 30),
        g_shift_limit=(0, 0),
        b_shift_limit=(0, 0),
        p=1,
    )
    before = sample(tissue)['img'].astype(int)
    change = build(shift)(sample(tissue))['img'] - before
    assert (change[..., :2] == 0).all()
    assert (change[..., 2] > 0).mean() > 0.9


def test_images_without_masks(tissue):
    img = tissue(32)
    out = build(dict(type='HorizontalFlip', p=1))(dict(img=img.copy()))
    np.testing.assert_array_equal(out['img'], img[:, ::-1])


def test_numpy_seeds_the_draws(tissue):
    transform = build(
        dict(
            type='OneOf',
            transforms=[dict(type='D4'), dict(type='GaussNoise')],
            p=0.9,
        )
    )

    def draws(seed):
        np.random.seed(seed)
        return [transform(sample(tissue))['img'] for _ in range(5)]

    for one, other in zip(draws(3), draws(3), strict=True):
        np.testing.assert_array_equal(one, other)
    assert any(
        one.shape != other.shape or (one != other).any()
        for one, other in zip(draws(3), draws(4), strict=True)
    )


@pytest.mark.parametrize(
    ('transform', 'message'),
    [
        (dict(type='Flop'), "no transform 'Flop'"),
        (dict(p=1), 'no transform None'),
        (dict(type='RandomGamma', gamma_limit=(-5, 0)), 'RandomGamma'),
    ],
)
def test_what_is_wrong_is_named(transform, message):
    with pytest.raises(ValueError, match=message):
        build(transform)


def test_a_missing_library_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, 'albumentations', None)
    with pytest.raises(ImportError, match=r'mmsegmentation-medical\[albu\]'):
        build(dict(type='D4'))
