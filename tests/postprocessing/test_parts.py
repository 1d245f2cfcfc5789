import numpy as np
import pytest
from scipy import ndimage
from skimage import measure

from mmseg_medical.postprocessing.parts import (
    fill_holes,
    keep_largest,
    remove_small,
)


def read(*rows):
    return np.array([[c == '#' for c in row] for row in rows])


@pytest.fixture(params=range(3))
def noise(request):
    rng = np.random.default_rng(request.param)
    smooth = ndimage.gaussian_filter(rng.normal(size=(70, 90)), 1.2)
    return smooth > 0


@pytest.mark.parametrize('connectivity', [4, 8])
def test_small_parts_as_scipy_labels_them(noise, connectivity):
    structure = np.ones((3, 3)) if connectivity == 8 else None
    labels, _ = ndimage.label(noise, structure)
    sizes = np.bincount(labels.reshape(-1))
    for min_size in (0, 1, 2, 17, 10_000):
        expected = noise & (sizes >= min_size)[labels]
        found = remove_small(
            noise, min_size=min_size, connectivity=connectivity
        )
        np.testing.assert_array_equal(found, expected)


def test_the_least_size_stays():
    mask = read('##..#', '....#', '.....', '###..')
    assert remove_small(mask, min_size=2).sum() == 7
    assert (
        remove_small(mask, min_size=3).tolist()
        == read('.....', '.....', '.....', '###..').tolist()
    )


@pytest.mark.parametrize('count', [1, 3])
def test_largest_parts_as_scikit_image_measures_them(noise, count):
    regions = measure.regionprops(measure.label(noise, connectivity=2))
    largest = sorted(regions, key=lambda r: -r.area)[:count]
    expected = np.zeros_like(noise)
    for region in largest:
        expected[tuple(region.coords.T)] = True
    found = keep_largest(noise, count=count)
    np.testing.assert_array_equal(found, expected)


def test_of_two_parts_of_one_size_the_first_stays():
    mask = read('...##', '##...', '##.##')
    assert (
        keep_largest(mask).tolist() == read('.....', '##...', '##...').tolist()
    )
    mask = read('..##', '....', '##..')
    assert keep_largest(mask).tolist() == read('..##', '....', '....').tolist()
    assert not keep_largest(np.zeros((3, 4), bool)).any()


def test_holes_as_scipy_fills_them(noise):
    expected = ndimage.binary_fill_holes(noise)
    assert expected.sum() > noise.sum()
    np.testing.assert_array_equal(fill_holes(noise), expected)


def test_holes_at_the_border_are_filled_where_one_side_cuts_them():
    arch = read(
        '..........',
        '.#####....',
        '.#...#...#',
        '.#.#.#..#.',
        '.#...#.#..',
    )
    assert fill_holes(arch).tolist() == arch.tolist()
    filled = fill_holes(arch, at_border=True)
    assert filled[2:, 1:6].all()
    # The corner below the stroke touches two sides: it stays background.
    assert not filled[4, 8:].any()
    assert not filled[0].any()


def test_large_holes_stay():
    mask = read('#######', '#.#...#', '#.#...#', '#######')
    filled = fill_holes(mask, max_size=2)
    assert filled[:, 1].all()
    assert not filled[1:3, 3:6].any()
    assert fill_holes(mask, max_size=6).all()


def test_diagonal_outlines_enclose_where_neighbours_are_eight():
    mask = read('.#.', '#.#', '.#.')
    assert fill_holes(mask)[1, 1]
    assert not fill_holes(mask, connectivity=4)[1, 1]
