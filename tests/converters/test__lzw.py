import imagecodecs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mmseg_medical.converters import _lzw


def by_numba(*args):
    return _lzw.window(*args)


def by_numpy(*args):
    with pytest.MonkeyPatch.context() as patch:
        for name in ('decode', 'add_up'):
            patch.setattr(_lzw, name, getattr(_lzw, name).fallback)
        return _lzw.window(*args)


VERSIONS = [by_numba, by_numpy]


def encoded(pixels, differences):
    if differences:
        pixels = imagecodecs.delta_encode(pixels, axis=-2)
    data = imagecodecs.lzw_encode(np.ascontiguousarray(pixels).tobytes())
    assert _lzw.is_lzw(data)
    return np.frombuffer(data, np.uint8)


shapes = st.tuples(st.integers(1, 9), st.integers(1, 40), st.integers(1, 4))


@settings(deadline=None)
@given(
    pixels=shapes.flatmap(
        lambda shape: arrays(
            np.uint8, shape, elements=st.sampled_from([0, 1, 7, 255])
        )
    ),
    differences=st.booleans(),
    data=st.data(),
)
def test_windows_of_any_strip(pixels, differences, data):
    top, left = (data.draw(st.integers(0, n - 1)) for n in pixels.shape[:2])
    bottom, right = (
        data.draw(st.integers(k + 1, n))
        for k, n in zip((top, left), pixels.shape[:2], strict=True)
    )
    expected = pixels[top:bottom, left:right]
    src = encoded(pixels, differences)
    for window in VERSIONS:
        to = np.zeros_like(expected)
        assert window(src, to, top, left, pixels.shape[1], differences)
        np.testing.assert_array_equal(to, expected)


@pytest.mark.parametrize('window', VERSIONS)
@pytest.mark.parametrize('differences', [False, True])
def test_long_and_noisy_strips(window, differences, tissue):
    tiles = [tissue(200), np.zeros((200, 200, 3), np.uint8)]
    noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3), np.uint8)
    for pixels in (*tiles, noise):
        src = encoded(pixels, differences)
        to = np.empty((100, 50, 3), np.uint8)
        assert window(src, to, 70, 90, 200, differences)
        np.testing.assert_array_equal(to, pixels[70:170, 90:140])


@pytest.mark.parametrize('window', VERSIONS)
def test_what_is_cut_short_or_damaged_is_told(window, tissue):
    pixels = tissue(64)
    src = encoded(pixels, True)
    to = np.empty((64, 64, 3), np.uint8)
    assert not window(src[: len(src) // 2], to, 0, 0, 64, True)
    assert not window(src[:0], to, 0, 0, 64, True)
    assert not window(src[:3], to, 0, 0, 64, True)
    assert window(src[: len(src) // 2], to[:9], 0, 0, 64, True)


def test_no_damage_leaves_the_arrays(tissue):
    """numba checks no bounds: what is written stays where it belongs."""
    src = encoded(tissue(32), True)
    random = np.random.default_rng(0)
    frame = np.full((34, 34, 3), 99, np.uint8)
    for _ in range(100):
        damaged = src.copy()
        places = random.integers(0, len(src), 3)
        damaged[places] = random.integers(0, 256, 3)
        _lzw.window(damaged, frame[1:-1, 1:-1], 0, 0, 32, True)
    for edge in (frame[0], frame[-1], frame[:, 0], frame[:, -1]):
        assert (edge == 99).all()
    # a size that these bytes cannot have is not even allocated
    to = np.empty((1, 1, 1), np.uint8)
    assert not _lzw.window(src, to, 10**6, 0, 10**6, False)
