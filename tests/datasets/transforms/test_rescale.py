import numpy as np
import pytest
from mmseg.registry import TRANSFORMS

from mmseg_medical.datasets.transforms import (
    LoadImageRegion,
    LoadMaskRegion,
    PackMedicalInputs,
    RescaleToPixelSize,
)
from mmseg_medical.errors import InputError


@pytest.fixture
def loaded(sample):
    return LoadMaskRegion()(LoadImageRegion()(dict(sample, pixel_size=0.4)))


def test_images_and_masks_take_the_pixel_size(loaded):
    planes = np.repeat(loaded['gt_seg_map'][..., None], 3, 2)
    loaded.update(gt_planes=planes, seg_weight=np.ones((90, 120)))
    loaded['seg_fields'].append('gt_planes')
    transform = TRANSFORMS.build(dict(type='RescaleToPixelSize', target=0.8))
    out = transform(loaded)
    assert out['img'].shape == (45, 60, 3)
    assert out['img_shape'] == (45, 60)
    assert out['scale_factor'] == (0.5, 0.5)
    assert out['gt_seg_map'].shape == out['seg_weight'].shape == (45, 60)
    assert out['gt_planes'].shape == (45, 60, 3)
    expected = np.zeros((45, 60), np.uint8)
    expected[20:23, 35:37] = 1
    np.testing.assert_array_equal(out['gt_seg_map'], expected)
    # what a metric needs stays
    assert out['ori_shape'] == (90, 120)
    assert out['pixel_size'] == 0.4


def test_each_organ_has_its_own(loaded):
    transform = RescaleToPixelSize(dict(kidney=0.5, lung=0.2), key='organ')
    out = transform(dict(loaded, organ='lung'))
    assert out['img'].shape == (180, 240, 3)
    out = transform(dict(loaded, organ='kidney'))
    assert out['img'].shape == (72, 96, 3)
    with pytest.raises(
        InputError,
        match=r"id a: .*target for organ 'skin', only for \['kidney', 'lung'",
    ):
        transform(dict(loaded, organ='skin'))


@pytest.mark.parametrize('spacing', [(1.5, 3.0), [3.0, 1.5, 3.0]])
def test_spacing_makes_pixels_square(loaded, spacing):
    transform = RescaleToPixelSize(3.0, measure='spacing')
    out = transform(dict(loaded, spacing=spacing))
    assert out['img'].shape == (45, 120, 3)
    assert out['scale_factor'] == (1, 0.5)


def test_no_side_vanishes(loaded):
    loaded['img'] = loaded['img'][:1, :1]
    loaded['seg_fields'] = []
    out = RescaleToPixelSize(4.0)(loaded)
    assert out['img'].shape == (1, 1, 3)


@pytest.mark.parametrize('size', [None, 0, -1, float('nan')])
def test_samples_without_a_pixel_size(loaded, size):
    loaded['pixel_size'] = size
    with pytest.raises(InputError, match=r'id a has no pixel_size \(found'):
        RescaleToPixelSize(0.4)(loaded)
    with pytest.raises(InputError, match='has no spacing'):
        RescaleToPixelSize(0.4, measure='spacing')(loaded)


def test_units_that_were_mixed_up(loaded):
    with pytest.raises(
        InputError, match=r'from 0\.4 to 0\.0004 µm per pixel is 1e\+03 times'
    ):
        RescaleToPixelSize(0.0004)(loaded)


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(target=0), 'target 0 must be above 0'),
        (dict(target=dict(lung=-1), key='organ'), 'must be above 0'),
        (dict(target=dict(lung=1)), 'give key with one target for each'),
        (dict(target=1, key='organ'), 'and only then'),
        (dict(target=1, measure='mpp'), r"\['pixel_size', 'spacing'\], got"),
        (dict(target=1, limits=(2, 3)), r'limits \(2, 3\) must enclose 1'),
    ],
)
def test_arguments(arguments, message):
    with pytest.raises(InputError, match=message):
        RescaleToPixelSize(**arguments)


def test_predictions_come_back_at_the_size_of_the_file(loaded):
    out = PackMedicalInputs()(RescaleToPixelSize(0.8)(loaded))
    assert out['inputs'].shape == (3, 45, 60)
    assert out['data_samples'].metainfo['ori_shape'] == (90, 120)
