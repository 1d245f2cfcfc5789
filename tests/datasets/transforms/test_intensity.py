import numpy as np
import pytest
from mmseg.registry import TRANSFORMS

from mmseg_medical.datasets.transforms import LoadImageRegion, MapIntensity
from mmseg_medical.errors import InputError


def apply(img, **arguments):
    transform = TRANSFORMS.build(dict(type='MapIntensity', **arguments))
    return transform(dict(img=img))['img']


HU = np.arange(-1000, 1000, dtype=np.int16).reshape(40, 50, 1)


def test_windows_in_hounsfield_units():
    out = apply(HU, method='window', center=40, width=400)
    assert (out.dtype, out.shape) == (np.uint8, HU.shape)
    assert out[HU == -160] == 0
    assert out[HU == 40] == 128
    assert out[HU == 240] == 255
    np.testing.assert_array_equal(
        out, apply(HU, method='window', low=-160, high=240)
    )
    out = apply(HU, method='window', low=-160, high=240, dtype='float32')
    assert out[HU == 140] == 0.75


def test_percentiles_and_the_greatest():
    out = apply(HU, method='percentile')
    levels = np.clip((HU + 990.005) / (989.005 + 990.005), 0, 1) * 255
    assert np.abs(out - levels).max() < 0.51
    out = apply(HU, method='percentile', low=0, high=100)
    assert (out.min(), out.max()) == (0, 255)
    out = apply(HU, method='percentile', low=0, high=100, foreground=0)
    assert out[HU == 1] == 0
    out = apply(HU, method='max', dtype='float32')
    np.testing.assert_allclose(out, np.maximum(HU, 0) / 999, rtol=1e-6)


def test_z_scores_are_floats():
    out = apply(HU, method='zscore')
    assert out.dtype == np.float32
    np.testing.assert_allclose(out, (HU - HU.mean()) / HU.std(), atol=1e-5)


def test_slices_of_a_stack_share_their_mapping():
    stack = np.concatenate([HU, HU // 2], 2)
    common = apply(stack, method='percentile', low=0, high=100)
    assert common[..., 1].max() < 200
    each = apply(stack, method='percentile', low=0, high=100, per_channel=True)
    assert each[..., 1].max() == 255


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(method='mean'), r"one of \['window', .*got 'mean'"),
        (dict(method='window'), 'low, high or center, width; got none'),
        (dict(method='window', low=1), 'got low'),
        (dict(method='window', low=1, width=2), 'got low, width'),
        (dict(method='window', low=2, high=1), 'low 2 must lie below high 1'),
        (dict(method='window', center=2, width=0), 'is above 0, got 0'),
        (dict(method='max', high=1), ': none; got high'),
        (dict(method='percentile', low=5, high=101), 'are 0 to 100, got 5'),
        (dict(method='max', dtype='int8'), "'float32', got 'int8'"),
        (dict(method='max', foreground='tissue'), "'nonzero', got 'tissue'"),
        (
            dict(method='window', low=0, high=1, per_channel=True),
            'remove foreground and per_channel',
        ),
    ],
)
def test_arguments_that_do_not_fit(arguments, message):
    with pytest.raises(InputError, match=message):
        MapIntensity(**arguments)


@pytest.mark.parametrize(
    'arguments',
    [
        dict(method='max'),
        dict(method='percentile', low=1, high=99, foreground=0),
    ],
)
def test_real_slices_of_any_range_fill_it(real_data, arguments):
    root = real_data('abdomen16_uwm_layout')
    paths = sorted(root.glob('train/case*/*/scans/*.png'))
    assert len(paths) == 62
    transform = MapIntensity(**arguments)
    tops = []
    for path in paths:
        out = LoadImageRegion()(dict(img_path=str(path)))
        tops.append(out['img'].max())
        img = transform(out)['img']
        assert img.dtype == np.uint8
        assert img.max() == 255
        assert 5 < img.mean() < 160
    assert (min(tops), max(tops)) == (768, 2480)


def test_real_slices_are_not_black(real_data):
    """Cut to 8 bits, the slices of the first case are."""
    root = real_data('abdomen16_uwm_layout')
    for path in root.glob('train/case901/*/scans/*.png'):
        img = LoadImageRegion()(dict(img_path=str(path)))['img']
        assert img.dtype == np.uint16
        assert (img >> 8).max() <= 3
        out = MapIntensity('percentile')(dict(img=img))['img']
        assert np.percentile(out, 95) > 120
