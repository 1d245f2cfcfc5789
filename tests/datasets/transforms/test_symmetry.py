import numpy as np
import pytest
from mmseg.registry import TRANSFORMS

from mmseg_medical.datasets.transforms import ApplySymmetry
from mmseg_medical.datasets.transforms.symmetry import apply_symmetry
from mmseg_medical.errors import InputError

KINDS = ['bool', 'int8', 'uint8', 'int16', 'uint16', 'int64', 'float32']


@pytest.mark.parametrize('kind', KINDS)
@pytest.mark.parametrize('channels', [(), (1,), (3,), (5,)])
def test_the_eight_symmetries(kind, channels):
    array = np.arange(4 * 6 * np.prod(channels, dtype=int)) % 97
    array = array.reshape(4, 6, *channels).astype(kind)
    found = [apply_symmetry(array, k) for k in range(8)]
    expected = [
        np.rot90(part, k)
        for part in (array, array.swapaxes(0, 1))
        for k in range(4)
    ]
    for out in found:
        assert out.dtype == kind
        assert out.flags.c_contiguous
        assert sum(np.array_equal(out, e) for e in expected) == 1
    if kind == 'int16':
        assert len({out.tobytes() + bytes(out.shape) for out in found}) == 8


def test_image_and_masks_move_together():
    img = np.arange(24, dtype=np.uint8).reshape(4, 6, 1)
    apply = TRANSFORMS.build(dict(type='ApplySymmetry'))
    shapes = []
    for _ in range(60):
        out = apply(
            dict(
                img=img,
                gt_seg_map=img[..., 0].astype(np.int64),
                planes=np.repeat(img, 3, 2),
                seg_fields=['gt_seg_map', 'planes'],
                seg_weight=img[..., 0].astype(np.float32),
            )
        )
        np.testing.assert_array_equal(out['img'][..., 0], out['gt_seg_map'])
        np.testing.assert_array_equal(out['img'][..., 0], out['seg_weight'])
        np.testing.assert_array_equal(out['img'], out['planes'][..., 1:2])
        assert out['img_shape'] == out['img'].shape[:2]
        shapes.append(out['img_shape'])
    assert 15 < shapes.count((6, 4)) < 45


def test_without_turns_the_shape_stays():
    img = np.zeros((4, 6, 1), np.uint8)
    apply = ApplySymmetry(turns=False)
    for _ in range(20):
        assert apply(dict(img=img))['img'].shape == img.shape


def test_probability():
    img = np.zeros((4, 6, 1), np.uint8)
    assert ApplySymmetry(prob=0)(dict(img=img)) == dict(img=img)
    with pytest.raises(InputError, match='prob is 0 to 1, got 2'):
        ApplySymmetry(prob=2)
