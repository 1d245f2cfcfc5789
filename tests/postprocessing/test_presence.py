import numpy as np
import pytest
from scipy import ndimage

from mmseg_medical.postprocessing.presence import smooth_presence


def volume(text):
    """Slices of 2 x 2 pixels: # has all of them, l and r a column."""
    slices = {'#': [1, 1], 'l': [1, 0], 'r': [0, 1], '.': [0, 0]}
    return np.array([[slices[c]] * 2 for c in text], bool)


def present(masks):
    return ''.join('.#'[m] for m in masks.any((1, 2)).tolist())


@pytest.mark.parametrize(
    ('given', 'options', 'expected'),
    [
        ('#.#..#', dict(), '###..#'),
        ('#.#..#', dict(max_gap=2), '######'),
        ('#.#..#', dict(max_gap=0), '#.#..#'),
        ('#.#..#', dict(min_run=3), '###...'),
        ('..##..', dict(min_run=3), '......'),
        ('.#....', dict(max_gap=3), '.#....'),  # no other side
        ('......', dict(), '......'),
    ],
)
def test_gaps_and_runs(given, options, expected):
    assert present(smooth_presence(volume(given), **options)) == expected


def test_a_gap_gets_what_both_sides_have_in_common():
    smooth = smooth_presence(volume('#.l'))
    assert smooth[1].tolist() == [[1, 0], [1, 0]]
    assert present(smooth_presence(volume('l.r'))) == '#.#'


@pytest.mark.parametrize('seed', range(5))
def test_presence_as_closing_and_opening_along_the_volume(seed):
    there = np.random.default_rng(seed).random(40) < 0.5
    masks = np.tile(there[:, None, None], (1, 2, 2))
    found = smooth_presence(masks, max_gap=2, min_run=3).any((1, 2))
    # Beyond its ends a volume has nothing.
    padded = ndimage.binary_closing(np.pad(there, 3), np.ones(3))
    expected = ndimage.binary_opening(padded, np.ones(3))[3:-3]
    np.testing.assert_array_equal(found, expected)
