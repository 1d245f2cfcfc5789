import numpy as np
import pytest

from mmseg_medical.datasets.transforms import (
    GenerateBorderMap,
    LoadInstancesRegion,
)
from mmseg_medical.instance_maps import border_pixels, touching_pixels


def generate(inst_map, **arguments):
    sample = dict(gt_inst_map=inst_map, seg_fields=['gt_inst_map'])
    out = GenerateBorderMap(**arguments)(sample)
    assert out['seg_fields'] == ['gt_inst_map', 'gt_seg_map']
    assert out['gt_seg_map'].dtype == np.uint8
    return out['gt_seg_map']


def row(*ids):
    return np.array([ids], np.int32)


IDS = row(0, 1, 1, 1, 2, 2, 2, 0, 0, 0, 3, 3, 3)


@pytest.mark.parametrize(
    ('arguments', 'mask'),
    [
        (dict(reach=1), [0, 1, 1, 2, 2, 1, 1, 0, 0, 0, 1, 1, 1]),
        (dict(reach=2), [0, 1, 2, 2, 2, 2, 1, 0, 2, 0, 1, 1, 1]),
        (
            dict(layers=['object', 'border']),
            [0, 2, 1, 2, 2, 1, 2, 0, 0, 0, 2, 1, 1],
        ),
        (
            dict(layers=['object', 'border', 'touching'], reach=1),
            [0, 2, 1, 3, 3, 1, 2, 0, 0, 0, 2, 1, 1],
        ),
        (
            dict(layers=['object', 'border'], width=2),
            [0, 2, 2, 2, 2, 2, 2, 0, 0, 0, 2, 2, 1],
        ),
        (dict(layers=['object']), [0, 1, 1, 1, 1, 1, 1, 0, 0, 0, 1, 1, 1]),
    ],
)
def test_later_layers_lie_above(arguments, mask):
    assert generate(IDS, **arguments)[0].tolist() == mask


def test_planes_overlap():
    layers = ['object', 'border', 'touching']
    planes = generate(IDS, layers=layers, reach=1, overlapping=True)
    assert planes.shape == (1, 13, 3)
    np.testing.assert_array_equal(planes[..., 0], IDS > 0)
    np.testing.assert_array_equal(planes[..., 1], border_pixels(IDS))
    np.testing.assert_array_equal(planes[..., 2], touching_pixels(IDS, 1))


def test_what_is_to_be_ignored():
    ids = row(1, 1, -1, 2, 0)
    assert generate(ids, reach=1)[0].tolist() == [1, 1, 255, 1, 0]
    planes = generate(ids, overlapping=True)
    assert planes[0, 2].tolist() == [255, 255]


def test_objects_that_touch_in_a_window_of_an_image(nuclei_sample):
    sample = LoadInstancesRegion()(nuclei_sample(region=(15, 35, 12, 20)))
    mask = GenerateBorderMap(reach=1)(sample)['gt_seg_map']
    expected = np.zeros((12, 20), np.uint8)
    expected[5:, :15] = 1
    expected[4:, 4:6] = 2  # between 39 and 40, and one row above
    np.testing.assert_array_equal(mask, expected)


def test_samples_without_objects():
    with pytest.raises(ValueError, match='comes after LoadInstancesRegion'):
        GenerateBorderMap()(dict(img_path='a.png'))
    assert GenerateBorderMap(required=False)(dict(a=1)) == dict(a=1)


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(layers=['nucleus']), r"some of \('object', .* \['nucleus'\]"),
        (dict(layers=[]), 'layers are some of'),
        (dict(width=0), 'width and reach are 1 pixel or more, got 0 and 2'),
    ],
)
def test_arguments_that_cannot_be(arguments, message):
    with pytest.raises(ValueError, match=message):
        GenerateBorderMap(**arguments)
