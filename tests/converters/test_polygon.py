import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmseg_medical.converters.polygon import (
    PAINTERS,
    PolygonError,
    check_near,
    ellipse,
    nest,
    rasterize,
    rectangle,
    to_numbers,
    to_ring,
)
from mmseg_medical.converters.tiff import Region

SQUARE = rectangle((1, 1), (5, 4))
HOLE = rectangle((2, 2), (4, 3))


def painted(painter, *areas, shape=(6, 7)):
    mask = rasterize(areas, shape, Region(0, 0, *shape), painter=painter)
    return [''.join('.#'[v] for v in row) for row in mask]


def test_a_square_by_hand_in_three_ways():
    outlined = [
        '.......',
        '.#####.',
        '.#####.',
        '.#####.',
        '.#####.',
        '.......',
    ]
    assert painted('opencv', (SQUARE,)) == outlined
    assert painted('pil', (SQUARE,)) == outlined
    assert painted('corners', (SQUARE,)) == [
        '.......',
        '.####..',
        '.####..',
        '.####..',
        '.......',
        '.......',
    ]


def test_the_outline_of_a_hole_belongs_to_one_side_of_it():
    area = (SQUARE, HOLE)
    assert painted('opencv', area)[2:4] == ['.#####.', '.#####.']
    assert painted('pil', area)[2:4] == ['.#...#.', '.#...#.']
    assert painted('corners', area)[1:4] == ['.####..', '.#..#..', '.####..']
    wide = (SQUARE, rectangle((1, 1), (5, 4)))
    assert painted('opencv', wide)[1:3] == ['.#####.', '.#...#.']


def test_rounded_or_cut_points():
    shifted = SQUARE + 0.6
    assert painted('opencv', (shifted,)) == painted('opencv', (SQUARE + 1,))
    assert painted('pil', (shifted,)) == painted('pil', (SQUARE,))


@pytest.mark.parametrize('painter', PAINTERS)
def test_areas_that_overlap_are_one(painter):
    other = rectangle((3, 2), (6, 5))
    both = painted(painter, (SQUARE,), (other,))
    one, two = (painted(painter, (area,)) for area in (SQUARE, other))
    for row, a, b in zip(both, one, two, strict=True):
        union = ['#' in pair for pair in zip(a, b, strict=True)]
        assert [c == '#' for c in row] == union


def test_neighbours_leave_no_gap_and_no_overlap_between_corners():
    rng = np.random.default_rng(0)
    x, y = np.meshgrid(np.arange(0, 41, 10.0), np.arange(0, 41, 10.0))
    grid = np.stack([x, y], 2)
    grid[1:-1, 1:-1] += rng.uniform(-4, 4, (3, 3, 2))
    total = np.zeros((40, 40), int)
    for r in range(4):
        for c in range(4):
            ring = grid[[r, r, r + 1, r + 1], [c, c + 1, c + 1, c]]
            ring = ring[::-1] if (r + c) % 2 else ring
            total += rasterize(
                [(ring,)], (40, 40), Region(0, 0, 40, 40), painter='corners'
            )
    assert (total == 1).all()


@pytest.mark.parametrize('painter', PAINTERS)
@given(data=st.data())
@settings(deadline=None, max_examples=40)
def test_a_window_equals_that_of_the_whole_painting(painter, data):
    seed = data.draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    h, w = rng.integers(1, 80, 2).tolist()
    low, high = (-w, -h), (2 * w, 2 * h)
    areas = [
        tuple(
            rng.uniform(low, high, (rng.integers(3, 9), 2))
            for _ in range(rng.integers(1, 3))
        )
        for _ in range(rng.integers(1, 5))
    ]
    whole = rasterize(areas, (h, w), Region(0, 0, h, w), painter=painter)
    for _ in range(4):
        top, left = int(rng.integers(h)), int(rng.integers(w))
        height = int(rng.integers(1, h - top + 1))
        region = Region(top, left, height, int(rng.integers(1, w - left + 1)))
        part = rasterize(areas, (h, w), region, painter=painter)
        assert part.flags.c_contiguous
        np.testing.assert_array_equal(part, whole[region.slices])


def test_a_window_of_huge_outlines_takes_no_canvas():
    huge = rectangle((-6e5, -7e5), (9e5, 8e5), rotation=31)
    shape, region = (10**6, 10**6), Region(300_000, 500_000, 64, 64)
    for painter in ('opencv', 'corners'):
        mask = rasterize([(huge,)], shape, region, painter=painter)
        assert mask.all()
    assert rasterize([], shape, region).sum() == 0


@pytest.mark.parametrize('painter', ['nearest', None])
def test_an_unknown_painter_is_named(painter):
    with pytest.raises(ValueError, match=r"painter is one of \('opencv'"):
        rasterize([(SQUARE,)], (9, 9), Region(0, 0, 9, 9), painter=painter)


