import numpy as np
import pytest

from mmseg_medical.converters import probability_levels
from mmseg_medical.converters.probability_levels import keep_winner, quantize


@pytest.mark.parametrize('thr', [0.0, 0.2, 0.35, 0.4, 0.5, 0.6, 0.8, 0.99, 1])
@pytest.mark.parametrize('kind', [np.float32, np.float64])
@pytest.mark.parametrize('bits', [8, 16])
def test_rounding_never_crosses_the_threshold(thr, kind, bits):
    levels = 2**bits - 1
    probs = np.linspace(0, 1, 200_001, dtype=kind).reshape(1, 1, -1)
    level = quantize(probs, thr, bits=bits)
    assert level.dtype == f'uint{bits}'
    np.testing.assert_array_equal(level > thr * levels, probs > kind(thr))
    assert np.abs(level / levels - probs).max() < 1 / levels + 1e-6
    # and back, as a test that goes on compares it
    stored = level.astype(np.float32) / np.float32(levels)
    np.testing.assert_array_equal(stored > np.float32(thr), probs > kind(thr))


def test_each_channel_has_its_threshold():
    probs = np.full((2, 1, 1), 0.3)
    level = quantize(probs, [0.2, 0.4])
    assert level[0] > 0.2 * 255
    assert level[1] <= 0.4 * 255


def test_what_is_certain_stays_certain():
    certain = np.zeros((3, 1, 2), np.float32)
    certain[0, 0, 0] = certain[2, 0, 1] = 1
    level = quantize(certain)
    keep_winner(level, certain)
    np.testing.assert_array_equal(level, 255 * certain)


def test_bands_of_rows_make_no_difference(monkeypatch):
    probs = np.random.default_rng(0).random((2, 23, 5)).astype(np.float32)
    whole = quantize(probs, [0.3, 0.7])
    monkeypatch.setattr(probability_levels, '_BAND', 4)
    np.testing.assert_array_equal(quantize(probs, [0.3, 0.7]), whole)
    assert quantize(probs[:, :0]).shape == (2, 0, 5)
