import json

import numpy as np
import pytest
from PIL import Image

from mmseg_medical.converters import _label_images as images
from mmseg_medical.converters.image import read_labels
from mmseg_medical.errors import InputError

LABELS = np.array([[0, 1, 2], [255, 1, 0]], np.uint8)


def test_colours_are_all_different():
    colors = images.palette(60)
    assert colors[:2] == [[0, 0, 0], [0, 158, 115]]
    assert len({tuple(c) for c in colors}) == 61
    assert images.palette(2) == images.palette(60)[:3]


def test_indices_have_a_palette(tmp_path):
    path = tmp_path / 'new' / 'a.png'
    images.write_labels(path, LABELS)
    img = Image.open(path)
    assert img.mode == 'P'
    np.testing.assert_array_equal(np.asarray(img), LABELS)
    colors = np.asarray(img.convert('RGB'))
    assert colors[0].tolist() == images.palette(2)
    assert colors[1, 0].tolist() == [255, 255, 255]


def test_other_ways_to_store_labels(tmp_path):
    path = tmp_path / 'a.png'
    labels = LABELS % 3
    images.write_labels(path, labels, values=[0, 255, 7])
    np.testing.assert_array_equal(
        read_labels(path), [[0, 255, 7], [0, 255, 0]]
    )
    images.write_labels(path, labels, values=[0, 300, 7])
    assert read_labels(path).dtype == np.uint16
    images.write_labels(path, labels.astype(np.uint16) + 300)
    np.testing.assert_array_equal(read_labels(path), labels + np.uint16(300))
    images.write_labels(
        path, labels, colors=[(0, 0, 0), (255, 0, 0), (0, 9, 0)]
    )
    assert np.asarray(Image.open(path))[0].tolist() == [
        *([0, 0, 0], [255, 0, 0], [0, 9, 0]),
    ]


def test_the_names_of_values(tmp_path):
    images.write_manifest(tmp_path, ['a', 'ignore', 'b'])
    assert images.read_manifest(tmp_path) == {1: 'a', 2: 'b', 255: 'ignore'}
    data = json.loads((tmp_path / 'classes.json').read_text())
    assert data['classes'] == ['background', 'a', 'b']
    assert data['palette'] == images.palette(2)
    images.write_manifest(tmp_path, ['a', 'b'], [0, 255, 7])
    assert images.read_manifest(tmp_path) == {255: 'a', 7: 'b'}


def test_names_that_are_missing_or_broken(tmp_path):
    with pytest.raises(InputError, match=r'does not say .*--from-classes'):
        images.read_manifest(tmp_path)
    for text in (
        '{',
        '[]',
        '{"classes": 3}',
        '{"classes": [], "values": [3]}',
    ):
        (tmp_path / 'classes.json').write_text(text)
        if '[3]' in text:
            assert images.read_manifest(tmp_path) == {}
            continue
        with pytest.raises(InputError, match=r'classes\.json is no list'):
            images.read_manifest(tmp_path)