@pytest.mark.parametrize(
    ('points', 'message'),
    [
        ([[1, 2], [3, 4]], r'x: expected 3 or more \[x, y\], got \[\[1'),
        ([[1, 2], [3, 4], [5]], 'expected 3'),
        ([[1, 2], [3, 4], ['7', 5]], 'expected 3'),
        ([[1, 2], [3, 4], [None, 5]], 'expected 3'),
        ([[1, 2], [3, 4], [10**30, 5]], 'expected 3'),
        ([[1, 2, 3]] * 3, 'expected 3'),
        (np.zeros((2, 2)), r'got \[\[0.0, 0.0\], \[0.0, 0.0\]\]'),
        ('abc', 'expected 3'),
        (None, 'expected 3'),
        ([[1, 2], [3, 4], [float('nan'), 5]], 'a coordinate is not finite'),
        ([[1, 2], [3, 4], [1e9, 5]], 'a million pixels away'),
    ],
)
def test_what_is_no_ring_is_named(points, message):
    with pytest.raises(PolygonError, match=message):
        to_ring(points, 'x')


def test_closed_rings_lose_their_last_point():
    points = [[0, 0, 9], [4, 0, 9], [4, 3, 9], [0, 0, 9]]
    ring = to_ring(points, 'x', closed=True)
    assert ring.tolist() == [[0, 0], [4, 0], [4, 3]]
    assert ring.dtype == np.float64
    assert len(to_ring(points[:3], 'x', closed=True)) == 3
    with pytest.raises(PolygonError, match='expected 3 or more'):
        to_ring([[0, 0], [4, 0], [0, 0]], 'x', closed=True)


def test_whole_numbers_are_written_as_such():
    assert to_numbers(SQUARE) == [[1, 1], [5, 1], [5, 4], [1, 4]]
    assert isinstance(to_numbers(SQUARE)[0][0], int)
    assert to_numbers(SQUARE + 0.5)[0] == [1.5, 1.5]


def test_holes_go_to_the_smallest_outline_around_them():
    inner = rectangle((2, 2), (4, 4))
    far = rectangle((20, 20), (30, 30))
    outer = rectangle((0, 0), (9, 9))
    hole = rectangle((2.5, 2.5), (3, 3))
    areas = nest([outer, inner, far], [hole, (far + 20) / 2], 'x')
    assert [len(area) for area in areas] == [1, 2, 2]
    assert areas[1][1] is hole
    assert nest([], [], 'x') == ()
    with pytest.raises(PolygonError, match=r'x: hole 1 at \(50.0, 50.0\) .*3'):
        nest([outer, inner, far], [far + 30], 'x')
    with pytest.raises(PolygonError, match='none of the 0 outlines'):
        nest([], [hole], 'x')


def test_a_hole_may_stick_out_of_its_outline():
    ring, beside = rectangle((0, 0), (9, 9)), rectangle((9, 0), (12, 9))
    hole = np.array([[-0.5, 2], [4, 2], [4, 4], [1, 4]])  # drawn by hand
    assert [len(a) for a in nest([ring, beside], [hole], 'x')] == [2, 1]
    with pytest.raises(PolygonError, match=r'hole 1 at \(-4.5, 2.0\)'):
        nest([ring], [hole - (4, 0)], 'x')


def test_areas_of_another_image_are_refused():
    near = np.array([[-4, 0], [9, 0], [9, 7.0]])
    region = Region(0, 0, 4, 5)
    assert rasterize([(near,)], (4, 5), region).any()
    check_near([(near,)], (4, 5), 'a.json')
    far = near + np.array([0, 9e5])
    for painter in PAINTERS:
        with pytest.raises(PolygonError, match=r'a\.json polygon 2: .*far ou'):
            rasterize(
                [(near,), (far,)],
                (4, 5),
                region,
                painter=painter,
                where='a.json',
            )
    with pytest.raises(PolygonError, match=r'polygon 1: .*nan'):
        rasterize([(near * np.nan,)], (4, 5), region)


def test_a_rectangle_turns_clockwise():
    turned = rectangle((0, 0), (4, 2), rotation=90)
    expected = [[3, -1], [3, 3], [1, 3], [1, -1]]
    np.testing.assert_allclose(turned, expected, atol=1e-12)
    x = 0.1 + 0.2  # corners are not computed
    assert rectangle((x, 1), (3, 4))[0, 0] == x


@pytest.mark.parametrize('radii', [(0.5, 0.5), (3, 8), (900, 20)])
def test_an_ellipse_is_followed_closely(radii):
    ring = ellipse((5, 7), radii)
    middle = (ring + np.roll(ring, 1, 0)) / 2
    for points, inside in ((ring, 0), (middle, 0.0101 / min(radii))):
        reach = np.hypot(*((points - (5, 7)) / radii).T)
        assert reach.max() < 1 + 1e-9
        assert reach.min() > 1 - inside - 1e-9
    turned = ellipse((5, 7), radii, rotation=90)
    assert np.ptp(turned, axis=0)[::-1] == pytest.approx(np.ptp(ring, axis=0))


def test_a_disc_has_its_area():
    disc = ellipse((50, 50), (40, 40))
    mask = rasterize(
        [(disc,)], (100, 100), Region(0, 0, 100, 100), painter='corners'
    )
    assert abs(mask.sum() / (np.pi * 40**2) - 1) < 0.002
    assert cv2.connectedComponents(mask)[0] == 2
