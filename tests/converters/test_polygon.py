import cv2
import numpy as np
import pytest

from mmseg_medical.converters.polygon import (
    PolygonError,
    rasterize,
    read_polygons,
)
from mmseg_medical.converters.tiff import Region


def test_a_square_by_hand():
    square = np.array([[1, 1], [3, 1], [3, 2], [1, 2]], float)
    mask = rasterize([square], (4, 5), Region(0, 0, 4, 5))
    assert mask.tolist() == [
        [0, 0, 0, 0, 0],
        [0, 1, 1, 1, 0],
        [0, 1, 1, 1, 0],
        [0, 0, 0, 0, 0],
    ]


def test_windows_equal_the_whole_as_opencv_paints_it():
    rng = np.random.default_rng(0)
    polygons = [rng.uniform(-20, 120, (7, 2)) for _ in range(9)]
    whole = rasterize(polygons, (100, 90), Region(0, 0, 100, 90))
    canvas = np.zeros((300, 300), np.uint8)
    for polygon in polygons:
        cv2.fillPoly(canvas, [np.rint(polygon).astype(np.int32) + 100], 1)
    np.testing.assert_array_equal(whole, canvas[100:200, 100:190])
    for region in (Region(10, 20, 30, 40), Region(99, 89, 1, 1)):
        np.testing.assert_array_equal(
            rasterize(polygons, (100, 90), region), whole[region.slices]
        )


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('[[[1, 2], [3', 'is no JSON'),
        ('{"a": 1}', 'expected a list of polygons'),
        ('[[[1, 2], [3, 4]]]', 'polygon 1: expected three or more'),
        ('[[[1, 2], [3, 4], [5]]]', 'polygon 1: expected three'),
        ('[[[1, 2], [3, 4], ["x", 5]]]', 'polygon 1: expected three'),
        ('[[[1, 2], [3, 4], [NaN, 5]]]', 'polygon 1: a coordinate'),
        ('[[[1, 2], [3, 4], [1e9, 5]]]', 'polygon 1: a coordinate'),
    ],
)
def test_what_is_wrong_is_named(tmp_path, text, message):
    path = tmp_path / '44.json'
    path.write_text(text)
    with pytest.raises(PolygonError, match=message) as caught:
        read_polygons(path)
    assert '44.json' in str(caught.value)


def test_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match='does not exist'):
        read_polygons(tmp_path / 'none.json')


def test_real_polygons(real_data):
    folder = real_data('hubmap_layout_tissue') / 'hubmap_real_polygons'
    paths = sorted(folder.glob('*.json'))
    assert len(paths) == 20
    counts = []
    for path in paths:
        polygons = read_polygons(path)
        counts.append(len(polygons))
        mask = rasterize(polygons, (3000, 3000), Region(0, 0, 3000, 3000))
        assert 0.001 < mask.mean() < 0.9
    assert min(counts) >= 1
    assert max(counts) <= 154


def test_polygons_of_another_image_are_refused():
    near = np.array([[-4, 0], [9, 0], [9, 7.0]])
    assert rasterize([near], (4, 5), Region(0, 0, 4, 5)).any()
    far = near + np.array([0, 9e5])
    with pytest.raises(PolygonError, match=r'a\.json polygon 2: .*far outs'):
        rasterize([near, far], (4, 5), Region(0, 0, 4, 5), where='a.json')
