import numpy as np
from mmseg.registry import TRANSFORMS

from mmseg_medical.contrast import clahe


def test_clahe_keeps_type_and_shape(tissue):
    transform = TRANSFORMS.build(
        dict(type='ApplyCLAHE', clip_limit=3.0, tile_grid=(4, 4))
    )
    bgr = tissue()[..., ::-1].copy()
    out = transform(dict(img=bgr))['img']
    np.testing.assert_array_equal(out, clahe(bgr, 3.0, (4, 4), bgr=True))
    deep = np.arange(64 * 64, dtype=np.uint16).reshape(64, 64, 1)
    out = transform(dict(img=deep))['img']
    assert out.dtype == np.uint16
    assert out.shape == deep.shape


def test_probability_zero_changes_nothing(tissue):
    transform = TRANSFORMS.build(dict(type='ApplyCLAHE', prob=0.0))
    img = tissue(32)
    assert transform(dict(img=img))['img'] is img
