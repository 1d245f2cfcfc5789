import json

import numpy as np
import pytest

from mmseg_medical.converters.record import Annotation
from mmseg_medical.converters.runs import Runs
from mmseg_medical.converters.tiff import Region
from mmseg_medical.datasets.transforms import LoadMaskRegion

CLASSES = ('background', 'gland', 'tumour')


def square(left, top, side=10):
    points = [
        (left, top),
        (left + side, top),
        (left + side, top + side),
        (left, top + side),
    ]
    return (np.array(points, float),)


@pytest.fixture
def objects(sample):
    """Objects by outlines and by pixels, of two classes in turn."""
    del sample['rle']
    pixels = np.zeros((90, 120), np.uint8)
    pixels[30:50, 30:40] = 1
    sample['annotations'] = (
        Annotation('gland', polygons=(square(10, 10),)),
        Annotation('tumour', polygons=(square(15, 10),)),
        Annotation('gland', runs=Runs.from_mask(pixels, 'F')),
        Annotation('gland', polygons=(square(18, 10), square(-4, 80))),
    )
    return dict(sample, classes=CLASSES, overlapping=False)


def load(sample, **changes):
    return LoadMaskRegion()(dict(sample, **changes))['gt_seg_map']


def test_later_objects_lie_above(objects):
    mask = load(objects)
    assert mask.shape == (90, 120)
    assert mask[15, 12] == 1
    assert mask[15, 16] == 2
    assert mask[15, 24] == 1
    assert mask[85, 3] == 1
    assert (mask == 1)[30:50, 30:40].all()
    turned = load(objects, annotations=objects['annotations'][::-1])
    assert turned[15, 24] == 2


def test_each_class_has_its_plane(objects):
    planes = load(objects, overlapping=True, classes=CLASSES[1:])
    assert planes.shape == (90, 120, 2)
    assert planes[15, 16].tolist() == planes[15, 20].tolist() == [1, 1]
    assert planes[15, 12].tolist() == [1, 0]
    assert planes[40, 35].tolist() == [1, 0]


def test_a_window_is_that_of_the_whole(objects):
    whole = load(objects)
    for region in (
        *(Region(0, 0, 20, 20), Region(12, 14, 3, 3), Region(80, 0, 10, 9)),
        *(Region(60, 60, 10, 10), Region(45, 38, 10, 10)),
    ):
        np.testing.assert_array_equal(
            load(objects, region=region), whole[region.slices]
        )


def test_labels_are_mapped_left_out_and_ignored(objects):
    labels = dict(gland='tumour', tumour=255)
    mask = load(objects, labels=labels)
    assert (mask[15, 12], mask[15, 16], mask[15, 20]) == (2, 255, 2)
    mask = load(objects, labels={'tumour': None, '*': 'gland'})
    assert set(np.unique(mask)) == {0, 1}
    planes = load(
        objects, labels=labels, overlapping=True, classes=CLASSES[1:]
    )
    assert planes[15, 16].tolist() == [255, 255]


def test_labels_that_are_no_class(objects):
    with pytest.raises(
        ValueError,
        match=r"csv id a: label 'tumour' is none of the classes \['gland'\]; "
        r"labels=\{'tumour': …\}",
    ):
        load(objects, classes=('gland',), overlapping=True)


def test_objects_of_another_image(objects):
    far = Annotation('gland', polygons=(square(900, 900),))
    with pytest.raises(ValueError, match=r'csv id a polygon 1: .*far outside'):
        load(objects, annotations=(far,))
    other = Annotation(
        'gland', runs=Runs.from_mask(np.ones((9, 9), bool), 'F')
    )
    with pytest.raises(ValueError, match=r'mask of \(9, 9\) for an image of'):
        load(objects, annotations=(other,))


def test_a_file_is_read_again_when_it_changes(objects, tmp_path):
    del objects['annotations']
    path = tmp_path / 'a.json'
    objects |= dict(
        annotation_path=str(path),
        annotation_format='hubmap_json',
        labels={'*': 'gland'},
    )
    areas = []
    for side in (5, 9):
        path.write_text(json.dumps([square(10, 10, side)[0].tolist()]))
        areas.append(int(load(objects).sum()))
    assert areas == [6 * 6, 10 * 10]


def test_formats_are_a_closed_list(objects, tmp_path):
    del objects['annotations']
    path = tmp_path / 'a.json'
    path.touch()
    objects |= dict(annotation_path=str(path), annotation_format='os')
    with pytest.raises(ValueError, match="unknown format 'os': expected one"):
        load(objects)


def test_painters_by_name():
    with pytest.raises(ValueError, match=r"painter is one of .*, got 'gimp'"):
        LoadMaskRegion(painter='gimp')
