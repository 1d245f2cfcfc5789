import numpy as np
import pytest

from mmseg_medical.errors import InputError
from mmseg_medical.postprocessing.merging import (
    Ranks,
    check_weights,
    merge,
)

PARTS = [
    np.array([[[0.0, 0.2, 0.9]]], np.float32),
    np.array([[[0.4, 0.8, 0.1]]], np.float32),
]


@pytest.mark.parametrize(
    ('method', 'expected'),
    [
        ('mean', [0.1, 0.35, 0.7]),
        # 0.2 ** 0.75 * 0.8 ** 0.25, and 0.9 ** 0.75 * 0.1 ** 0.25
        ('geometric', [0, 0.282843, 0.519615]),
        ('max', [0.4, 0.8, 0.9]),
    ],
)
def test_values_by_hand(method, expected):
    found = merge(PARTS, [0.75, 0.25], method)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found[0, 0], expected, atol=1e-6)


def test_classes_that_exclude_each_other_sum_to_one():
    one = np.array([[[0.9, 1.0]], [[0.1, 0.0]]], np.float32)
    two = np.array([[[0.4, 0.0]], [[0.6, 1.0]]], np.float32)
    found = merge([one, two], [0.5, 0.5], 'geometric', exclusive=True)
    root = np.sqrt([0.36, 0.06])
    np.testing.assert_allclose(found[:, 0, 0], root / root.sum(), atol=1e-6)
    # Each has a veto on what the other wants: the mean.
    np.testing.assert_allclose(found[:, 0, 1], [0.5, 0.5])
    found = merge([one, two], [0.5, 0.5], 'max', exclusive=True)
    np.testing.assert_allclose(found[:, 0, 0], [0.6, 0.4], atol=1e-6)


def counts(*levels):
    return np.bincount(levels, minlength=256)[None]


def test_ranks_by_hand():
    """Four pixels: ranks 1/8, 3/8, 5/8, 7/8, ties in their middle."""
    one = np.array([[[0, 51, 102, 204]]], np.uint8)
    two = np.array([[[10, 10, 255, 20]]], np.uint8)
    ranks = Ranks(
        [counts(0, 51, 102, 204), counts(10, 10, 255, 20)], [0.5] * 2
    )
    np.testing.assert_allclose(ranks.tables[1][0, 10], 2 / 8)
    (knots, probs), *_ = ranks.back
    np.testing.assert_allclose(knots, [1 / 8, 2 / 8, 3 / 8, 5 / 8, 7 / 8])
    # Of the first by its own levels, of the second with 15 between 10 and 20.
    levels = [(0 + 10), (25.5 + 10), (51 + 10 + 10 / 3), (102 + 20), 459]
    np.testing.assert_allclose(probs * 255 * 2, levels)
    found = ranks([one, two])[0, 0]
    # (1/8 + 2/8) / 2 … lie half-way between two knots.
    np.testing.assert_allclose(
        found * 510,
        [
            np.interp(3 / 16, knots, levels),
            np.interp(5 / 16, knots, levels),
            np.interp(12 / 16, knots, levels),
            np.interp(12 / 16, knots, levels),
        ],
        rtol=1e-6,
    )


def test_ranks_of_one_model_are_its_probabilities():
    levels = np.random.default_rng(0).integers(0, 256, (1, 20, 30))
    ranks = Ranks([counts(*levels.ravel())], [1.0])
    np.testing.assert_allclose(ranks([levels]), levels / 255, atol=1e-7)


def test_ranks_do_not_mind_another_scale():
    """A model that says the same, but is sure of nothing."""
    levels = np.arange(100).reshape(1, 10, 10)
    alike = Ranks([counts(*range(100)), counts(*range(0, 200, 2))], [0.5] * 2)
    found = alike([levels, levels * 2])
    np.testing.assert_allclose(found, levels * 1.5 / 255, atol=1e-7)


@pytest.mark.parametrize(
    ('weights', 'message'),
    [
        ([1.0], r'one weight of 0 or more, .* 2 members, got \[1\.0\]'),
        ([1.0, -1.0], r'got \[1\.0, -1\.0\]'),
        ([0.0, 0.0], r'got \[0\.0, 0\.0\]'),
        ([1.0, np.nan], 'one weight'),
        ([1.0, np.inf], 'one weight'),
    ],
)
def test_weights_that_are_none(weights, message):
    with pytest.raises(InputError, match=message):
        check_weights(weights, 2)


def test_weights_have_a_sum_of_one():
    assert check_weights([3, 1], 2) == [0.75, 0.25]
    assert check_weights([0, 2], 2) == [0, 1]
    assert check_weights(None, 4, 'max') == [0.25] * 4
    with pytest.raises(InputError, match='a maximum has no weights'):
        check_weights([1, 1], 2, 'max')
    with pytest.raises(InputError, match='no members'):
        check_weights(None, 0)
    with pytest.raises(InputError, match="'median' is none of mean, geom"):
        check_weights(None, 2, 'median')
