import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from mmseg_medical.intensity import (
    greatest,
    map_range,
    percentile_limits,
    standardize,
    window_limits,
)

KINDS = ['uint8', 'int16', 'uint16', 'int32', 'uint32', 'float32', 'float64']


@pytest.mark.parametrize('kind', KINDS)
@pytest.mark.parametrize('shape', [(6, 5), (6, 5, 1), (6, 5, 7)])
def test_a_range_becomes_that_of_the_type(kind, shape):
    img = np.arange(np.prod(shape)).reshape(shape) % 256
    img = img.astype(kind)
    gray = map_range(img, 50, 150)
    assert (gray.dtype, gray.shape) == (np.uint8, shape)
    share = np.clip((img.astype(float) - 50) / 100, 0, 1)
    assert np.abs(gray - share * 255).max() < 0.5001
    floats = map_range(img, 50, 150, dtype='float32')
    assert floats.dtype == np.float32
    np.testing.assert_allclose(floats, share, atol=1e-6)


def test_large_numbers_keep_their_differences():
    img = np.array([[2**30, 2**30 + 1, 2**30 + 2]], np.int32)
    found = map_range(img, 2**30, 2**30 + 2, dtype='float32')
    assert found.tolist() == [[0, 0.5, 1]]


def test_what_is_not_finite():
    img = np.array([[np.nan, -np.inf, np.inf, 1, 3]], np.float32)
    assert map_range(img, 1, 3).tolist() == [[0, 0, 255, 0, 255]]
    assert map_range(img, 3, 3).tolist() == [[0] * 5]
    assert map_range(img, np.nan, 3).tolist() == [[0] * 5]
    assert map_range(img, -np.inf, np.inf).tolist() == [[0] * 5]
    assert standardize(img).tolist() == [[-1, -1, 1, -1, 1]]
    assert percentile_limits(img, 0, 100) == (1, 3)
    assert greatest(img) == 3
    nothing = np.full((3, 4), np.nan, np.float32)
    for out in (
        standardize(nothing),
        map_range(nothing, *percentile_limits(nothing)),
        map_range(nothing, 0, greatest(nothing)),
    ):
        assert not out.any()


@pytest.mark.parametrize('kind', KINDS)
def test_images_of_one_intensity_become_0(kind):
    img = np.full((80, 90), 7, kind)
    assert not map_range(img, *percentile_limits(img)).any()
    assert not standardize(img).any()
    img[:] = 0
    assert not map_range(img, 0, greatest(img)).any()


@pytest.mark.parametrize('kind', KINDS)
def test_percentiles_are_those_of_numpy(kind):
    rng = np.random.default_rng(0)
    img = rng.gamma(2, 20, (83, 59)).astype(kind)
    if kind == 'int16':
        img -= 60
    for percents in ((0.5, 99.5), (0, 100), (12.3, 45.6)):
        np.testing.assert_allclose(
            percentile_limits(img, *percents),
            np.percentile(img, percents),
            rtol=1e-6,
        )
    low, _ = percentile_limits(img, 10, 90, foreground=20)
    np.testing.assert_allclose(low, np.percentile(img[img > 20], 10))
    low, _ = percentile_limits(img, 10, 90, foreground='nonzero')
    np.testing.assert_allclose(low, np.percentile(img[img != 0], 10))
    assert percentile_limits(img, 1, 2, foreground=10**6) == (0, 0)


def test_channels_by_themselves():
    img = np.stack([np.arange(100), np.arange(100) * 10], 1)[None]
    low, high = percentile_limits(img, 0, 100, per_channel=True)
    assert (low.tolist(), high.tolist()) == ([0, 0], [99, 990])
    assert greatest(img, per_channel=True).tolist() == [99, 990]
    both = map_range(img, low, high)
    np.testing.assert_array_equal(both[..., 0], both[..., 1])
    both = standardize(img, per_channel=True)
    np.testing.assert_allclose(both[..., 0], both[..., 1], atol=1e-6)
    assert percentile_limits(img, 0, 100) == (0, 990)
    assert greatest(img[..., 0], per_channel=True).tolist() == [99]


def test_standard_deviations():
    img = np.random.default_rng(0).normal(50, 9, (64, 65)).astype(np.float32)
    img[:20] = 0
    out = standardize(img)
    assert abs(out.mean()) < 1e-5
    assert out.std() == pytest.approx(1, abs=1e-5)
    out = standardize(img, foreground='nonzero')
    assert abs(out[20:].mean()) < 1e-5
    assert out[20:].std() == pytest.approx(1, abs=1e-5)
    assert out[0, 0] == pytest.approx(-img[20:].mean() / img[20:].std(), 1e-4)


@settings(deadline=None)
@given(
    arrays(
        st.sampled_from(['uint8', 'int16', 'float32']),
        array_shapes(min_dims=2, max_dims=3, max_side=6),
    ),
    st.floats(-1e5, 1e5),
    st.floats(-1e5, 1e5),
)
def test_no_image_leaves_the_range(img, low, high):
    with np.errstate(over='ignore'):
        gray = map_range(img, low, high)
        share = map_range(img, low, high, dtype='float32')
    assert gray.shape == img.shape
    assert ((share >= 0) & (share <= 1)).all()
    assert np.isfinite(standardize(gray)).all()


def test_windows():
    assert window_limits(40, 400) == (-160, 240)
    for width in (0, -1, float('nan')):
        with pytest.raises(ValueError, match='width of a window is above 0'):
            window_limits(40, width)


def test_arguments_out_of_range():
    img = np.zeros((2, 2))
    with pytest.raises(ValueError, match="'uint8' or 'float32', got 'int16'"):
        map_range(img, 0, 1, dtype='int16')
    with pytest.raises(ValueError, match='real numbers, got complex'):
        map_range(img.astype(complex), 0, 1)
    for percents in ((5, 5), (-1, 5), (5, 101)):
        with pytest.raises(ValueError, match='rising within 0 to 100'):
            percentile_limits(img, *percents)
