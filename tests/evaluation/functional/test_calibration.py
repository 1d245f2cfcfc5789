import numpy as np
import pytest

from mmseg_medical.evaluation.functional import reliability


def test_the_error_of_two_bins_by_hand():
    """0.2 is right in 1 of 4, 0.9 in 3 of 6."""
    found = reliability([0.2, 0.9], [4, 6], [1, 3], bins=2)
    np.testing.assert_allclose(found.confidence, [0.2, 0.9])
    np.testing.assert_allclose(found.frequency, [0.25, 0.5])
    np.testing.assert_array_equal(found.pixels, [4, 6])
    assert found.error == pytest.approx((4 * 0.05 + 6 * 0.4) / 10)


def test_a_bin_has_the_mean_of_its_pixels():
    found = reliability([0.6, 0.8, 1.0], [1, 3, 0], [0, 3, 0], bins=2)
    assert found.confidence[1] == pytest.approx((0.6 + 3 * 0.8) / 4)
    assert found.frequency[1] == pytest.approx(3 / 4)
    assert np.isnan(found.confidence[0])
    assert found.error == pytest.approx(0)


def test_one_belongs_to_the_last_bin_and_nothing_to_none():
    assert reliability([1.0], [2], [2]).pixels[-1] == 2
    assert np.isnan(reliability([], [], []).error)


def test_what_is_no_probability_is_refused():
    with pytest.raises(ValueError, match=r'lie in \[0, 1\], got 0.5 … 255'):
        reliability([0.5, 255], [1, 1], [0, 1])
